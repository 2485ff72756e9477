"""``overt-browser-host``: what the extension talks to. Started by the browser, ended with it.

It passes on which origin has the keys, and if in a field for a secret, from the browser to the daemon, and how often
that is wanted, the other way. It keeps nothing, writes nothing, and speaks to nobody but its parent and the person's
own daemon. It imports little, since it lives as long as a listed page is open.
"""

import json
import os
import selectors
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from agent.browser.framing import FramingError, Reader, frame
from agent.disk.places import Places
from agent.net.local import local_socket

BROWSERS = frozenset(
    {
        *("brave", "chrome", "chromium", "chromium-browser", "firefox", "firefox-bin", "firefox-esr", "librewolf"),
        *("msedge", "opera", "vivaldi", "vivaldi-bin"),
    }
)
"""Names of programs that start native messaging hosts by themselves, as the kernel knows them."""
PASSED_ON = ("seq", "at", "state", "origin", "secret")
"""What of a message is passed on to the daemon."""
CHUNK_BYTES = 4096
TIMEOUT_S = 5.0
"""Seconds for the daemon to take a message: it answers in milliseconds or is stuck."""
MAX_LINE_BYTES = 65_536
"""Bytes of one line of the daemon; the longest for us is below 200."""


class Gone(Exception):  # noqa: N818  # it tells a state
    """One side hung up, or is not who it should be."""


class Host:
    """One conversation.

    Args:
        browser: process id of the browser, which must be our parent.
        daemon: connected to the control socket.
        output: to the browser.
    """

    def __init__(self, browser: int, daemon: socket.socket, output: BinaryIO) -> None:
        self._browser = browser
        self._daemon = daemon
        self._output = output
        self._reader = Reader()
        self._line = b""
        self._wanted: int | None = 0  # what the browser was told last; never a wish

    def from_browser(self, data: bytes) -> None:
        """Take bytes of the browser.

        Raises:
            Gone: it hung up, or is no longer our parent.
            FramingError: it is not our extension that speaks.
        """
        if not data or os.getppid() != self._browser:
            raise Gone
        for message in self._reader.feed(data):
            site: dict[str, Any] = {name: message[name] for name in PASSED_ON if name in message}
            request = {"v": 1, "op": "site", "site": {"browser": self._browser, **site}}
            self._daemon.sendall(json.dumps(request).encode() + b"\n")

    def from_daemon(self, data: bytes) -> None:
        """Take bytes of the daemon: how often it wants to hear, and nothing else, goes on to the browser.

        The daemon's mere replies say it again each time. They end here: a page answers what reaches it at once, and
        would be asked for ever by its own answers.

        Raises:
            Gone: it hung up, or does not want us.
        """
        *lines, self._line = (self._line + data).split(b"\n")
        if not data or len(self._line) > MAX_LINE_BYTES:
            raise Gone
        for line in lines:
            asked, wanted = _wish(line)
            if asked or wanted != self._wanted:
                self._wanted = wanted
                self._output.write(frame({"v": 1, "renew_ms": wanted}))
        self._output.flush()


def _wish(line: bytes) -> tuple[bool, int | None]:
    """Whether the daemon asks by itself, and how often it wants to hear."""
    try:
        message: dict[str, Any] = json.loads(line)
        asked, wanted = "event" in message, message["renew_ms"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Gone from None
    if not (wanted is None or (type(wanted) is int and wanted > 0)):
        raise Gone
    return asked, wanted


def is_browser(pid: int, names: frozenset[str] = BROWSERS) -> bool:
    """Whether a process runs a browser, by the kernel. The daemon looks again, against the policy's list."""
    try:
        return Path(os.readlink(f"/proc/{pid}/exe")).name in names  # noqa: PTH115  # as agent.native.process
    except OSError:
        return False


def serve(environ: Mapping[str, str], source: BinaryIO, output: BinaryIO) -> NoReturn:
    """Talk until one side hangs up. Whatever is wrong only ends it: the daemon then knows of no site.

    Raises:
        Gone: our parent is no browser, one side hung up.
        FramingError: something else than the extension's messages came.
        OSError: there is no daemon.
    """
    browser = os.getppid()
    if not is_browser(browser):
        raise Gone
    with local_socket() as daemon, selectors.DefaultSelector() as selector:
        daemon.settimeout(TIMEOUT_S)
        daemon.connect(str(Places.from_environ(environ).control_socket))
        host = Host(browser, daemon, output)
        taken = {
            source.fileno(): lambda: host.from_browser(os.read(source.fileno(), CHUNK_BYTES)),
            daemon.fileno(): lambda: host.from_daemon(daemon.recv(CHUNK_BYTES)),
        }
        for number, take in taken.items():
            selector.register(number, selectors.EVENT_READ, take)
        while True:
            for key, _ in selector.select():
                key.data()  # ends with one of the errors


def main() -> int:
    """Entry point; gives the exit code. Says nothing: a browser writes what its hosts say into logs."""
    try:
        serve(os.environ, sys.stdin.buffer, sys.stdout.buffer)
    except (Gone, FramingError, OSError):
        return 1
