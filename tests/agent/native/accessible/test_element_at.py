"""What a press met, against a bus that tells it, tells nonsense, or says nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.observe import ElementObserved
from agent.daemon.elements import Describer
from agent.native.accessible.roles import CONTROLS, NAMES, role_name
from agent.native.accessible.secure import Standing
from tests.agent.native.accessible.accessible_rig import APP, NAME_FIELD, PID, PROGRAM, TEXT, Loop, Session, window

PUSH_BUTTON, LIST_ITEM = 43, 32
INSIDE, OUTSIDE = (15, 25), (9, 25)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    one = Session(tmp_path, Loop())
    yield one
    one.close()


def attend(session: Session) -> None:
    session.detector.attend(window(), APP)
    session.loop.spin(lambda: session.detector.standing is Standing.CLEAR, "the focus to be known")


def ask(session: Session, point: tuple[int, int] = INSIDE) -> list[ElementObserved]:
    """Ask, and wait until the bus has nothing more to answer: within the time limit, or after it."""
    found: list[ElementObserved] = []
    session.detector.element_at(*point, found.append)
    bus = session.detector._listener.bus  # type: ignore[union-attr]  # it attends
    assert bus is not None
    session.loop.spin(lambda: found or not bus._talks, "the conversation to end")
    return found


def test_the_detector_of_password_fields_describes(session: Session) -> None:
    assert isinstance(session.detector, Describer)


@pytest.mark.parametrize(
    ("role", "name", "told"),
    [
        (PUSH_BUTTON, "Send", ("push button", "Send")),
        (PUSH_BUTTON, "", ("push button", None)),
        (LIST_ITEM, "Anna: see you at eight", ("list item", None)),
        (TEXT, "a draft", ("text", None)),
        (9999, "a draft", ("unknown", None)),
    ],
)
def test_controls_are_told_by_name_and_all_else_by_its_role(
    session: Session, role: int, name: str, told: tuple[str, str | None]
) -> None:
    attend(session)
    session.roles[NAME_FIELD], session.name = role, name
    (found,) = ask(session)
    assert ((found.role, found.name), found.rect) == (told, (10, 20, 40, 60))


@pytest.mark.parametrize("silent", ["GetAccessibleAtPoint", "GetRole", "GetExtents"])
def test_a_program_that_does_not_answer_is_not_waited_for(session: Session, silent: str) -> None:
    attend(session)
    session.silent.add(silent)
    assert ask(session) == []


def test_an_element_that_is_elsewhere_is_not_what_was_met(session: Session) -> None:
    attend(session)
    assert len(ask(session)) == 1
    assert ask(session, OUTSIDE) == []


def test_nobody_is_asked_of_a_program_without_accessibility_or_of_none(session: Session) -> None:
    found: list[ElementObserved] = []
    session.detector.element_at(*INSIDE, found.append)
    del session.pids[PROGRAM]
    session.pids[":1.8"] = PID + 1
    session.detector.attend(window(), APP)
    session.loop.spin(lambda: session.detector.standing is Standing.ABSENT, "the program to be missed")
    session.detector.element_at(*INSIDE, found.append)
    assert "GetAccessibleAtPoint" not in session.bus.members()
    assert found == []


def test_roles_have_the_numbers_of_at_spi() -> None:
    known = {40: "password text", 43: "push button", 61: "text", 79: "entry", 95: "document web", 109: "article"}
    assert {number: role_name(number) for number in known} == known
    assert len(NAMES) == len(set(NAMES)) == 131
    assert set(NAMES) >= CONTROLS
    assert role_name(-1) == role_name(len(NAMES)) == "unknown"
