"""The local socket of a running daemon, with programs of the same person that mean harm at its other end."""

import json
import resource
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.disk.places import Places
from agent.net.control import MAX_CLIENTS, DaemonNotRunning, ask
from schemas.status import State, Status
from tests.journeys.conftest import Household
from tests.support.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
CANARY = "quetzalcanary"
"""Typed into the allowed window: nothing that the socket ever says may hold it."""
PATIENCE_S = 30.0
FUZZED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)
RECT = st.lists(st.integers(-(2**40), 2**40) | st.integers(0, 1280), min_size=4, max_size=4)
OPS = [
    "status",
    "lease",
    "reload",
    "on",
    "grant",
    "consent",
    "resume",
    "open",
    "hook",
    "unseal",
    "Off",
    "OFF",
    "lease ",
]
WORDS = st.fixed_dictionaries(
    {"v": st.just(1) | st.integers() | st.none(), "op": st.sampled_from(OPS)},
    optional={
        "shown": st.booleans() | JSON,
        "badge": st.fixed_dictionaries({"rect": RECT}) | JSON,
        "scope": JSON,
        "force": st.just(True),
    },
)
"""What looks like requests, with everything in it but the two words that stop: those have a test of their own."""
LINE = (
    st.binary(max_size=300) | JSON.map(lambda j: json.dumps(j).encode()) | WORDS.map(lambda w: json.dumps(w).encode())
)
END = st.sampled_from([b"\n", b"\n\n", b"\r\n", b""])
SAID = st.lists(st.tuples(LINE, END).map(b"".join), max_size=6)


def place(home: Household) -> Path:
    return Places.from_environ(home.employee.env).control_socket


def dial(home: Household) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(place(home)))
    connection.settimeout(PATIENCE_S)
    return connection


