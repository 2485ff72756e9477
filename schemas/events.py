"""What is recorded, after redaction: one tagged union on ``kind``.

Times: ``mono_ns`` orders events of one clock epoch and survives wall-clock steps; ``wall_ns`` is what consent
intervals are compared with. Coordinates are physical pixels; ``x``/``y`` count from the left top corner of the
desktop, ``wx``/``wy`` from that of the window's client area.

These are ``msgspec`` structs, not pydantic models, because they are made at every keystroke (DESIGN §5).
"""

from enum import IntFlag, StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from schemas.sensitivity import Sensitivity, note


def _note(meaning: str, unit: str = "1", sensitivity: Sensitivity = Sensitivity.BEHAVIOUR, **limits: Any) -> Meta:
    return note(meaning, sensitivity, unit, **limits)


class Modality(StrEnum):
    """The three things that a person can agree to, one by one."""

    KEYBOARD = "keyboard"
    POINTER = "pointer"
    SCREEN = "screen"


class ClockSource(StrEnum):
    """Who took an event's time: the input driver or display server, our hook's arrival, or a poll."""

    DRIVER = "driver"
    HOOK = "hook"
    POLL = "poll"


class RedactionState(StrEnum):
    """What redaction did to an event."""

    CLEAN = "clean"  # looked at, nothing found
    REDACTED = "redacted"  # held something that was replaced by a placeholder
    MASKED = "masked"  # pixels filled
    NONE = "none"  # carries nothing that could be redacted


class Modifier(IntFlag):
    """Held modifier keys, by side."""

    LEFT_SHIFT = 1
    RIGHT_SHIFT = 2
    LEFT_CTRL = 4
    RIGHT_CTRL = 8
    LEFT_ALT = 16
    RIGHT_ALT = 32  # AltGr where the layout has it
    LEFT_SUPER = 64
    RIGHT_SUPER = 128


class Lock(IntFlag):
    """Lock states."""

    CAPS = 1
    NUM = 2
    SCROLL = 4


class Button(IntFlag):
    """Pointer buttons, as bits of a mask."""

    LEFT = 1
    MIDDLE = 2
    RIGHT = 4
    BACK = 8
    FORWARD = 16


class GapReason(StrEnum):
    """Why a stretch of time holds no events though consent held."""

    PAUSED = "paused"
    OFF = "off"
    LOCKED = "locked"
    NO_SIGN = "no_sign"
    PASSWORD = "password"  # noqa: S105  # a reason's name, not a secret
    REDACTION_FAILED = "redaction_failed"
    OVERFLOW = "overflow"
    CLOCK_STEP = "clock_step"
    RESTART = "restart"
    DELETED = "deleted"
    DISPLAY_LOST = "display_lost"


class ClipboardType(StrEnum):
    """What kind of thing was copied, cut or pasted."""

    TEXT = "text"
    HTML = "html"  # text with its looks
    IMAGE = "image"
    FILES = "files"
    OTHER = "other"
    UNKNOWN = "unknown"  # the program that holds it did not say


class MaskClass(StrEnum):
    """Why a rectangle of a frame is filled."""

    TEXT = "text"
    OVERLAP = "overlap"  # another window lay over it
    PASSWORD = "password"  # noqa: S105  # a class's name, not a secret
    IMAGE = "image"
    PERSONAL_RULE = "personal_rule"


Natural = Annotated[int, Meta(ge=0)]
Rect = tuple[int, int, int, int]
"""left, top, right, bottom in pixels; right and bottom are not part of it."""


