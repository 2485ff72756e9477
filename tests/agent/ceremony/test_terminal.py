"""The ceremony in a terminal: what is asked, what counts as which answer, and that only a terminal can answer."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from agent.ceremony.outcome import No, NotNow, Outcome, Yes
from agent.ceremony.sheet import askable_apps
from agent.ceremony.terminal import hold
from agent.disk.switch import Position
from schemas.consent import ConsentState
from schemas.events import Modality
from schemas.scope import TimingTier
from tests.agent.ceremony.fake_console import FakeConsole
from tests.agent.ceremony.participant import Participant, enrolled

ROOT = Path(__file__).parents[3]
BOXES = 8
"""Questions by app: Geany keyboard, pointer; Mousepad and Thunderbird keyboard, pointer, screen."""


@pytest.fixture
def me(tmp_path: Path) -> Participant:
    return enrolled(tmp_path)


def pages(me: Participant) -> int:
    """How many pages there are to read."""
    console = FakeConsole([""] * 100)
    hold(console, me.asked, "en")
    return sum("go on" in prompt for prompt in console.prompts)


def answered(me: Participant, *answers: str) -> tuple[Outcome, FakeConsole]:
    console = FakeConsole([""] * pages(me) + list(answers))
    return hold(console, me.asked, "en"), console


def test_a_yes_is_exactly_what_was_answered_with_y(me: Participant) -> None:
    outcome, console = answered(me, "n", "y", "y", "", "YES", "no", "", "", "2", "I agree")
    assert isinstance(outcome, Yes)
    assert outcome.answers.apps == {
        "geany": frozenset({Modality.POINTER}),
        "mousepad": frozenset({Modality.KEYBOARD, Modality.SCREEN}),
    }
    assert outcome.answers.timing is TimingTier.TEN_MS
    assert "Mousepad: Keyboard, Screen" in console.shown


@pytest.mark.parametrize("phrase", ["", "y", "yes", "i agree", "I AGREE", "I agree.", "I  agree", "agree", "no"])
def test_anything_but_the_phrase_is_a_no(me: Participant, phrase: str) -> None:
    outcome, _ = answered(me, *["y"] * BOXES, "1", phrase)
    assert isinstance(outcome, No)


def test_enter_alone_agrees_to_nothing(me: Participant) -> None:
    outcome, console = answered(me, *[""] * BOXES)
    assert isinstance(outcome, No)
    assert "You chose nothing" in console.shown
    assert len(console.prompts) == pages(me) + BOXES


@pytest.mark.parametrize("answers", [["q"], ["^C"], [], [""], ["", "^C"]])
def test_leaving_is_not_now(me: Participant, answers: list[str]) -> None:
    assert hold(FakeConsole(answers), me.asked, "en") == NotNow("en")


def test_leaving_before_the_phrase_is_not_now(me: Participant) -> None:
    for left in (["^C"], []):
        outcome, _ = answered(me, *["y"] * BOXES, "1", *left)
        assert isinstance(outcome, NotNow)
        assert outcome.read_ns is not None, "the notice was read all the same"


def test_mistyped_answers_are_asked_again(me: Participant) -> None:
    outcome, console = answered(me, "maybe", "y", *["n"] * (BOXES - 1), "9", "x", "", "I agree")
    assert isinstance(outcome, Yes)
    assert outcome.answers.timing is TimingTier.ORDER
    assert console.shown.count("Please type y or n.") == 1
    assert console.shown.count("Please type one of the numbers.") == 2


def test_everything_is_said_before_anything_is_asked(me: Participant) -> None:
    _, console = answered(me, *[""] * BOXES)
    read = " ".join(console.shown.split("What you agree to")[0].split())
    for researcher in me.asked.manifest.researchers:
        assert researcher.name in read
        digits = researcher.recipient_fingerprint
        assert " ".join(digits[at : at + 8] for at in range(0, 64, 8)) in read
    for text in ("Saying no has no consequence", "How to stop", "180 days", "Complaints: ", "never be used to judge"):
        assert text in read
    for rule in askable_apps(me.asked):
        assert rule.name in console.shown
    assert "Screen: not asked for" in console.shown


def test_a_study_cannot_steer_the_terminal(tmp_path: Path) -> None:
    hostile = "Fine.\n\n\x1b[2J\x1b[8mhidden\x07 \u202eseirots\n\n- one\n- \x9b31mtwo"
    _, console = answered(enrolled(tmp_path, notice=hostile), *[""] * BOXES)
    ours = console.shown.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(ours)


def test_a_page_fits_the_terminal(me: Participant) -> None:
    console = FakeConsole([""] * 200, columns=60, rows=20)
    hold(console, me.asked, "en")
    first = console.shown.split(console.prompts[0])[0]
    assert len(first.splitlines()) < 20
    assert all(len(line.replace("\x1b[1m", "").replace("\x1b[0m", "")) <= 60 for line in first.splitlines())


@pytest.fixture
def terminal(me: Participant) -> Iterator["pexpect.spawn[str]"]:
    child: pexpect.spawn[str] = pexpect.spawn(
        sys.executable,
        ["-m", "agent.ceremony", "--terminal"],
        env=os.environ | me.env | {"LANG": "C.UTF-8"},
        cwd=str(ROOT),
        encoding="utf-8",
        dimensions=(40, 100),
        timeout=90,
    )
    yield child
    child.close(force=True)


def read_all(terminal: "pexpect.spawn[str]") -> None:
    """Read page after page, up to the first question."""
    while terminal.expect(["Enter: go on", "Capture it"]) == 0:
        terminal.sendline("")


@pytest.mark.journey
def test_a_person_at_a_terminal_says_yes(terminal: "pexpect.spawn[str]", me: Participant) -> None:
    read_all(terminal)
    for answer in ["y", *["n"] * (BOXES - 2)]:
        terminal.sendline(answer)
        terminal.expect("Capture it")
    terminal.sendline("y")
    terminal.expect("Number")
    terminal.sendline("")
    terminal.expect("Your answer: ")
    terminal.sendline("I agree")
    terminal.expect("The Overt icon shows")
    terminal.expect(pexpect.EOF)
    shown, record = me.ledger()
    assert (shown.latest.event_state, shown.latest.event_type) == (ConsentState.REQUESTED, "explicit")
    assert record.latest.event_state is ConsentState.GIVEN
    assert record.latest.indication_method == "terminal"
    assert {a.app: a.modalities for a in record.overt.scope.apps} == {
        "geany": (Modality.KEYBOARD,),
        "thunderbird": (Modality.SCREEN,),
    }
    assert record.overt.scope.timing is TimingTier.ORDER
    assert me.switched() is Position.ON


@pytest.mark.journey
def test_what_was_typed_ahead_is_no_answer(terminal: "pexpect.spawn[str]", me: Participant) -> None:
    read_all(terminal)
    for _ in range(BOXES - 1):
        terminal.sendline("y")
        terminal.expect("Capture it")
    terminal.send("y\n1\nI agree\n")  # the phrase comes before its question
    terminal.expect("Number")
    terminal.sendline("1")
    terminal.expect("Your answer: ")
    terminal.sendline("no")
    terminal.expect("Nothing is captured")
    terminal.expect(pexpect.EOF)
    assert [r.latest.event_state for r in me.ledger()] == [ConsentState.REQUESTED, ConsentState.REFUSED]
    assert me.switched() is Position.OFF


@pytest.mark.journey
def test_ctrl_c_changes_nothing(terminal: "pexpect.spawn[str]", me: Participant) -> None:
    terminal.expect("Enter: go on")
    terminal.sendintr()
    terminal.expect("Nothing was changed")
    terminal.expect(pexpect.EOF)
    shown, put_off = me.ledger()
    assert (shown.latest.event_state, shown.latest.event_type) == (ConsentState.REQUESTED, "implicit")
    assert put_off.latest.event_state is ConsentState.DEFERRED
    assert me.switched() is Position.OFF


SCRIPT = "\n" * 20 + "y\n" * BOXES + "1\nI agree\n" * 3
"""Everything that a person would type, and more."""


def run(me: Participant, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The ceremony fed from a pipe, in a session that has no terminal."""
    return subprocess.run(
        [sys.executable, "-m", "agent.ceremony", *arguments],
        input=SCRIPT,
        env=os.environ | me.env | variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        start_new_session=True,
    )


