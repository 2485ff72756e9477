"""The ceremony's window, answered by a person's keys and mouse on a real display."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ceremony import perform
from agent.core.ceremony import Answers
from agent.disk.switch import Position, Switch, Switched
from schemas.consent import ConsentState
from schemas.events import Modality
from schemas.scope import TimingTier
from tests.agent.ceremony.participant import Participant, enrolled, widened
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.processes import Process
from tests.support.windows import wait_for_window

pytestmark = pytest.mark.journey
ROOT = Path(__file__).parents[3]
PUT_OFF = [ConsentState.REQUESTED, ConsentState.DEFERRED]
PAGES = 30
"""Presses of Page Down: more than the text has."""


@pytest.fixture(scope="module")
def desktop() -> Iterator[Desktop]:
    with Desktop(tray=None) as running:
        yield running


@pytest.fixture
def hands(desktop: Desktop) -> Iterator[Driver]:
    with Driver(desktop.display) as driver:
        yield driver


@pytest.fixture
def me(tmp_path: Path) -> Participant:
    return enrolled(tmp_path)


@pytest.fixture
def ceremony(desktop: Desktop, hands: Driver, me: Participant) -> Iterator[Process]:
    """The window, open and focused."""
    process = desktop.start([sys.executable, "-m", "agent.ceremony"], env=me.env, cwd=ROOT, name="ceremony")
    window = wait_for_window(desktop.display, pid=process.pid, title_contains="Your choice")
    hands.focus_window(window.id)
    yield process
    process.stop()


def states(me: Participant) -> list[ConsentState]:
    return [record.latest.event_state for record in me.ledger()]


def press(hands: Driver, keys: str) -> None:
    """Press keys by name: ``"Tab space Tab"``."""
    for key in keys.split():
        hands.key(key)


def read_to_the_end(hands: Driver) -> None:
    press(hands, "Next " * PAGES)


def test_a_yes_by_keyboard_is_exactly_what_was_ticked(ceremony: Process, hands: Driver, me: Participant) -> None:
    read_to_the_end(hands)
    # Geany: keyboard, pointer; Mousepad: keyboard, pointer, screen; Thunderbird the same; then the times.
    press(hands, "Tab space Tab Tab Tab space Tab space Tab Tab Tab Tab Down")
    hands.key("y", ["alt"])
    assert ceremony.wait(15) == 0, ceremony.output
    shown, record = me.ledger()
    assert (shown.latest.event_state, shown.latest.event_type) == (ConsentState.REQUESTED, "explicit")
    assert record.latest.event_state is ConsentState.GIVEN
    assert record.latest.indication_method == "window"
    assert {a.app: a.modalities for a in record.overt.scope.apps} == {
        "geany": (Modality.KEYBOARD,),
        "mousepad": (Modality.POINTER, Modality.SCREEN),
    }
    assert record.overt.scope.timing is TimingTier.TEN_MS
    assert me.switched() is Position.ON


def test_no_yes_before_the_end_was_read(ceremony: Process, hands: Driver, me: Participant) -> None:
    press(hands, "Next Tab space")
    hands.key("y", ["alt"])
    hands.key("w", ["alt"])  # not now: the window is still there to take it
    assert ceremony.wait(15) == 0
    assert states(me) == PUT_OFF
    assert me.switched() is Position.OFF


def test_no_yes_without_a_tick(ceremony: Process, hands: Driver, me: Participant) -> None:
    read_to_the_end(hands)
    hands.key("y", ["alt"])
    hands.key("w", ["alt"])
    assert ceremony.wait(15) == 0
    assert states(me) == PUT_OFF


def test_enter_answers_nothing(ceremony: Process, hands: Driver, me: Participant) -> None:
    read_to_the_end(hands)
    press(hands, "Tab space Return Return KP_Enter")
    hands.key("w", ["alt"])
    assert ceremony.wait(15) == 0
    assert states(me) == PUT_OFF


def test_no_is_kept_and_turns_off(ceremony: Process, hands: Driver, me: Participant) -> None:
    Switch(me.places.switch).write(Switched(position=Position.ON, at_ns=1))
    hands.key("n", ["alt"])  # at any time, read or not
    assert ceremony.wait(15) == 0
    assert states(me) == [ConsentState.REQUESTED, ConsentState.REFUSED]
    assert me.switched() is Position.OFF


@pytest.mark.parametrize("how", ["Escape", "close"])
def test_leaving_is_not_now(how: str, ceremony: Process, hands: Driver, desktop: Desktop, me: Participant) -> None:
    if how == "close":
        hands.close(wait_for_window(desktop.display, pid=ceremony.pid).id)
    else:
        hands.key("Escape")
    assert ceremony.wait(15) == 0
    assert states(me) == PUT_OFF


def test_what_cannot_be_kept_is_said(ceremony: Process, hands: Driver, desktop: Desktop, me: Participant) -> None:
    (me.places.consents / "000000.json").write_bytes(b"{}")
    read_to_the_end(hands)
    press(hands, "Tab space")
    hands.key("y", ["alt"])
    box = wait_for_window(desktop.display, pid=ceremony.pid, title_contains="does not count")
    hands.focus_window(box.id)
    hands.key("Return")
    assert ceremony.wait(15) == 1
    assert "could not be kept" in ceremony.output
    assert me.switched() is Position.OFF


def shown_to(desktop: Desktop, hands: Driver, me: Participant, **variables: str) -> Process:
    env = me.env | variables
    process = desktop.start([sys.executable, "-m", "agent.ceremony"], env=env, cwd=ROOT, name="ceremony")
    window = wait_for_window(desktop.display, pid=process.pid)
    hands.focus_window(window.id)
    return process


def keep_picture(desktop: Desktop, name: str) -> None:
    """For people to look at, where they ask for it."""
    if folder := os.environ.get("OVERT_SHOTS"):
        desktop.screenshot(Path(folder) / f"{name}.png")


def test_what_changed_is_shown_first_and_a_yes_follows_an_invalidated_one(
    desktop: Desktop, hands: Driver, me: Participant
) -> None:
    before = perform.Seen(me.world.now_ns - 86_400 * 10**9)
    ticks = Answers(apps={"mousepad": frozenset({Modality.KEYBOARD})}, timing=TimingTier.ORDER, language="en")
    perform.say_yes(me.places, me.asked, ticks, before, "window")
    changed = widened(me)
    assert perform.what_changed(me.places, changed.asked).asks
    process = shown_to(desktop, hands, me)
    press(hands, "Down")
    keep_picture(desktop, "consent-difference")
    read_to_the_end(hands)
    press(hands, "Tab space")  # Chat: keyboard
    keep_picture(desktop, "consent-difference-end")
    hands.key("y", ["alt"])
    assert process.wait(15) == 0, process.output
    assert states(me)[-3:] == [ConsentState.INVALIDATED, ConsentState.REQUESTED, ConsentState.GIVEN]
    assert me.ledger()[-1].overt.scope.of("chat") == {Modality.KEYBOARD}


def test_the_language_is_the_sessions_and_can_be_changed(desktop: Desktop, hands: Driver, tmp_path: Path) -> None:
    me = enrolled(tmp_path, german=True)
    process = shown_to(desktop, hands, me)
    read_to_the_end(hands)
    press(hands, "Tab space")
    keep_picture(desktop, "consent-english")
    window = wait_for_window(desktop.display, pid=process.pid, title_contains="Your choice")
    place = window.rectangle
    hands.click(place.x + place.width - 70, place.y + 34)
    german = wait_for_window(desktop.display, pid=process.pid, title_contains="Ihre Entscheidung")
    hands.focus_window(german.id)
    hands.key("j", ["alt"])  # the other notice was not read yet
    read_to_the_end(hands)
    keep_picture(desktop, "consent-german")
    hands.key("j", ["alt"])
    assert process.wait(15) == 0, process.output
    record = me.ledger()[-1]
    assert record.latest.event_state is ConsentState.GIVEN
    assert record.processing.language == "de"
    assert record.processing.privacy_notice == me.asked.manifest.notice_digest("de")
    assert record.overt.scope.of("geany") == {Modality.KEYBOARD}, "what was ticked before stays ticked"


@pytest.mark.parametrize("scale", ["1", "1.25", "1.5"])
def test_it_fits_a_small_screen(desktop: Desktop, me: Participant, scale: str) -> None:
    env = me.env | {"QT_SCALE_FACTOR": scale}
    process = desktop.start([sys.executable, "-m", "agent.ceremony"], env=env, cwd=ROOT, name="ceremony")
    place = wait_for_window(desktop.display, pid=process.pid).rectangle
    assert place.y + place.height <= 800
    assert place.x + place.width <= 1280
    process.stop()
