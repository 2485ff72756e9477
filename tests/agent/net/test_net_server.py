"""A real control server in a selector loop: leases, news, and clients that mean harm."""

import json
import os
import selectors
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.daemon.server import LEASE_NS, RENEW_MS, ControlServer
from agent.net import dial as dialling
from agent.net.control import (
    MAX_CLIENTS,
    MAX_LINE_BYTES,
    MAX_LINES,
    DaemonNotRunning,
    ProtocolError,
    Request,
    ask,
    listen,
    reply,
)
from agent.net.local import MAX_PATH_BYTES, same_user
from schemas.status import Counts, State, Status
from tests.support.fake_clock import FakeClock
from tests.support.waiting import until

STATUS = Status(
    state=State.OFF,
    sentence="Nothing is captured.",
    conditions=(),
    counts=Counts(seen=0, kept=0, dropped={}, held=0, batches_waiting=0, batches_sent=0),
    pid=os.getpid(),
)


class Served:
    """A control server in a selector loop in a thread, as the daemon runs it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "control.sock"
        self.clock = FakeClock()
        self.requests: list[Request] = []
        self.lost = 0
        self.news: list[str] = []
        self._selector = selectors.DefaultSelector()
        self._near, self._far = socket.socketpair()
        self._selector.register(self._near, selectors.EVENT_READ, self._woken)
        self._running = True
        self.server = ControlServer(
            self.path, self._selector, self._answer, monotonic_ns=self.clock.monotonic_ns, lost=self._count
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def tell(self, sentence: str) -> None:
        self.news.append(sentence)
        self._far.send(b"!")

    def close(self) -> None:
        self._running = False
        self._far.send(b"!")
        self._thread.join()
        self.server.close()
        self._selector.close()
        self._near.close()
        self._far.close()

    @property
    def clients(self) -> int:
        return len(self.server.clients)

    def _run(self) -> None:
        while self._running:
            for key, mask in self._selector.select():
                key.data(mask)

    def _woken(self, _mask: int) -> None:
        self._near.recv(100)
        while self.news:
            status = msgspec.structs.replace(STATUS, sentence=self.news.pop(0))
            self.server.tell(reply(status, RENEW_MS, event=True))

    def _answer(self, request: Request) -> dict[str, Any]:
        self.requests.append(request)
        return reply(STATUS, RENEW_MS)

    def _count(self) -> None:
        self.lost += 1


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    yield made
    made.close()


class Dialled:
    """A raw connection, which may say anything."""

    def __init__(self, served: Served) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(served.path))  # without a time limit, so that it waits for its turn
        self.socket.settimeout(15)
        self._lines = self.socket.makefile("rb")

    def say(self, **message: Any) -> dict[str, Any]:
        self.socket.sendall(json.dumps({"v": 1, **message}).encode() + b"\n")
        return self.hear()

    def hear(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._lines.readline())
        return found

    def hung_up(self) -> bool:
        try:
            return self.socket.recv(1 << 16) == b""
        except ConnectionError:
            return True

    def flood(self, data: bytes) -> None:
        for _ in range(100_000):
            self.socket.sendall(data)

    def close(self) -> None:
        self._lines.close()
        self.socket.close()


@pytest.fixture
def dial(served: Served) -> Iterator[Any]:
    made: list[Dialled] = []

    def make() -> Dialled:
        made.append(Dialled(served))
        return made[-1]

    yield make
    for dialled in made:
        dialled.close()


def test_a_round_trip(served: Served) -> None:
    for op in ("status", "reload", "off", "stop"):
        assert ask(served.path, op) == STATUS
    assert [r.op for r in served.requests] == ["status", "reload", "off", "stop"]
    until(lambda: served.clients == 0)
    assert served.lost == 0


def test_the_socket_is_the_owners_alone(served: Served) -> None:
    assert stat.S_IMODE(served.path.stat().st_mode) == 0o600
    near, far = socket.socketpair()
    assert same_user(near)
    near.close()
    far.close()


def test_another_user_is_not_served(served: Served, dial: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 12_345)
    assert dial().hung_up()
    monkeypatch.undo()
    assert ask(served.path, "status") == STATUS


def test_a_lease_holds_while_it_is_renewed_and_no_longer(served: Served, dial: Any) -> None:
    assert served.server.lease_until_ns() is None
    indicator = dial()
    indicator.say(op="status")
    assert served.server.lease_until_ns() is None
    for _ in range(3):
        served.clock.advance(RENEW_MS * 10**6)
        assert indicator.say(op="lease", shown=True)["renew_ms"] == RENEW_MS
        assert served.server.lease_until_ns() == served.clock.monotonic_ns() + LEASE_NS
    held_until = served.server.lease_until_ns()
    served.clock.advance(LEASE_NS)
    assert held_until is not None
    assert served.clock.monotonic_ns() >= held_until, "nobody renewed it, so it is over"
    indicator.say(op="lease", shown=True)
    indicator.say(op="lease", shown=False)
    assert served.server.lease_until_ns() is None


def test_a_lease_ends_with_its_connection(served: Served, dial: Any) -> None:
    indicator = dial()
    indicator.say(op="lease", shown=True)
    indicator.close()
    until(lambda: served.lost == 1)
    assert served.server.lease_until_ns() is None


def test_news_go_to_those_who_show_the_sign(served: Served, dial: Any) -> None:
    indicator, shell = dial(), dial()
    indicator.say(op="lease", shown=False)
    shell.say(op="status")
    served.tell("Something changed.")
    told = indicator.hear()
    assert (told["event"], told["status"]["sentence"]) == ("status", "Something changed.")
    assert "event" not in shell.say(op="status"), "its next line is the answer, not the news"


def test_rubbish_is_answered_and_the_next_request_too(served: Served, dial: Any) -> None:
    client = dial()
    client.socket.sendall(b"rubbish\n\xff\xfe\n")
    assert client.hear() == client.hear() == {"v": 1, "error": "not a request of version 1"}
    assert client.say(op="status")["status"]["pid"] == os.getpid()
    assert [r.op for r in served.requests] == ["status"]


def test_a_line_without_end_is_hung_up_on(served: Served, dial: Any) -> None:
    client = dial()
    with pytest.raises(ConnectionError):
        client.flood(b"x" * MAX_LINE_BYTES)
    until(lambda: served.clients == 0)
    assert ask(served.path, "status") == STATUS


def test_a_client_that_floods_and_never_reads_is_dropped(served: Served, dial: Any) -> None:
    hostile, indicator = dial(), dial()
    indicator.say(op="lease", shown=True)
    lines = b'{"v":1,"op":"status"}\n' * 150
    hostile.socket.settimeout(1)
    with pytest.raises(OSError, match=r"timed out|reset|pipe"):
        hostile.flood(lines)
    until(lambda: served.clients == 1)
    assert indicator.say(op="lease", shown=True)["v"] == 1
    assert served.lost == 0


def test_there_is_a_greatest_number_of_clients_and_nobody_keeps_the_others_out(served: Served, dial: Any) -> None:
    kept = [dial() for _ in range(MAX_CLIENTS)]
    for client in kept:
        served.clock.advance(1)
        assert client.say(op="status")
    for _ in range(3):
        assert ask(served.path, "status") == STATUS, "the one that was silent longest gave way"
    until(lambda: served.clients < MAX_CLIENTS)
    assert kept[0].hung_up()
    assert kept[-1].say(op="status")


def test_who_shows_the_sign_is_the_last_to_give_way(served: Served, dial: Any) -> None:
    indicator = dial()
    indicator.say(op="lease", shown=True)
    (client,) = served.server.leasing()
    client.seen_ns = 1  # as the daemon notes when it has seen the badge
    served.clock.advance(1)
    crowd = [dial() for _ in range(3 * MAX_CLIENTS)]
    assert crowd[-1].say(op="status"), "all are let in: what the indicator says next is said without a badge"
    assert indicator.say(op="lease", shown=True)["v"] == 1
    assert served.lost == 0


def test_who_sends_much_at_once_is_hung_up_on(served: Served, dial: Any) -> None:
    client = dial()
    client.socket.sendall(b'{"v":1,"op":"status"}\n' * (MAX_LINES + 1))
    assert client.hung_up()
    assert served.requests == []
    assert ask(served.path, "status") == STATUS


def test_another_user_is_refused_by_the_kernels_word(served: Served) -> None:
    """Even where the modes of folder and socket would let them in: the system's nobody gets no byte."""
    folders = [served.path, *(p for p in served.path.parents if p.stat().st_uid == os.getuid())]
    modes = {path: path.stat().st_mode for path in folders}
    script = "import socket,sys;s=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1]);print(s.recv(9))"
    stranger = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    command = [*stranger, "/usr/bin/python3", "-c", script, str(served.path)]
    before = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "PermissionError" in before.stderr, "the modes alone keep them out"
    try:
        for path in folders:
            path.chmod(modes[path] | 0o777)
        let_in = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        for path in reversed(folders):
            path.chmod(modes[path] & 0o7777)
    assert let_in.stdout == "b''\n", let_in.stderr
    assert served.requests == []


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(DaemonNotRunning):
        ask(tmp_path / "control.sock", "status")


def test_a_second_daemon_is_refused_and_a_dead_ones_socket_replaced(served: Served, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="another overt daemon"):
        listen(served.path)
    dead = tmp_path / "dead.sock"
    listen(dead).close()
    assert dead.exists()
    listen(dead).close()


def test_a_daemon_of_another_version_is_not_replaced(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "_read_line", lambda _connection: b'{"v": 2, "state": "?"}\n')
    with pytest.raises(ProtocolError):
        ask(served.path, "status")
    with pytest.raises(OSError, match="another version"):
        listen(served.path)
    assert served.path.exists()


def test_a_path_that_is_too_long_for_a_socket_is_told_with_what_helps(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="set OVERT_RUNTIME_DIR to a shorter folder"):
        listen(tmp_path / ("x" * MAX_PATH_BYTES) / "control.sock")