def say(home: Household, parts: Sequence[bytes]) -> bytes:
    """Say it in pieces, hang up half-way, and give all that was answered."""
    heard = b""
    with closing(dial(home)) as connection, suppress(ConnectionError):
        for part in parts:
            for piece in (part[: len(part) // 2], part[len(part) // 2 :]):
                connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        while more := connection.recv(1 << 16):
            heard += more
    return heard


def harmless(answers: bytes) -> None:
    """Every whole line is an answer of version 1, and none holds what was typed."""
    assert CANARY.encode() not in answers
    for line in answers.split(b"\n")[:-1]:
        answer = json.loads(line)
        assert answer["v"] == 1
        assert answer.keys() <= {"v", "error", "status", "renew_ms", "badge", "event"}
        if "status" in answer:
            msgspec.convert(answer["status"], Status)


def served(home: Household) -> Status:
    """An honest program is answered, within the time that our own programs wait."""
    assert home.daemon.running, home.daemon.output
    return ask(place(home), "status")


@pytest.fixture(scope="module")
def capturing(household: Household) -> Iterator[Household]:
    """The person agreed, and it captures."""
    household.start()
    household.agree()
    yield household
    assert "Traceback" not in household.daemon.output


def test_whatever_is_said_capture_goes_on_and_nothing_typed_is_told(capturing: Household) -> None:
    @FUZZED
    @given(SAID)
    def fuzz(parts: list[bytes]) -> None:
        harmless(say(capturing, parts))

    capturing.type_into(capturing.allowed, CANARY)  # none of it is sealed yet
    fuzz()
    assert served(capturing).state is State.CAPTURING
    counts = served(capturing).counts
    assert counts.seen + counts.held > 0  # most of it waits for the end of its text


HOSTILE = {
    "a line of 1 MiB": b"x" * (1 << 20) + b"\n",
    "not UTF-8": b'{"v":1,"op":"\xff\xfe\xc0"}\n',
    "deep": b"[" * 4000 + b"\n",
    "deeper": b'{"v":' * 100_000,
    "a flood": b'{"v":1,"op":"status"}\n' * 5_000,
    "a flood of leases": b'{"v":1,"op":"lease","shown":true,"badge":{"rect":[0,0,192,3]}}\n' * 2_000,
    "half a line": b'{"v":1,"op":"sta',
    "silence": b"",
    "numbers": b'{"v":1' + b"0" * 4000 + b',"op":"status"}\n',
    "zeros": bytes(1 << 16),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_many_that_mean_harm_and_never_read_keep_nobody_else_waiting(capturing: Household, what: str) -> None:
    with ExitStack() as crowd:
        for _ in range(2 * MAX_CLIENTS):
            hostile = crowd.enter_context(closing(dial(capturing)))
            hostile.setblocking(False)
            with suppress(OSError):
                hostile.send(HOSTILE[what])
            served(capturing)
    assert served(capturing).state is State.CAPTURING
    assert CANARY not in capturing.daemon.output


def test_without_descriptors_to_spare_it_lives_and_closes_or_goes_on(capturing: Household) -> None:
    pid = capturing.daemon.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = max(int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()) + 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, before[1]))
    try:
        with ExitStack() as crowd:
            for _ in range(MAX_CLIENTS):
                crowd.enter_context(closing(dial(capturing))).sendall(b'{"v":1,"op":"reload"}\n')
            with suppress(DaemonNotRunning):
                ask(place(capturing), "status")
            assert capturing.daemon.running, capturing.daemon.output
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    served(capturing)
    capturing.await_state("capturing")


def test_without_the_sign_no_lease_and_no_word_opens_the_gate(capturing: Household) -> None:
    capturing.indicator.kill()
    capturing.employee.wait_for("the gate to close", lambda s: s["state"] == "blocked" and s["hooks"] == [])
    before = capturing.seen
    forged = st.fixed_dictionaries(
        {
            "v": st.just(1),
            "op": st.just("lease"),
            "shown": st.just(True),
            "badge": st.fixed_dictionaries({"rect": RECT}),
        }
    )

    @FUZZED
    @given(SAID, st.lists(forged.map(lambda f: json.dumps(f).encode() + b"\n"), max_size=4))
    def fuzz(parts: list[bytes], leases: list[bytes]) -> None:
        with closing(dial(capturing)) as liar:
            for lease in leases:
                liar.sendall(lease)
                answer: dict[str, Any] = json.loads(liar.recv(1 << 20).splitlines()[0])
                assert not answer.get("status", {}).get("hooks")
            harmless(say(capturing, parts))
            assert (served(capturing).state, served(capturing).hooks) == (State.BLOCKED, ())

    fuzz()
    capturing.type_into(capturing.allowed, "nobody can see that this would be captured")
    assert capturing.seen == before


def test_the_programs_bear_the_products_own_name(capturing: Household) -> None:
    """Anti-stalkerware: what a person sees in a task manager is what it is."""
    capturing.indicator = capturing.employee.indicator()
    capturing.await_state("capturing")
    for process, name, part in ((capturing.daemon, "overt", "daemon"), (capturing.indicator, "overt-indicator", "")):
        proc = Path(f"/proc/{process.pid}")
        until(lambda proc=proc, name=name: (proc / "comm").read_text() == f"{name}\n", what=name)  # type: ignore[misc]
        words = (proc / "cmdline").read_bytes().decode().split("\0")
        assert any(Path(word).name == "overt" for word in words)
        assert part in " ".join(words)


def test_all_that_the_agent_wrote_is_its_persons_alone(capturing: Household) -> None:
    """G12: no file's mode lets another look, sockets and locks among them."""
    places = Places.from_environ(capturing.employee.env)
    seen = set()
    for root in (places.state, places.runtime):
        for path in [root, *root.rglob("*")]:
            kind = "folder" if path.is_dir() else "socket" if path.is_socket() else "file"
            seen.add(kind)
            assert path.stat().st_mode & 0o777 == (0o700 if kind == "folder" else 0o600), path
    assert seen == {"folder", "socket", "file"}


def test_the_most_that_harm_can_do_is_to_stop(capturing: Household) -> None:
    told = say(capturing, [b'{"v":1,"op":"off"}\n'])
    harmless(told)
    status = served(capturing)
    assert (status.state, status.hooks, status.counts.held) == (State.OFF, (), 0)
    assert capturing.employee.overt("consent", "history", "--json").json["entries"][-1]["state"] == "ConsentWithdrawn"
    harmless(say(capturing, [b'{"v":1,"op":"stop"}\n']))
    assert capturing.daemon.wait(PATIENCE_S) == 0
    assert CANARY not in capturing.daemon.output


def test_the_daemons_log_tells_nobody_what_was_answered(capturing: Household) -> None:
    """G12: after a yes, capture and an off, at the default of what is logged and also at INFO."""
    words = (
        "consent",
        "withdr",
        "captur",
        "agree",
        "refus",
        "mousepad",
        "Mousepad",
        "allowed.txt",
        "/v1/batches",
        "off",
    )
    log = capturing.daemon.output
    assert not [word for word in words if word in log], log
