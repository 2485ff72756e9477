"""Changes of a field's text to typed text: what :mod:`agent.core.text` does for keys, for programs that tell of text.

A segment is one stretch of the field in which a person writes. Where a change lies elsewhere in the field, another
segment begins; what is deleted in the stretch is remembered as a draft, and what was there before is not known.
"""

from agent.core.observe import TextObserved
from agent.core.text import FULL_CHARS, IDLE_NS, MAX_CHARS, MAX_DRAFTS, MAX_KEYS, Char, End, Segment, patience_ns


class Editor:
    """Follows the changes of one segment. Give it every change of the field in order.

    Args:
        number: of the segment.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.keys = 0  # changes so far; named as of :class:`agent.core.text.Typist`
        self.complete = True
        self.last_ns = 0
        self._field: int | None = None
        self._start = 0  # where in the field the stretch begins
        self._caret = 0  # in the stretch, after the last change
        self._line: list[Char] = []
        self._drafts: list[tuple[Char, ...]] = []
        self._erasures: list[tuple[int, int]] = []
        self._overflowed = self._erasing = False

    def continues(self, change: TextObserved) -> bool:
        """Whether a change belongs to this stretch: it begins in it or at its ends, and ends no later."""
        if self._field is None:
            return True
        if change.field != self._field:
            return False
        first, last = self._start, self._start + len(self._line)
        if change.action == "insert":
            return first <= change.position <= last
        return first <= change.position and change.position + change.length <= last

    def press(self, change: TextObserved) -> End | None:
        """Take a change that :meth:`continues` the stretch; tells if the segment ends *with* it."""
        index = self.keys
        self.keys += 1
        self.last_ns = change.mono_ns
        if self._field is None:
            self._field, self._start = change.field, change.position
        if change.action == "insert":
            self._insert(change, index)
        else:
            self._delete(change, index)
        size = len(self._line)
        full = size >= MAX_CHARS or self.keys >= MAX_KEYS or (size >= FULL_CHARS and self.patience_ns == IDLE_NS)
        return End.LENGTH if full else None

    @property
    def patience_ns(self) -> int:
        """How long after its last change the segment may wait for the next."""
        return patience_ns(self._line, self._caret)

    def finish(self, end: End) -> Segment:
        """The segment as it stands."""
        return Segment(
            number=self.number,
            final=tuple(self._line),
            drafts=tuple(self._drafts),
            overflowed=self._overflowed,
            complete=self.complete,
            end=end,
            erasures=tuple(self._erasures),
            caret=self._caret,
            keys=self.keys,
        )

    def _insert(self, change: TextObserved, index: int) -> None:
        self._erasing = False
        at = change.position - self._start
        new = [Char(char, index) for char in change.text or ""]
        self._line[at:at] = new
        self._caret = at + len(new)

    def _delete(self, change: TextObserved, index: int) -> None:
        at = change.position - self._start
        gone = self._line[at : at + change.length]
        if len(gone) < change.length:
            self.complete = False  # it deleted text that was there before this segment
        if gone and not self._erasing:
            self._remember()
        self._erasing = True
        self._erasures += [(index, char.key) for char in gone]
        del self._line[at : at + change.length]
        self._caret = at

    def _remember(self) -> None:
        if len(self._drafts) >= MAX_DRAFTS:
            self._overflowed = True
        else:
            self._drafts.append(tuple(self._line))
