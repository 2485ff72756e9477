"""Our program as a browser would start it, over real pipes and a real socket."""

import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.browser.framing import FramingError, frame
from agent.browser.host import BROWSERS, Gone, Host, is_browser, main

HELLO: dict[str, Any] = {"v": 2, "seq": 0, "at": 5, "state": "elsewhere"}
SLOW_S = 20


class Link:
    """Between the host and a daemon that a test plays."""

    def __init__(self, folder: Path) -> None:
        self.near, self.far = socket.socketpair()
        self.far.settimeout(SLOW_S)
        self.out = (folder / "out").open("wb+")
        self.host = Host(os.getppid(), self.near, self.out)

    def said(self) -> bytes:
        self.out.seek(0)
        return self.out.read()

    def close(self) -> None:
        self.near.close()
        self.far.close()
        self.out.close()


@pytest.fixture
def link(tmp_path: Path) -> Iterator[Link]:
    made = Link(tmp_path)
    yield made
    made.close()


def test_what_the_extension_says_goes_to_the_daemon_with_the_parents_number(link: Link) -> None:
    page = {"seq": 1, "state": "page", "origin": "https://m.example", "secret": True}
    link.host.from_browser(frame(HELLO) + frame(HELLO | page))
    first, second = (json.loads(line) for line in link.far.recv(4096).splitlines())
    assert first == {"v": 1, "op": "site", "site": {"browser": os.getppid(), "seq": 0, "at": 5, "state": "elsewhere"}}
    assert second["site"] == {"browser": os.getppid(), "at": 5} | page


def test_an_extension_of_the_version_before_is_not_understood(link: Link) -> None:
    with pytest.raises(FramingError):
        link.host.from_browser(frame(HELLO | {"v": 1}))


def test_of_what_the_daemon_says_only_how_often_goes_on(link: Link) -> None:
    link.host.from_daemon(b'{"v":1,"renew_ms":250,"status":{"app":"Mail"}}\n{"v":1,"ren')
    link.host.from_daemon(b'ew_ms":null,"event":"site"}\n')
    assert link.said() == frame({"v": 1, "renew_ms": 250}) + frame({"v": 1, "renew_ms": None})


def test_the_daemons_mere_replies_end_here(link: Link) -> None:
    """The page answers what reaches it at once: it would be asked for ever by its own answers."""
    wanted, ask = b'{"v":1,"renew_ms":250}\n', b'{"v":1,"renew_ms":250,"event":"site"}\n'
    link.host.from_daemon(3 * wanted)
    assert link.said() == frame({"v": 1, "renew_ms": 250})
    link.host.from_daemon(ask + wanted)
    assert link.said() == 2 * frame({"v": 1, "renew_ms": 250})


@pytest.mark.parametrize("line", [b'{"v":1,"error":"no"}', b"x", b"[]", b'{"renew_ms":true}', b'{"renew_ms":-1}', b""])
def test_a_daemon_that_says_no_ends_it(link: Link, line: bytes) -> None:
    with pytest.raises(Gone):
        link.host.from_daemon(line + b"\n")


def test_both_ends_end_it(link: Link) -> None:
    with pytest.raises(Gone):
        link.host.from_browser(b"")
    with pytest.raises(Gone):
        link.host.from_daemon(b"")
    with pytest.raises(Gone):
        link.host.from_daemon(b"x" * 70_000)
    with pytest.raises(FramingError):
        link.host.from_browser(struct.pack("=I", 5) + b"hello")


def test_another_parent_is_not_served(tmp_path: Path) -> None:
    near, far = socket.socketpair()
    with near, far, (tmp_path / "out").open("wb") as out, pytest.raises(Gone):
        Host(1, near, out).from_browser(frame(HELLO))


def test_only_browsers_start_it(tmp_path: Path) -> None:
    """Python is no browser: the program ends at once, and says nothing."""
    assert not is_browser(os.getpid())
    assert not is_browser(2**30)
    assert is_browser(os.getpid(), frozenset({Path("/proc/self/exe").readlink().name}))
    assert {"chromium", "firefox-esr"} <= BROWSERS
    env = {**os.environ, "OVERT_STATE_DIR": str(tmp_path), "OVERT_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "agent.browser"], input=frame(HELLO), env=env, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
    assert main() == 1
