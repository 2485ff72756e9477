"""A note beside each batch: what was in it, in counts. Sealed to the person alone, so that they know it later too.

Once a batch is sent its bytes are gone from here, and the index tells no app: whoever steals the disk learns none. The
note is opened with the person's review key; it goes with the batch's content when that is deleted.
"""

from collections import Counter

import msgspec
from msgspec import Struct

from agent.core.cut import OBSERVED
from schemas.base import SchemaError
from schemas.events import Event, FocusEvent, FrameEvent, PointerEvent, Span, TextEvent
from schemas.payload import Payload

SECOND_NS = 1_000_000_000
PAUSE_NS = 60 * SECOND_NS
"""Stillness of this length ends a stretch of work: longer, and nobody was there; shorter, and somebody was thinking."""
MAX_NOTE_BYTES = 1 << 20
"""Bytes of a note. One app takes some 60."""


class Note(Struct, frozen=True, forbid_unknown_fields=True):
    """What was in a batch."""

    version: int
    events: dict[str, int]  # observations by app
    worked_ns: dict[str, int]  # how long, by app: stretches without a pause
    frames: int
    masked: dict[str, int]  # placeholders by class


class NoteError(SchemaError):
    """Bytes that are no note."""


def note_of(payload: Payload) -> Note:
    """The note of a batch."""
    events, worked, masked = Counter[str](), Counter[str](), Counter[str]()
    last: dict[str, int] = {}
    for event in payload.events:
        masked.update(span.cls for span in spans_in(event))
        if not event.app:
            continue
        since = last.get(event.app)
        last[event.app] = event.wall_ns
        if since is not None and 0 <= event.wall_ns - since <= PAUSE_NS:
            worked[event.app] += event.wall_ns - since
        if isinstance(event, OBSERVED):
            events[event.app] += 1
    frames = sum(isinstance(event, FrameEvent) for event in payload.events)
    return Note(1, dict(events), dict(worked), frames, dict(masked))


def spans_in(event: Event) -> list[Span]:
    """The placeholders that an event carries."""
    match event:
        case TextEvent() | FocusEvent():
            return list(event.spans)
        case PointerEvent(element=element) if element is not None:
            return list(element.spans)
        case _:
            return []


def packed(note: Note) -> bytes:
    """The bytes of a note, to be sealed."""
    return msgspec.msgpack.encode(note)


def unpacked(data: bytes) -> Note:
    """Read a note.

    Raises:
        NoteError: it is none.
    """
    try:
        return msgspec.msgpack.decode(data, type=Note)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise NoteError("not a note of this version") from None
