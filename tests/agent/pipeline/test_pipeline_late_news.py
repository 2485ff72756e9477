"""Late news: what was observed since a moment should not have been, and nothing of it may be left."""

from hypothesis import given
from hypothesis import strategies as st

from agent.pipeline.pipe import UNSETTLED
from agent.pipeline.slots import HOLD_NS, STEP_NS
from schemas.events import FocusEvent, FrameEvent, KeyEvent, Modality, PointerEvent, TextEvent
from tests.agent.pipeline.pipeline_rig import Rig

SECURE = "secure_input"
MS_NS = 1_000_000


def test_nothing_leaves_before_news_can_have_come() -> None:
    rig = Rig()
    rig.enter()
    rig.move()
    moved_ns = rig.clock.monotonic_ns()
    rig.clock.advance(HOLD_NS - 1)
    rig.pipe.tick(rig.clock.monotonic_ns())
    assert rig.pipe.held == 1
    deadline_ns = rig.pipe.deadline_ns()
    assert deadline_ns is not None
    assert moved_ns + HOLD_NS <= deadline_ns < moved_ns + HOLD_NS + STEP_NS
    rig.clock.advance(1)
    rig.pipe.tick(rig.clock.monotonic_ns())
    assert rig.pipe.held == 0


def test_the_text_before_is_kept_and_the_password_is_not() -> None:
    rig = Rig()
    rig.enter()
    rig.type("dear ")
    rig.clock.advance(MS_NS)
    since_ns = rig.clock.monotonic_ns()
    rig.type("hunter")
    rig.move()
    rig.pipe.retract(since_ns, SECURE)
    rig.leave()
    events = rig.done()
    assert [e.text for e in events if isinstance(e, TextEvent)] == ["dear "]
    assert "".join(e.text or "" for e in events if isinstance(e, KeyEvent)) == "dear "
    assert not [e for e in events if isinstance(e, PointerEvent)]
    assert rig.dropped() == {SECURE: 12}
    assert rig.pipe.failures == 0


def test_a_segment_that_ended_in_the_meantime_is_reached_too() -> None:
    rig = Rig()
    rig.enter()
    rig.type("hun")
    since_ns = rig.clock.monotonic_ns()
    rig.type("ter")
    rig.pipe.click()
    rig.pipe.retract(since_ns, SECURE)
    events = rig.done()
    assert not [e for e in events if isinstance(e, TextEvent)], "it would tell of keys on both sides"
    assert "".join(e.text or "" for e in events if isinstance(e, KeyEvent)) == "hun"


def test_a_title_and_a_picture_of_another_tab_go() -> None:
    rig = Rig()
    rig.enter(title="Inbox")
    asked_before, asked_and_taken_before = rig.shoot(), rig.shoot()
    rig.answer(asked_and_taken_before, 0)
    rig.clock.advance(MS_NS)
    since_ns = rig.clock.monotonic_ns()
    rig.retitle("A private page")
    rig.answer(asked_before, 1)
    asked_after = rig.shoot()
    rig.pipe.retract(since_ns, "origin_unknown")
    rig.answer(asked_after, 2)
    events = rig.done()
    assert [e.title for e in events if isinstance(e, FocusEvent)] == ["Inbox"]
    assert len([e for e in events if isinstance(e, FrameEvent)]) == 1
    assert rig.dropped(Modality.SCREEN) == {"origin_unknown": 2}


def test_a_picture_that_is_taken_after_the_news_is_not_kept() -> None:
    rig = Rig()
    rig.enter()
    token = rig.shoot()
    rig.clock.advance(MS_NS)
    rig.pipe.retract(rig.clock.monotonic_ns(), SECURE)
    rig.answer(token)
    assert not [e for e in rig.done() if isinstance(e, FrameEvent)]


def test_a_batch_is_sealed_as_soon_as_the_line_is_empty() -> None:
    rig = Rig()
    rig.enter()
    rig.type("hello")
    rig.leave()
    rig.pipe.seal_soon()
    assert not rig.batches
    while (due := rig.pipe.deadline_ns()) is not None:
        rig.clock.advance(due - rig.clock.monotonic_ns())
        rig.pipe.tick(rig.clock.monotonic_ns())
    assert len(rig.batches) == 1
    assert rig.clock.monotonic_ns() <= rig.now.mono_ns + HOLD_NS


@given(st.lists(st.sampled_from("ab \b"), max_size=30), st.integers(0, 30))
def test_whatever_was_typed_nothing_since_is_left(text: list[str], cut: int) -> None:
    rig = Rig()
    rig.enter()
    since_ns = 0
    for index, char in enumerate([*text, " "]):
        if index == min(cut, len(text)):
            rig.clock.advance(MS_NS)
            since_ns = rig.clock.monotonic_ns()
        rig.press(None if char == "\b" else char, 0xFF08 if char == "\b" else None)
    rig.pipe.retract(since_ns, SECURE)
    rig.leave()
    late = [e for e in rig.done() if isinstance(e, KeyEvent | TextEvent) and e.mono_ns >= since_ns]
    assert late == []
    assert rig.pipe.held == 0


def test_an_end_does_not_keep_what_is_still_to_be_judged() -> None:
    rig = Rig()
    rig.enter(title=None)
    rig.move()
    rig.clock.advance(MS_NS)
    rig.pipe.hold(rig.clock.monotonic_ns())
    rig.move()
    assert len([e for e in rig.done() if isinstance(e, PointerEvent)]) == 1
    assert rig.dropped(Modality.POINTER) == {UNSETTLED: 1}


def test_an_end_keeps_no_text_of_keys_that_are_still_to_be_judged() -> None:
    rig = Rig()
    rig.enter(title=None)
    rig.type("dear ")
    rig.clock.advance(MS_NS)
    rig.pipe.hold(rig.clock.monotonic_ns())
    rig.type("hunter")
    rig.leave()
    events = rig.done()
    assert "hunter" not in "".join(e.text or "" for e in events if isinstance(e, TextEvent))
    assert "".join(e.text or "" for e in events if isinstance(e, KeyEvent)) == "dear "
    assert rig.dropped() == {UNSETTLED: 12}


def test_what_a_detector_has_still_to_judge_waits_for_as_long_as_that_takes() -> None:
    rig = Rig()
    rig.enter(title=None)
    rig.move()
    rig.clock.advance(MS_NS)
    since_ns = rig.clock.monotonic_ns()
    rig.move()
    rig.pipe.hold(since_ns)
    rig.clock.advance(4 * HOLD_NS)
    rig.pipe.tick(rig.clock.monotonic_ns())
    assert rig.pipe.held == 1
    assert rig.pipe.deadline_ns() > rig.clock.monotonic_ns(), "the loop must not spin meanwhile"  # type: ignore[operator]
    rig.pipe.retract(since_ns, SECURE)
    rig.pipe.hold(None)
    rig.pipe.tick(rig.clock.monotonic_ns())
    assert rig.pipe.held == 0
    assert rig.dropped(Modality.POINTER) == {SECURE: 1}
    assert len([e for e in rig.done() if isinstance(e, PointerEvent)]) == 1