class Span(Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of text that was replaced by a placeholder. Offsets count code points of the *redacted* text."""

    start: Annotated[int, _note("first code point of the placeholder", "code point", Sensitivity.CONTENT, ge=0)]
    end: Annotated[int, _note("one past its last code point", "code point", Sensitivity.CONTENT, ge=0)]
    cls: Annotated[str, _note("what was found, such as EMAIL", sensitivity=Sensitivity.CONTENT)]
    detector: Annotated[str, _note("the rule that found it", sensitivity=Sensitivity.PUBLIC)]
    version: Annotated[int, _note("the rule's version", sensitivity=Sensitivity.PUBLIC)]
    ordinal: Annotated[int, _note("same value, same number within an episode", sensitivity=Sensitivity.CONTENT)]
    length_bucket: Annotated[int, _note("upper end of the length class of what was there; 0: above all", "code point")]


class Element(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What lay under the pointer, as the program itself describes it to assistive technology."""

    role: Annotated[str, _note("its role, such as push button: a name out of at-spi2-core's list, or unknown")]
    name: Annotated[
        str | None,
        _note("its redacted name; null: it has none, or redaction failed", "code point", Sensitivity.CONTENT),
    ]
    spans: Annotated[list[Span], _note("placeholders in the name", sensitivity=Sensitivity.CONTENT)]
    rect: Annotated[Rect, _note("left, top, right, bottom on the desktop", "pixel")]


class Mask(Struct, frozen=True, forbid_unknown_fields=True):
    """A rectangle of a frame whose pixels were replaced by one colour."""

    rect: Annotated[Rect, _note("left, top, right, bottom in the window", "pixel")]
    cls: Annotated[MaskClass, _note("why")]


class Stamp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every event carries."""

    seq: Annotated[
        int,
        _note("sequence in this device's stream, never used twice", sensitivity=Sensitivity.PSEUDONYM, ge=0),
    ]
    mono_ns: Annotated[int, _note("monotonic time", "ns")]
    wall_ns: Annotated[int, _note("Unix time", "ns")]
    epoch: Annotated[int, _note("counts clock epochs: new after start, sleep or a clock step", ge=0)]
    clock: Annotated[ClockSource, _note("who took the time", sensitivity=Sensitivity.PUBLIC)]
    injected: Annotated[bool, _note("came from a synthetic device")]
    app: Annotated[str, _note("policy's id of the app that had focus")]
    window: Annotated[int, _note("number of the window, counted by the agent", ge=0)]
    consent: Annotated[str, _note("digest of the consent record in force", sensitivity=Sensitivity.PSEUDONYM)]
    redaction: Annotated[RedactionState, _note("what redaction did", sensitivity=Sensitivity.PUBLIC)]

    def __repr__(self) -> str:
        """Which event it is, without what somebody did or wrote: a repr may end in a log."""
        return f"{type(self).__name__}(seq={self.seq})"


class KeyEvent(Stamp, frozen=True, kw_only=True, tag_field="kind", tag="keyboard", forbid_unknown_fields=True):
    """One key going down or up.

    Keys whose text lies in a redacted span are not kept at all: their number would tell the length of the secret, and
    their rhythm who typed it. They are counted as dropped with the reason ``redacted``.
    """

    down: Annotated[bool, _note("true: pressed, false: released")]
    repeat: Annotated[bool, _note("the system's auto-repeat made it")]
    usage: Annotated[int | None, _note("USB HID usage on page 7 (HUT 1.5 §10)", sensitivity=Sensitivity.CONTENT)]
    keycode: Annotated[int | None, _note("the platform's own code", sensitivity=Sensitivity.CONTENT)]
    keysym: Annotated[int | None, _note("X11 keysym, or the platform's logical key", sensitivity=Sensitivity.CONTENT)]
    text: Annotated[str | None, _note("text that the press produced", sensitivity=Sensitivity.CONTENT)]
    modifiers: Annotated[int, _note("mask of Modifier: held before this event")]
    locks: Annotated[int, _note("mask of Lock")]
    layout: Annotated[str | None, _note("name of the active layout")]
    segment: Annotated[int | None, _note("number of the text segment that it contributed to")]


class TextEvent(Stamp, frozen=True, kw_only=True, tag_field="kind", tag="text", forbid_unknown_fields=True):
    """The text that a run of keys or text changes came to, redacted; stamped with the time of the first."""

    segment: Annotated[int, _note("number of the segment", ge=0)]
    text: Annotated[str, _note("redacted text", "code point", Sensitivity.CONTENT)]
    spans: Annotated[list[Span], _note("placeholders in it", sensitivity=Sensitivity.CONTENT)]
    complete: Annotated[bool, _note("false: caret moves, a paste or an input method may have changed it")]


class TextDeltaEvent(Stamp, frozen=True, kw_only=True, tag_field="kind", tag="text_delta", forbid_unknown_fields=True):
    """The text of the field that has the focus changed, by the program's own word (AT-SPI ``TextChanged``).

    Never a keystroke: what changed it (a key, an input method, a correction) is not told.
    """

    action: Annotated[Literal["insert", "delete"], _note("what happened to the text")]
    position: Annotated[
        int | None,
        _note(
            "place in the field; null where something in the segment was hidden, whose length it tells", "code point"
        ),
    ]
    length: Annotated[int, _note("how much came or went", "code point", ge=0)]
    text: Annotated[str | None, _note("what was inserted; null for a deletion", "code point", Sensitivity.CONTENT)]
    segment: Annotated[int, _note("number of the text segment that it contributed to", ge=0)]


class PointerEvent(Stamp, frozen=True, kw_only=True, tag_field="kind", tag="pointer", forbid_unknown_fields=True):
    """A move, or a button going down or up."""

    action: Annotated[Literal["move", "down", "up"], _note("what happened")]
    button: Annotated[int | None, _note("Button that changed; null for a move")]
    buttons: Annotated[int, _note("mask of Button held after this event")]
    x: Annotated[int, _note("desktop position", "pixel")]
    y: Annotated[int, _note("desktop position", "pixel")]
    wx: Annotated[int, _note("position in the window", "pixel")]
    wy: Annotated[int, _note("position in the window", "pixel")]
    scale: Annotated[float, _note("the monitor's scale factor")]
    modifiers: Annotated[int, _note("mask of Modifier")]
    element: Annotated[Element | None, _note("what a press met; null: not told, or not a press")] = None


class ScrollEvent(Stamp, frozen=True, kw_only=True, tag_field="kind", tag="scroll", forbid_unknown_fields=True):
    """Scrolling; positive is down and right, as the content moves on under a wheel turned towards the person."""

    dx: Annotated[float, _note("horizontal amount, in `unit`")]
    dy: Annotated[float, _note("vertical amount, in `unit`")]
    unit: Annotated[Literal["notch", "pixel", "line", "page"], _note("unit of dx and dy")]
    x: Annotated[int, _note("desktop position", "pixel")]
    y: Annotated[int, _note("desktop position", "pixel")]
    wx: Annotated[int, _note("position in the window", "pixel")]
    wy: Annotated[int, _note("position in the window", "pixel")]
    modifiers: Annotated[int, _note("mask of Modifier")]


class FocusEvent(Stamp, frozen=True, kw_only=True, tag_field="kind", tag="focus", forbid_unknown_fields=True):
    """An allowed window gained or lost focus, or was moved while it had it. Other windows are never named."""

    gained: Annotated[bool, _note("true: has focus from now on")]
    rect: Annotated[Rect, _note("the window's client area on the desktop: left, top, right, bottom", "pixel")]
    title: Annotated[str | None, _note("redacted title", sensitivity=Sensitivity.CONTENT)]
    spans: Annotated[list[Span], _note("placeholders in the title", sensitivity=Sensitivity.CONTENT)]
    scale: Annotated[float, _note("the monitor's scale factor")]


class FrameEvent(Stamp, frozen=True, kw_only=True, tag_field="kind", tag="frame", forbid_unknown_fields=True):
    """A picture of the window, or of the part that changed, made from masked pixels only."""

    frame: Annotated[int, _note("number of the frame in this device's stream", ge=0)]
    base: Annotated[int | None, _note("frame that `patch` is painted over; null: a key frame, whole by itself")]
    trigger: Annotated[str, _note("why it was taken: focus, before, press, settle, typing, scroll")]
    start_ns: Annotated[int, _note("capture began, monotonic", "ns")]
    end_ns: Annotated[int, _note("capture ended, monotonic", "ns")]
    rect: Annotated[Rect, _note("the whole window on the desktop: left, top, right, bottom", "pixel")]
    patch: Annotated[Rect, _note("the part that the image covers, in the window", "pixel")]
    dirty: Annotated[list[Rect], _note("what changed since `base`, in the window", "pixel")]
    masks: Annotated[list[Mask], _note("filled rectangles, in the window")]
    scale: Annotated[float, _note("the monitor's scale factor")]
    cursor: Annotated[bool, _note("true: the pointer is drawn into it")]
    format: Annotated[Literal["webp"], _note("image format (RFC 9649)", sensitivity=Sensitivity.PUBLIC)]
    sha256: Annotated[str, _note("digest of the image bytes", sensitivity=Sensitivity.CONTENT)]
    offset: Annotated[int, _note("where the image begins in the batch's frame section", "byte", ge=0)]
    size: Annotated[int, _note("its length", "byte", ge=0)]
    press: Annotated[
        int | None, _note("for `press` and `settle`: `seq` of the press that it belongs to, if that was kept")
    ] = None


class ClipboardEvent(Stamp, frozen=True, kw_only=True, tag_field="kind", tag="clipboard", forbid_unknown_fields=True):
    """Something was copied, cut or pasted. What it was is never asked for."""

    action: Annotated[Literal["copy", "cut", "paste"], _note("what happened, as far as the keys before it tell")]
    content_type: Annotated[ClipboardType, _note("what kind of thing", sensitivity=Sensitivity.CONTENT)]
    length_bucket: Annotated[
        int | None,
        _note("upper end of the length class, 0: above all; null: not known, and never read to know it", "code point"),
    ]


class GapEvent(Stamp, frozen=True, kw_only=True, tag_field="kind", tag="gap", forbid_unknown_fields=True):
    """A stretch without events, with its reason, so that silence is never mistaken for stillness."""

    reason: Annotated[GapReason, _note("why")]
    until_ns: Annotated[int, _note("end of the gap, monotonic; equal to mono_ns where it has no length", "ns")]
    count: Annotated[int, _note("observations dropped in it", ge=0)]


Event = (
    KeyEvent
    | TextEvent
    | PointerEvent
    | ScrollEvent
    | FocusEvent
    | FrameEvent
    | ClipboardEvent
    | GapEvent
    | TextDeltaEvent
)
EVENT_TYPES: tuple[type[Stamp], ...] = (
    KeyEvent,
    TextEvent,
    PointerEvent,
    ScrollEvent,
    FocusEvent,
    FrameEvent,
    ClipboardEvent,
    GapEvent,
    TextDeltaEvent,
)

MODALITY_OF: dict[type[Stamp], Modality | None] = {
    KeyEvent: Modality.KEYBOARD,
    TextEvent: Modality.KEYBOARD,
    PointerEvent: Modality.POINTER,
    ScrollEvent: Modality.POINTER,
    FocusEvent: None,  # needs consent to any modality in that app
    FrameEvent: Modality.SCREEN,
    ClipboardEvent: Modality.KEYBOARD,
    GapEvent: None,
    TextDeltaEvent: Modality.KEYBOARD,
}
"""Which modality a person must have agreed to for an event of this type to exist."""


MAX_COUNTED_NAMES = 64
"""Names in one level of a loss account: three modalities and some thirty reasons. More would only cost memory."""

_Counts = Annotated[dict[str, int], Meta(max_length=MAX_COUNTED_NAMES)]


class LossAccount(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was observed and what became of it, by modality: ``seen = kept + sum(dropped)``, always."""

    seen: Annotated[_Counts, _note("observations that reached the agent, by modality")]
    kept: Annotated[_Counts, _note("those of them that became events, by modality")]
    dropped: Annotated[dict[str, _Counts], _note("the others, by modality and reason", max_length=MAX_COUNTED_NAMES)]

    def balances(self) -> bool:
        """True if every modality's ``seen`` is what was kept plus what was dropped."""
        names = self.seen.keys() | self.kept.keys() | self.dropped.keys()
        return all(self.seen.get(n, 0) == self.kept.get(n, 0) + sum(self.dropped.get(n, {}).values()) for n in names)


def kind_of(event_type: type[Stamp]) -> str:
    """The tag of an event type: ``keyboard`` or ``text``, say."""
    tag = event_type.__struct_config__.tag
    if not isinstance(tag, str):
        raise TypeError(event_type)
    return tag


def to_builtins(event: Stamp) -> dict[str, Any]:
    """An event as plain JSON-able data, ``kind`` included."""
    plain: dict[str, Any] = msgspec.to_builtins(event)
    return plain
