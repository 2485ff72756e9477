"""The employee's command line: help, exit codes, errors with a remedy. No daemon, no display."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.ceremony import perform
from agent.core.ceremony import Answers
from schemas.events import Modality
from schemas.scope import TimingTier
from tests.agent.ceremony.participant import enrolled

TICKS = Answers(apps={"mousepad": frozenset({Modality.KEYBOARD})}, timing=TimingTier.ORDER, language="en")
OVERT = Path(sys.executable).with_name("overt")
COMMANDS = (
    "enrol",
    "on",
    "off",
    "pause",
    "resume",
    "status",
    "why",
    "apps",
    "batches",
    "start",
    "stop",
    "doctor",
    "delete",
    "review",
)
FORBIDDEN = ("hidden", "silent", "stealth", "invisible", "background-only", "force", "yes")
"""Anti-stalkerware: no option of this kind exists."""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "OVERT_STATE_DIR": str(tmp_path / "state"),
        "OVERT_RUNTIME_DIR": str(tmp_path / "run"),
    }


def overt(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([OVERT, *arguments], env=env, capture_output=True, text=True, check=False, stdin=-3)


def test_help_names_every_command_and_exit_code(env: dict[str, str]) -> None:
    text = overt(env, "--help").stdout
    assert all(command in text for command in COMMANDS)
    assert all(f"{code} " in " ".join(text.split()) for code in range(7))


@pytest.mark.parametrize("command", [*COMMANDS, "daemon", "indicator", "version"])
def test_no_command_can_hide_or_force(env: dict[str, str], command: str) -> None:
    text = overt(env, command, "--help").stdout
    assert text
    words = [word for word in FORBIDDEN if (command, word) != ("delete", "yes")]  # a yes to less, never to more
    assert not any(f"--{word}" in text for word in words)


def test_without_a_daemon_status_says_so_and_how_to_help(env: dict[str, str]) -> None:
    done = overt(env, "status", "--json")
    assert done.returncode == 3
    assert "overt start" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("link", ["", "nonsense", "https://x.example", "https://x.example#code", "ftp://x#A.B"])
def test_a_bad_link_is_a_usage_error(env: dict[str, str], link: str) -> None:
    done = overt(env, "enrol", link)
    assert done.returncode == 2
    assert "#CODE.KEY" in done.stderr


def test_a_link_over_plain_http_to_another_machine_is_refused(env: dict[str, str]) -> None:
    done = overt(env, "enrol", f"http://collector.example#CODE.{'A' * 43}")
    assert done.returncode == 2
    assert "https://" in done.stderr


def test_off_works_where_nothing_was_ever_set_up(env: dict[str, str]) -> None:
    done = overt(env, "off", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["state"] == "off"
    assert oct((Path(env["OVERT_STATE_DIR"]) / "switch").stat().st_mode & 0o777) == "0o600"


def test_on_without_a_person_is_refused(env: dict[str, str]) -> None:
    done = overt(env, "on", "--terminal")
    assert done.returncode == 4
    assert not list((Path(env["OVERT_STATE_DIR"])).rglob("0*.json"))


STRANGER = 65534
"""The user id of nobody."""
ASKING = [
    ["status"], ["why"], ["apps"], ["batches"], ["consent", "show"], ["consent", "history"], ["consent", "export"],
    ["consent", "verify"], ["off"], ["on"], ["start"], ["refresh"], ["doctor"], ["pause"],
]  # fmt: skip


@pytest.mark.parametrize("command", ASKING, ids=" ".join)
@pytest.mark.parametrize("taking_part", [True, False])
def test_nobody_learns_of_another_persons_choice(tmp_path: Path, command: list[str], *, taking_part: bool) -> None:
    """G12: root over another's files, or another over root's. The answer is the same, whatever the person chose."""
    me = enrolled(tmp_path)
    if taking_part:
        perform.say_yes(me.places, me.asked, TICKS, perform.Seen(me.world.now_ns), "window")
    before = {path: path.read_bytes() for path in me.places.state.rglob("*") if path.is_file()}
    for path in (me.places.state, me.places.runtime, *before):
        os.chown(path, STRANGER, STRANGER)
    done = overt({"PATH": os.environ["PATH"], **me.env}, *command)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "cannot be told from here" in done.stderr
    assert {path: path.read_bytes() for path in me.places.state.rglob("*") if path.is_file()} == before


def test_whoever_has_said_yes_is_not_asked_again(tmp_path: Path) -> None:
    me = enrolled(tmp_path)
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **me.env}
    perform.say_yes(me.places, me.asked, TICKS, perform.Seen(me.world.now_ns), "window")
    done = overt(env, "on", "--terminal")
    assert done.returncode == 0
    assert "It is on" in done.stdout
    assert len(me.ledger()) == 2
    for again in (["on", "--terminal", "--change"], ["on", "--terminal"]):
        assert overt(env, *again).returncode == 4, "the ceremony was held, and nobody is at a terminal here"
        assert overt(env, "off").returncode == 0
    assert json.loads(overt(env, "consent", "show", "--json").stdout)["in_force"] is False


def test_an_exported_ledger_is_checked_on_any_machine(env: dict[str, str], tmp_path: Path) -> None:
    me = enrolled(tmp_path / "mine")
    perform.say_yes(me.places, me.asked, TICKS, perform.Seen(me.world.now_ns), "window")
    mine = {"PATH": os.environ["PATH"], **me.env}
    assert json.loads(overt(mine, "consent", "verify", "--json").stdout)["good"] is True
    file = tmp_path / "ledger.json"
    file.write_text(overt(mine, "consent", "export").stdout)
    assert overt(env, "consent", "verify", str(file)).returncode == 0
    file.write_text(file.read_text().replace("ConsentGiven", "ConsentRefused"))
    assert overt(env, "consent", "verify", str(file)).returncode == 1
    file.write_text("{")
    assert overt(env, "consent", "verify", str(file)).returncode == 1


def test_doctor_names_a_remedy_for_each_thing_that_is_missing(env: dict[str, str]) -> None:
    done = overt(env, "doctor", "--json")
    checks = json.loads(done.stdout)["checks"]
    missing = [check for check in checks if check["ok"] is False]
    assert done.returncode == 1
    assert {"desktop", "password fields"} == {check["name"] for check in missing}
    assert all(check["remedy"] for check in missing)


def test_shell_completion_is_there(env: dict[str, str]) -> None:
    done = overt({**env, "_OVERT_COMPLETE": "complete_bash", "COMP_WORDS": "overt pau", "COMP_CWORD": "1"})
    assert "pause" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["--last", "10m", "--all"], ["--last", "soon"], ["--last", "0m"]])
def test_what_to_delete_has_to_be_said(env: dict[str, str], arguments: list[str]) -> None:
    assert overt(env, "delete", *arguments).returncode == 2


def test_deleting_where_nothing_is_says_so(env: dict[str, str]) -> None:
    done = overt(env, "delete", "--all")
    assert (done.returncode, done.stdout) == (0, "Nothing was there to delete.\n")
    done = overt(env, "off", "--erase", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["erased"] == {"events": 0, "batches": 0, "asked": 0, "daemon": False, "parts": 0}
