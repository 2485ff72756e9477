"""`overt status` by the short way: the same words, JSON and exit codes as by the schemas, and nothing heavy loaded."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from msgspec import to_builtins

from agent import quick
from agent.disk.places import Places
from agent.errors import EXIT_BLOCKED, EXIT_NO_CONSENT, NotRunningError, StartError
from agent.net.control import listen, reply
from schemas.status import WARNING_DAYS, ClosedReason, Condition, Counts, State, Status

HEAVY = {"pydantic", "typer", "rich", "msgspec", "cryptography", "numpy", "httpx"}
NOW_S = 1_800_000_000
DAY_S = 86_400


def status(state: State = State.CAPTURING, closed: ClosedReason | None = None, **more: Any) -> Status:
    conditions = [Condition(reason=r, holds=r is not closed, sentence="s", remedy="r") for r in ClosedReason]
    counts = Counts(seen=3, kept=1, dropped={"overflow": 2}, held=1, batches_waiting=4, batches_sent=5)
    return Status(state=state, sentence="In Köln.", conditions=tuple(conditions), counts=counts, pid=1, **more)


@contextmanager
def daemon(places: Places, answer: dict[str, Any]) -> Iterator[None]:
    """Answers one request."""
    places.make()
    server = listen(places.control_socket)
    server.setblocking(True)

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            assert json.loads(connection.recv(4096)) == {"v": 1, "op": "status"}
            connection.sendall(json.dumps(answer).encode() + b"\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        server.close()


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"OVERT_STATE_DIR": str(tmp_path / "state"), "OVERT_RUNTIME_DIR": str(tmp_path / "run")}


def test_the_json_is_the_canonical_one(env: dict[str, str]) -> None:
    now = status(study="Größe", consent_until=NOW_S)
    with daemon(Places.from_environ(env), reply(now, None)):
        text, code = quick.answer(env, as_json=True, bold=False)
    told = {key: value for key, value in to_builtins(now).items() if value is not None}
    assert text.encode() == rfc8785.dumps(told)
    assert code == 0


@pytest.mark.parametrize("answer", [{}, {"v": 1, "error": "x"}, {"status": {"version": 2}}, {"status": []}])
def test_a_daemon_of_another_version_is_told_of(env: dict[str, str], answer: dict[str, Any]) -> None:
    with daemon(Places.from_environ(env), answer), pytest.raises(StartError):
        quick.answer(env, as_json=True, bold=False)


def test_no_daemon_is_told_of(env: dict[str, str]) -> None:
    with pytest.raises(NotRunningError):
        quick.answer(env, as_json=False, bold=False)


def test_the_words(env: dict[str, str]) -> None:
    now = status(study="Study", organisation="Example Ltd", keys_in="a keyring")
    with daemon(Places.from_environ(env), reply(now, None)):
        text, _ = quick.answer(env, as_json=False, bold=True)
    assert text.splitlines() == [
        "\033[1mIn Köln.\033[0m",
        "Study: Study (Example Ltd)",
        "Since start: 3 seen = 1 kept + 2 dropped, 1 not decided yet",
        "  dropped, overflow: 2",
        "Batches: 5 received by the collector, 4 waiting",
        "Your keys are in a keyring.",
    ]


@pytest.mark.parametrize(("days", "told"), [(WARNING_DAYS, True), (WARNING_DAYS + 1, False)])
def test_the_end_of_a_consent_is_told_as_early_as_elsewhere(days: int, *, told: bool) -> None:
    now = to_builtins(status(consent_until=NOW_S + days * DAY_S))
    assert any("Your consent ends" in line for line in quick.lines(now, NOW_S)) is told


def test_exit_codes_follow_the_reasons() -> None:
    assert quick.EXIT_CODES.keys() <= {reason.value for reason in ClosedReason}
    assert quick.exit_code(State.OFF, [ClosedReason.NO_CONSENT]) == EXIT_NO_CONSENT
    assert quick.exit_code(State.BLOCKED, [ClosedReason.NO_SIGN, ClosedReason.POLICY_EXPIRED]) == EXIT_BLOCKED
    assert quick.exit_code(State.IDLE, [ClosedReason.APP_NOT_ALLOWED]) == 0


def test_only_these_arguments_take_the_short_way() -> None:
    assert quick.wants(["status"])
    assert quick.wants(["status", "--json"])
    assert not any(quick.wants(a) for a in ([], ["status", "--help"], ["status", "--json", "x"], ["why"]))


def test_nothing_heavy_is_loaded_for_it(env: dict[str, str]) -> None:
    code = (
        "import sys, agent.cli; sys.argv = ['overt', 'status']\n"
        "try: agent.cli.main()\n"
        "except SystemExit as end: assert end.code == 3\n"
        f"print(*({HEAVY} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