@pytest.mark.journey
def test_a_pipe_is_nobody(me: Participant) -> None:
    done = run(me, "--terminal")
    assert done.returncode == 4
    assert "not a terminal with a person" in done.stderr
    assert "Run it yourself" in done.stderr
    assert me.ledger() == []
    assert me.switched() is Position.OFF


@pytest.mark.journey
@pytest.mark.parametrize("redirected", ["< answers", "> output", "< answers > output"])
def test_a_file_at_a_real_terminal_is_nobody_either(me: Participant, tmp_path: Path, redirected: str) -> None:
    (tmp_path / "answers").write_text(SCRIPT)
    command = f"cd {tmp_path} && PYTHONPATH={ROOT} {sys.executable} -m agent.ceremony --terminal {redirected}"
    child: pexpect.spawn[str] = pexpect.spawn(
        "/bin/sh", ["-c", command], env=os.environ | me.env, encoding="utf-8", timeout=30
    )
    child.expect("not a terminal with a person")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 4
    assert me.ledger() == []


@pytest.mark.journey
@pytest.mark.parametrize(
    "platform", [{"QT_QPA_PLATFORM": "offscreen", "DISPLAY": ":99"}, {"QT_QPA_PLATFORM": "minimal", "DISPLAY": ":99"}]
)
def test_a_window_that_nobody_can_see_is_not_opened(me: Participant, platform: dict[str, str]) -> None:
    done = run(me, **platform)
    assert done.returncode == 4
    assert me.ledger() == []


@pytest.mark.journey
@pytest.mark.parametrize("flag", ["--yes", "-y", "--accept", "--non-interactive", "--force", "--config=x"])
def test_no_flag_answers(me: Participant, flag: str) -> None:
    done = run(me, flag)
    assert done.returncode == 2
    assert me.ledger() == []
    assert me.switched() is Position.OFF
