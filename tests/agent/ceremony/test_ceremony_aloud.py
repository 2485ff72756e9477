"""The real ceremony, heard: what a screen reader is told on the accessibility bus, and answered with Tab and Space."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.consent import ConsentState
from schemas.events import Modality
from tests.agent.ceremony.participant import Participant, enrolled
from tests.support.aloud import Ear, Node, read_aloud
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.processes import Process
from tests.support.waiting import until
from tests.support.windows import wait_for_window

pytestmark = pytest.mark.journey
ROOT = Path(__file__).parents[3]
TITLE = "Your choice"
PRESSES = 30
"""More than there are things to land on, and more pages than the text has."""
BUTTONS = ["Yes, turn it on", "No", "Not now"]


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
    process = desktop.start([sys.executable, "-m", "agent.ceremony"], env=me.env, cwd=ROOT, name="ceremony")
    hands.focus_window(wait_for_window(desktop.display, pid=process.pid, title_contains=TITLE).id)
    yield process
    process.stop()


def told(desktop: Desktop, ceremony: Process) -> Node:
    def there() -> Node | None:
        return next((node for node in read_aloud(desktop, ceremony.pid) if TITLE in node.name), None)

    return until(there, what="the window to be told")


def test_every_control_has_a_name_and_a_role(desktop: Desktop, ceremony: Process) -> None:
    window = told(desktop, ceremony)
    controls = [node for node in window if "focusable" in node.states]
    assert [node.role for node in controls if not node.name.strip()] == []
    boxes = [node.name for node in controls if node.role == "check box"]
    assert boxes[:3] == ["Keyboard in Geany", "Pointer in Geany", "Screen in Geany: not asked for"]
    assert [node.name for node in controls if node.role == "push button"] == BUTTONS
    assert [node.name for node in controls if node.role == "radio button" and "checked" in node.states] == [
        "Only the order of events"
    ]
    assert [node for node in controls if node.role == "check box" and "checked" in node.states] == []
    assert any("What you are asked" in node.name for node in controls), "the text to be read"


def test_by_ear_and_keyboard_alone_from_the_first_line_to_a_yes(
    desktop: Desktop, hands: Driver, ceremony: Process, me: Participant
) -> None:
    with Ear(desktop) as ear:
        for _ in range(PRESSES):
            hands.key("Next")
        for name in ("Keyboard in Geany", "Pointer in Geany", "Keyboard in Mousepad"):
            tab_to(hands, ear, name)
        hands.key("space")
        tab_to(hands, ear, BUTTONS[0])
        hands.key("space")
        assert ceremony.wait(15) == 0, ceremony.output
    record = me.ledger()[-1]
    assert record.latest.event_state is ConsentState.GIVEN
    assert {app.app: app.modalities for app in record.overt.scope.apps} == {"mousepad": (Modality.KEYBOARD,)}


def test_escape_is_heard_by_nobody_but_means_not_now(hands: Driver, ceremony: Process, me: Participant) -> None:
    hands.key("Escape")
    assert ceremony.wait(15) == 0, ceremony.output
    assert me.ledger()[-1].latest.event_state is ConsentState.DEFERRED


def tab_to(hands: Driver, ear: Ear, name: str) -> None:
    """Press Tab until the screen reader says that name."""
    for _ in range(PRESSES):
        before = len(ear.heard)
        hands.key("Tab")
        until(lambda count=before: len(ear.heard) > count, what="the next thing to be read out")  # type: ignore[misc]
        if ear.heard[-1][0] == name:
            return
    raise AssertionError(f"{name!r} is not reached by Tab: {ear.heard}")
