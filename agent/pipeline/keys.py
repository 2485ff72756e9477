"""Keys and changes of text in the line: they wait for their segment, then what typed something to hide is dropped."""

from dataclasses import dataclass, field

from agent.core.editing import Editor
from agent.core.observe import KeyObserved, TextObserved
from agent.core.redact.errors import RedactionFailed
from agent.core.redact.segment import NOTHING_LEFT, RedactedSegment, left_by, redact_segment
from agent.core.redact.text import TextRedactor
from agent.core.text import End, Segment, Typist
from agent.pipeline.build import key_event, spans_of, text_delta_event
from agent.pipeline.slots import Line, Slot
from agent.pipeline.stamps import Ground, Moment
from schemas.events import Modality, RedactionState, TextEvent

_APART = frozenset({End.FOCUS, End.CLOSED})
"""Ends after which nothing that was typed is kept in mind."""
REDACTED = "redacted"
FAILED = "redaction_failed"


Written = KeyObserved | TextObserved
"""What a segment is joined from: keys, or the changes that a program tells of. Never both."""


def _same_place(a: Ground, b: Ground) -> bool:
    """True if both are one gate's: a window that only moved or changed its title does not end what is being typed.

    Many programs put the text into the title as it is typed; a segment that ended there would split secrets.
    """
    return (a.number, a.since, a.authority, a.timing) == (b.number, b.since, b.authority, b.timing)


@dataclass
class _Open:
    """The segment being typed."""

    ground: Ground
    typist: Typist | Editor
    text: Slot
    began: Moment
    keys: list[tuple[Slot, Written]] = field(default_factory=list)

    def takes(self, ground: Ground, seen: Written) -> bool:
        """Whether this goes on with what is being typed."""
        if not _same_place(self.ground, ground):
            return False
        if isinstance(self.typist, Editor):
            return isinstance(seen, TextObserved) and self.typist.continues(seen)
        return isinstance(seen, KeyObserved)

    def press(self, seen: Written) -> End | None:
        """Take what :meth:`takes` lets in; tells if the segment ends with it."""
        if isinstance(self.typist, Editor):
            assert isinstance(seen, TextObserved)  # noqa: S101  # as takes() saw to
            return self.typist.press(seen)
        assert isinstance(seen, KeyObserved)  # noqa: S101  # the same
        return self.typist.press(seen)


class KeyRow:
    """Joins keys into segments, one at a time.

    Args:
        line: where keys wait.
        redactor: of the episode.
    """

    def __init__(self, line: Line, redactor: TextRedactor) -> None:
        self._line = line
        self._redactor = redactor
        self._open: _Open | None = None
        self._left = NOTHING_LEFT
        self._place: Ground | None = None  # where that was typed
        self._number = 0
        self._down: set[int] = set()  # keycodes whose press was hidden: their release says as much
        self.failures = 0  # in a row

    def press(self, ground: Ground, key: Written) -> None:
        """Take a key event, or a change of text, that the gate let through."""
        if self._open is not None and not self._open.takes(ground, key):
            self.finish(End.FOCUS if not _same_place(self._open.ground, ground) else End.CARET)
        if self._open is None:
            if self._place is None or not _same_place(self._place, ground):
                self._left = NOTHING_LEFT
            self._begin(ground, key)
        current = self._open
        assert current is not None  # noqa: S101  # _begin has just made it
        current.keys.append((self._line.join(Slot(Modality.KEYBOARD, key.mono_ns)), key))
        if end := current.press(key):
            self.finish(end)

    def finish(self, end: End) -> None:
        """The segment under way, if any, ends here: redact it and decide each of its keys."""
        current, self._open = self._open, None
        if current is None:
            self._left = NOTHING_LEFT if end in _APART else self._left
            return
        segment = current.typist.finish(end)
        current.text.at_ns = current.typist.last_ns  # it tells of every key
        self._place = current.ground
        left, self._left = self._left, NOTHING_LEFT if end in _APART else left_by(segment, self._left)
        try:
            redacted = redact_segment(segment, self._redactor, left)
        except RedactionFailed:
            self.failures += 1
            self._drop(current, FAILED)
            return
        self.failures = 0
        if segment.overflowed:
            self._drop(current, REDACTED)
            return
        self._decide(current, segment, redacted)

    def deadline_ns(self) -> int | None:
        """When the segment ends by idleness."""
        return self._open.typist.last_ns + self._open.typist.patience_ns if self._open else None

    def retract(self, since_ns: int, reason: str) -> None:
        """Of what is being typed, keep what was typed before that time; the segment ends there."""
        current = self._open
        if current is None or current.typist.last_ns < since_ns:
            return
        keys, current.keys = current.keys, []
        current.typist = _typist(current.typist.number, current.ground, keys[0][1])
        for slot, key in keys:
            if key.mono_ns < since_ns:
                current.press(key)
                current.keys.append((slot, key))
            else:
                slot.drop(reason)
        self.finish(End.FOCUS)

    def wipe(self) -> None:
        """Forget what is being typed. The slots stay in the line, to be dropped there."""
        self._open, self._left = None, NOTHING_LEFT
        self._down.clear()

    def _begin(self, ground: Ground, key: Written) -> None:
        self._number += 1
        text = self._line.join(Slot(None, key.mono_ns))
        typist = _typist(self._number, ground, key)
        self._open = _Open(ground, typist, text, Moment(key.mono_ns, key.wall_ns))

    @staticmethod
    def _drop(current: _Open, reason: str) -> None:
        current.text.drop(reason)
        for slot, _ in current.keys:
            slot.drop(reason)

    def _decide(self, current: _Open, segment: Segment, redacted: RedactedSegment) -> None:
        clean = not redacted.spans and not redacted.secret
        for index, (slot, key) in enumerate(current.keys):
            if self._hidden(redacted.hides(index), key):
                slot.drop(REDACTED)
            elif isinstance(key, KeyObserved):
                slot.keep(key_event(current.ground, key, segment.number))
            else:
                slot.keep(text_delta_event(current.ground, key, segment.number, placed=clean))
        current.keys.clear()
        if segment.final:
            self._keep_text(current, segment, redacted)
        else:
            current.text.drop("empty")

    def _hidden(self, in_span: bool, key: Written) -> bool:  # noqa: FBT001  # reads as a sentence
        if isinstance(key, TextObserved):
            return in_span
        if in_span and key.down:
            self._down.add(key.keycode)
        elif not key.down and key.keycode in self._down:
            self._down.discard(key.keycode)
            return True
        return in_span

    @staticmethod
    def _keep_text(current: _Open, segment: Segment, redacted: RedactedSegment) -> None:
        state = RedactionState.REDACTED if redacted.spans else RedactionState.CLEAN
        common = current.ground.stamp(current.began, state)
        current.text.keep(
            lambda seq: (
                TextEvent(
                    seq=seq,
                    **common,
                    segment=segment.number,
                    text=redacted.text,
                    spans=spans_of(redacted.spans),
                    complete=segment.complete,
                ),
                b"",
            )
        )


def _typist(number: int, ground: Ground, first: Written) -> Typist | Editor:
    """What joins a segment that begins with this."""
    if isinstance(first, TextObserved):
        return Editor(number)
    return Typist(number, composes=ground.gate.window.composes)
