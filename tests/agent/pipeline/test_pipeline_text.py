"""Changes of text through the whole pipeline: kept, placed, redacted, counted, retracted."""

from agent.core.gate import Allowed, decide
from agent.core.observe import TextObserved
from schemas.events import ClockSource, Event, TextDeltaEvent, TextEvent
from tests.agent.pipeline.pipeline_rig import Rig


def write(rig: Rig, text: str, at: int = 0, field: int = 1, step: int = 1) -> None:
    """Have a field told of, piece by piece."""
    rig.clock.advance(1_000_000)
    for begin in range(0, len(text), step):
        piece = text[begin : begin + step]
        change(rig, TextObserved(
            window=rig.open_ground.number, mono_ns=rig.clock.monotonic_ns(), wall_ns=rig.clock.time_ns(),
            clock=ClockSource.HOOK, injected=False, field=field, action="insert", position=at + begin,
            length=len(piece), text=piece,
        ))  # fmt: skip


def done(rig: Rig) -> list[Event]:
    """The gate closes; gives what was kept."""
    rig.leave()
    return rig.done()


def change(rig: Rig, seen: TextObserved) -> None:
    judged = decide(seen, rig.open_ground.gate)
    assert isinstance(judged, Allowed)
    rig.seen["keyboard"] += 1
    rig.pipe.observe(rig.open_ground, judged)
    rig.clock.advance(1_000_000)


def test_what_is_written_is_kept_with_its_place() -> None:
    rig = Rig()
    rig.enter()
    write(rig, "good day", at=7)
    events = done(rig)
    deltas = [e for e in events if isinstance(e, TextDeltaEvent)]
    assert "".join(e.text or "" for e in deltas) == "good day"
    assert [e.position for e in deltas] == list(range(7, 15))
    (text,) = [e for e in events if isinstance(e, TextEvent)]
    assert (text.text, text.complete) == ("good day", True)
    assert {e.segment for e in deltas} == {text.segment}


def test_inside_a_span_changes_go_and_places_with_them() -> None:
    rig = Rig()
    rig.enter()
    write(rig, "write to ada.brook@mail.example now")
    events = done(rig)
    (text,) = [e for e in events if isinstance(e, TextEvent)]
    assert text.text == "write to ⟨EMAIL#1⟩ now"
    deltas = [e for e in events if isinstance(e, TextDeltaEvent)]
    assert "".join(e.text or "" for e in deltas) == "write to  now"
    assert {e.position for e in deltas} == {None}  # they would tell the length


def test_a_completed_word_that_holds_a_secret_goes_whole() -> None:
    rig = Rig()
    rig.enter()
    write(rig, "to ada.brook@mail.example", step=25)
    events = done(rig)
    assert not [e for e in events if isinstance(e, TextDeltaEvent)]
    (text,) = [e for e in events if isinstance(e, TextEvent)]
    assert "ada" not in text.text


def test_another_field_is_another_segment() -> None:
    rig = Rig()
    rig.enter()
    write(rig, "one", field=1)
    write(rig, "two", field=2, at=3)
    texts = [e.text for e in done(rig) if isinstance(e, TextEvent)]
    assert texts == ["one", "two"]


def test_late_news_take_back_what_came_since() -> None:
    rig = Rig()
    rig.enter()
    write(rig, "kept ")
    since = rig.clock.monotonic_ns()
    write(rig, "gone", at=5)
    rig.pipe.retract(since, "secure_input")
    texts = [e.text for e in done(rig) if isinstance(e, TextEvent)]
    assert texts == ["kept "]
