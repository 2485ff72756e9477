"""Events of simulated devices: real structs with plausible values, sequence numbers counted up."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal

from schemas.events import (
    ClipboardEvent,
    ClipboardType,
    ClockSource,
    Event,
    FocusEvent,
    FrameEvent,
    GapEvent,
    GapReason,
    KeyEvent,
    LossAccount,
    PointerEvent,
    RedactionState,
    ScrollEvent,
    Span,
    TextDeltaEvent,
    TextEvent,
)

STEP_NS = 100_000_000
"""Between two events whose time the caller does not say."""
PointerAction = Literal["move", "down", "up"]
WINDOW = (100, 100, 900, 700)


class EventMaker:
    """Makes one device's events. Every method takes `at` (Unix ns), `app`, `window` and `consent` by keyword.

    Without `at`, events follow each other at `STEP_NS` from the start on.
    """

    def __init__(self, start_ns: int, consent: Callable[[], str]) -> None:
        self.start_ns = start_ns
        self.next_ns = start_ns
        self.seq = 0
        self.frames = 0
        self.segments = 0
        self._consent = consent

    def key(self, text: str | None, *, down: bool = True, segment: int | None = None, **stamp: Any) -> KeyEvent:
        """One key going down or up; `text` None is a key inside a redacted span."""
        code = None if text is None else ord(text[0]) if text else 0
        return KeyEvent(
            **self._stamp(stamp),
            down=down,
            repeat=False,
            usage=None if text is None else 4,
            keycode=None if code is None else code % 248 + 8,
            keysym=code,
            text=text if down else None,
            modifiers=0,
            locks=0,
            layout="us",
            segment=segment,
        )

    def text(self, text: str, *, spans: Sequence[Span] = (), segment: int | None = None, **stamp: Any) -> TextEvent:
        """A segment of typed text, with its placeholders."""
        number = self._segment() if segment is None else segment
        state = RedactionState.REDACTED if spans else RedactionState.CLEAN
        common = self._stamp({"redaction": state} | stamp)
        return TextEvent(**common, segment=number, text=text, spans=list(spans), complete=True)

    def typing(self, text: str, **stamp: Any) -> list[Event]:
        """Each character's key down and up, then the segment that they come to."""
        number = self._segment()
        keys = [self.key(c, down=d, segment=number, **stamp) for c in text for d in (True, False)]
        return [*keys, self.text(text, segment=number, **stamp)]

    def written(self, text: str, **stamp: Any) -> list[Event]:
        """Each character told as a change of text, then the segment that they come to."""
        number = self._segment()
        deltas = [
            TextDeltaEvent(**self._stamp(dict(stamp)), action="insert", position=at, length=1, text=c, segment=number)
            for at, c in enumerate(text)
        ]
        return [*deltas, self.text(text, segment=number, **stamp)]

    def pointer(self, action: PointerAction = "move", x: int = 200, y: int = 200, **stamp: Any) -> PointerEvent:
        """A move, or the left button."""
        return PointerEvent(
            **self._stamp(stamp),
            action=action,
            button=None if action == "move" else 1,
            buttons=1 if action == "down" else 0,
            x=x,
            y=y,
            wx=x - WINDOW[0],
            wy=y - WINDOW[1],
            scale=1.0,
            modifiers=0,
        )

    def scroll(self, dy: float = 1.0, **stamp: Any) -> ScrollEvent:
        """One notch of the wheel."""
        common = self._stamp(stamp)
        return ScrollEvent(**common, dx=0.0, dy=dy, unit="notch", x=200, y=200, wx=100, wy=100, modifiers=0)

    def focus(self, *, gained: bool = True, title: str | None = None, **stamp: Any) -> FocusEvent:
        """A window gaining or losing focus."""
        return FocusEvent(**self._stamp(stamp), gained=gained, rect=WINDOW, title=title, spans=[], scale=1.0)

    def frame(self, image: bytes, *, offset: int = 0, size: tuple[int, int] = (800, 600), **stamp: Any) -> FrameEvent:
        """A key frame whose image lies at `offset` of the batch's frame section."""
        common = self._stamp({"redaction": RedactionState.MASKED} | stamp)
        number, self.frames = self.frames, self.frames + 1
        return FrameEvent(
            **common,
            frame=number,
            base=None,
            trigger="focus",
            start_ns=common["mono_ns"],
            end_ns=common["mono_ns"] + 1_000_000,
            rect=(WINDOW[0], WINDOW[1], WINDOW[0] + size[0], WINDOW[1] + size[1]),
            patch=(0, 0, *size),
            dirty=[],
            masks=[],
            scale=1.0,
            cursor=False,
            format="webp",
            sha256=hashlib.sha256(image).hexdigest(),
            offset=offset,
            size=len(image),
        )

    def clipboard(self, action: Literal["copy", "cut", "paste"] = "copy", **stamp: Any) -> ClipboardEvent:
        """Some text copied, cut or pasted."""
        common = self._stamp(stamp)
        return ClipboardEvent(**common, action=action, content_type=ClipboardType.TEXT, length_bucket=None)

    def gap(self, reason: GapReason = GapReason.PAUSED, *, count: int = 0, **stamp: Any) -> GapEvent:
        """A stretch without events."""
        common = self._stamp(stamp)
        return GapEvent(**common, reason=reason, until_ns=common["mono_ns"] + STEP_NS, count=count)

    def _segment(self) -> int:
        self.segments += 1
        return self.segments - 1

    def _stamp(self, given: dict[str, Any]) -> dict[str, Any]:
        wall = given.pop("at", self.next_ns) if "at" in given else self.next_ns
        self.next_ns = wall + STEP_NS
        self.seq += 1
        plain = {
            "seq": self.seq - 1,
            "mono_ns": wall - self.start_ns + 1_000 * STEP_NS,
            "wall_ns": wall,
            "epoch": 0,
            "clock": ClockSource.DRIVER,
            "injected": False,
            "app": "mail",
            "window": 1,
            "redaction": RedactionState.NONE,
        }
        return {**plain, "consent": given["consent"] if "consent" in given else self._consent(), **given}


def account_of(events: Sequence[Event]) -> LossAccount:
    """An account in which all that was seen was kept. Text comes from keys, focus and gaps are not observed input."""
    names = {
        KeyEvent: "keyboard",
        ClipboardEvent: "keyboard",
        TextDeltaEvent: "keyboard",
        PointerEvent: "pointer",
        ScrollEvent: "pointer",
        FrameEvent: "screen",
    }
    kept = dict(Counter(names[type(e)] for e in events if type(e) in names))
    return LossAccount(seen=dict(kept), kept=kept, dropped={})
