"""What was observed, as events: for each kind what its slot becomes once it leaves the line. Pure."""

from typing import Any

from agent.core.observe import (
    ClipboardObserved,
    ElementObserved,
    KeyObserved,
    Observation,
    PointerObserved,
    ScrollObserved,
    TextObserved,
)
from agent.core.redact.spans import Placed
from agent.core.redact.text import RedactedText
from agent.core.triggers import Trigger
from agent.pipeline.slots import Build, Slot
from agent.pipeline.stamps import Ground, Moment
from agent.sources.pictures import Picture
from schemas.events import (
    ClipboardEvent,
    Element,
    FocusEvent,
    FrameEvent,
    KeyEvent,
    PointerEvent,
    RedactionState,
    ScrollEvent,
    Span,
    TextDeltaEvent,
)


def spans_of(placed: list[Placed]) -> list[Span]:
    """Placeholders as events carry them."""
    return [
        Span(
            start=p.start,
            end=p.end,
            cls=p.cls,
            detector=p.detector,
            version=p.version,
            ordinal=p.ordinal,
            length_bucket=p.length,
        )
        for p in placed
    ]


def focus_event(ground: Ground, now: Moment, title: RedactedText | None, *, gained: bool) -> Build:
    """The window of a gate got or lost the focus."""
    window = ground.gate.window
    state = RedactionState.REDACTED if title and title.spans else RedactionState.CLEAN
    common = ground.stamp(now, state)
    return lambda seq: (
        FocusEvent(
            seq=seq,
            **common,
            gained=gained,
            rect=window.rect,
            title=title.text if title else None,
            spans=spans_of(title.spans) if title else [],
            scale=window.scale,
        ),
        b"",
    )


def element_of(seen: ElementObserved, name: RedactedText | None) -> Element:
    """What a press met, with its redacted name."""
    spans = spans_of(name.spans) if name else []
    return Element(role=seen.role, name=name.text if name else None, spans=spans, rect=seen.rect)


def pointer_event(ground: Ground, seen: Observation, element: Element | None = None) -> Build:
    """Pointer or wheel did something."""
    assert isinstance(seen, PointerObserved | ScrollObserved)  # noqa: S101  # the only kinds but keys
    state = RedactionState.NONE
    if element is not None and element.name is not None:
        state = RedactionState.REDACTED if element.spans else RedactionState.CLEAN
    common = ground.stamp(Moment(seen.mono_ns, seen.wall_ns), state, clock=seen.clock, injected=seen.injected)
    left, top = ground.gate.window.rect[:2]
    where: dict[str, Any] = {
        "x": seen.x,
        "y": seen.y,
        "wx": seen.x - left,
        "wy": seen.y - top,
        "modifiers": seen.modifiers,
    }
    if isinstance(seen, ScrollObserved):
        return lambda seq: (ScrollEvent(seq=seq, **common, **where, dx=seen.dx, dy=seen.dy, unit=seen.unit), b"")
    fields = {**where, "action": seen.action, "button": seen.button, "buttons": seen.buttons}
    scale = ground.gate.window.scale
    return lambda seq: (PointerEvent(seq=seq, **common, **fields, scale=scale, element=element), b"")


def key_event(ground: Ground, seen: KeyObserved, segment: int) -> Build:
    """A key went down or up, in a segment that was looked at."""
    common = _clean(ground, seen)
    return lambda seq: (
        KeyEvent(
            seq=seq,
            **common,
            down=seen.down,
            repeat=seen.repeat,
            usage=seen.usage,
            keycode=seen.keycode,
            keysym=seen.keysym,
            text=seen.text,
            modifiers=seen.modifiers,
            locks=seen.locks,
            layout=seen.layout,
            segment=segment,
        ),
        b"",
    )


def text_delta_event(ground: Ground, seen: TextObserved, segment: int, *, placed: bool) -> Build:
    """The text of a field changed, in a segment that was looked at; ``placed``: nothing in it was hidden."""
    common = _clean(ground, seen)
    return lambda seq: (
        TextDeltaEvent(
            seq=seq,
            **common,
            action=seen.action,
            position=seen.position if placed else None,
            length=seen.length,
            text=seen.text,
            segment=segment,
        ),
        b"",
    )


def _clean(ground: Ground, seen: Observation) -> dict[str, Any]:
    moment = Moment(seen.mono_ns, seen.wall_ns)
    return ground.stamp(moment, RedactionState.CLEAN, clock=seen.clock, injected=seen.injected)


def clipboard_event(ground: Ground, seen: ClipboardObserved) -> Build:
    """Something was copied, cut or pasted. How long it was is not known: that would take reading it."""
    common = ground.stamp(
        Moment(seen.mono_ns, seen.wall_ns), RedactionState.NONE, clock=seen.clock, injected=seen.injected
    )
    fields: dict[str, Any] = {"action": seen.action, "content_type": seen.content_type, "length_bucket": None}
    return lambda seq: (ClipboardEvent(seq=seq, **common, **fields), b"")


def frame_event(
    ground: Ground, trigger: Trigger, taken: Picture, wall_offset_ns: int, first: int, press: Slot | None = None
) -> Build:
    """A picture was taken; its number, counted from 0 by the photographer, is made unique on this device.

    ``press`` is the place of the press that it belongs to, which leaves the line before it.
    """
    common = ground.stamp(Moment(taken.start_ns, taken.start_ns + wall_offset_ns), RedactionState.MASKED)
    return lambda seq: (
        FrameEvent(
            seq=seq,
            **common,
            frame=first + taken.number,
            base=None if taken.base is None else first + taken.base,
            trigger=trigger.value,
            start_ns=taken.start_ns,
            end_ns=taken.end_ns,
            rect=taken.rect,
            patch=taken.patch,
            dirty=taken.dirty,
            masks=taken.masks,
            scale=taken.scale,
            cursor=False,
            format="webp",
            sha256=taken.sha256,
            offset=0,
            size=0,
            press=press.seq if press else None,
        ),
        taken.image,
    )
