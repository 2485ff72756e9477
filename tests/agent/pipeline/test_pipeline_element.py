"""What a press met is told with it if it comes in time, with a redacted name; and a picture names its press."""

import pytest

from agent.core.observe import ElementObserved, PointerObserved
from agent.core.redact.errors import RedactionFailed
from agent.core.triggers import Trigger
from agent.pipeline.slots import HOLD_NS
from schemas.events import Element, FrameEvent, PointerEvent, RedactionState
from tests.agent.pipeline.pipeline_rig import Rig
from tests.support.fake_desktop import pointer_seen

ADDRESS = "anna.berg" + "@" + "mail.example"
BUTTON = ElementObserved(role="push button", name=f"Reply to {ADDRESS}", rect=(290, 290, 340, 310))


@pytest.fixture
def rig() -> Rig:
    made = Rig()
    made.enter()
    return made


def press(rig: Rig) -> PointerObserved:
    rig.clock.advance(1_000_000)
    seen = pointer_seen(rig.clock, "down")
    rig.see(seen)
    return seen


def presses(rig: Rig) -> list[PointerEvent]:
    return [e for e in rig.done() if isinstance(e, PointerEvent)]


def test_its_name_is_redacted(rig: Rig) -> None:
    rig.pipe.met(press(rig), BUTTON)
    (event,) = presses(rig)
    assert event.element is not None
    assert (event.element.role, event.element.name) == ("push button", "Reply to ⟨EMAIL#1⟩")
    assert [(s.start, s.end, s.cls) for s in event.element.spans] == [(9, 18, "EMAIL")]
    assert event.element.rect == BUTTON.rect
    assert event.redaction is RedactionState.REDACTED
    assert rig.pipe.totals().kept == {"pointer": 1}


def test_a_failing_redaction_leaves_it_without_a_name(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_text: str) -> None:
        raise RedactionFailed("text", "rules")

    monkeypatch.setattr(rig.redactor, "redact", fail)
    rig.pipe.met(press(rig), BUTTON)
    monkeypatch.undo()
    (event,) = presses(rig)
    assert event.element == Element(role="push button", name=None, spans=[], rect=BUTTON.rect)


def test_a_press_is_kept_without_it_where_nothing_is_told(rig: Rig) -> None:
    press(rig)
    (event,) = presses(rig)
    assert (event.element, event.redaction) == (None, RedactionState.NONE)


def test_what_comes_too_late_is_let_go(rig: Rig) -> None:
    seen = press(rig)
    rig.clock.advance(HOLD_NS)
    rig.pipe.tick(rig.clock.monotonic_ns())
    rig.pipe.met(seen, BUTTON)
    (event,) = presses(rig)
    assert event.element is None


def test_each_of_quick_presses_has_its_own_answer(rig: Rig) -> None:
    first, second, third = press(rig), press(rig), press(rig)
    rig.pipe.met(second, ElementObserved(role="entry", name=None, rect=(0, 0, 1, 1)))
    rig.pipe.met(first, BUTTON)
    found = [e.element.role if e.element else None for e in presses(rig)]
    assert found == [BUTTON.role, "entry", None]
    assert third is not second


@pytest.mark.parametrize("how", ["retract", "wipe"])
def test_a_press_that_goes_does_not_come_back_with_its_element(rig: Rig, how: str) -> None:
    seen = press(rig)
    if how == "retract":
        rig.pipe.retract(seen.mono_ns, "secure_input")
    else:
        rig.pipe.wipe()
    rig.pipe.met(seen, BUTTON)
    assert presses(rig) == []


def test_a_raw_element_prints_no_name() -> None:
    assert ADDRESS not in f"{BUTTON!r} {BUTTON}"


def frames(rig: Rig) -> list[tuple[str, int | None]]:
    return [(e.trigger, e.press) for e in rig.done() if isinstance(e, FrameEvent)]


def shoot(rig: Rig, trigger: Trigger, number: int) -> None:
    token = rig.pipe.expect_picture(rig.open_ground, trigger, rig.clock.monotonic_ns())
    rig.answer(token, number)


def test_pictures_name_the_press_that_called_for_them(rig: Rig) -> None:
    shoot(rig, Trigger.BEFORE, 0)
    press(rig)
    shoot(rig, Trigger.PRESS, 1)
    shoot(rig, Trigger.SETTLE, 2)
    shoot(rig, Trigger.TYPING, 3)
    press(rig)
    shoot(rig, Trigger.SETTLE, 4)
    found = frames(rig)
    first, second = [e.seq for e in rig.events() if isinstance(e, PointerEvent)]
    assert found == [("before", None), ("press", first), ("settle", first), ("typing", None), ("settle", second)]


def test_a_picture_of_a_press_that_was_dropped_names_none(rig: Rig) -> None:
    press(rig)
    rig.pipe.flush()
    seen = press(rig)
    rig.pipe.retract(seen.mono_ns, "secure_input")
    shoot(rig, Trigger.SETTLE, 0)
    assert frames(rig) == [("settle", None)]
