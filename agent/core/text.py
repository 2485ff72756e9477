"""Keys to typed text: a segment is what a person typed in one place without a break.

A segment is held in memory until a safe boundary (another window, a pause, a click, a caret move that leaves the known
text, or its greatest length), so that no secret is split between two looks. While it grows, backspace and the arrow
keys are followed. Text that was deleted again is remembered as *drafts*, because a password that was typed and erased
is still a password: redaction looks at the final text and at every draft.
"""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from agent.core.observe import KeyObserved
from schemas.events import Modifier

IDLE_NS = 8_000_000_000
"""Nanoseconds without a key after which a segment ends whose last line is finished."""
UNFINISHED_NS = 60_000_000_000
"""The same in the middle of a line: longer than people stop to look up the rest of a number."""
FULL_CHARS, MAX_CHARS = 3_000, 4_000
"""Code points at which a segment ends with the next line, and by force: more than the longest private key."""
MAX_DRAFTS = 64
"""Deleted stretches remembered; past this, the whole segment is treated as a secret."""
MAX_KEYS = 20_000
"""Key events of one segment: held modifiers and arrow keys must not fill memory."""

_ERASING = {0xFF08: -1, 0xFFFF: 0}
"""BackSpace and Delete: the place of the character that goes, seen from the caret."""
_MOVING = {0xFF51: -1, 0xFF53: 1}
"""Left and Right: where the caret goes."""
_BREAKS = {0xFF0D: "\n", 0xFF8D: "\n", 0xFF09: "\t"}
"""Return, keypad Enter and Tab: what they type, whatever text the layout gives them."""
_ENDS_LINE = frozenset(_BREAKS.values())
_LEAVING = frozenset({0xFF50, 0xFF52, 0xFF54, 0xFF55, 0xFF56, 0xFF57, 0xFF1B})
"""Home, Up, Down, Page Up, Page Down, End, Escape: the caret goes where this text is not known."""
_CTRL = Modifier.LEFT_CTRL | Modifier.RIGHT_CTRL
_ALT = Modifier.LEFT_ALT
_SUPER = Modifier.LEFT_SUPER | Modifier.RIGHT_SUPER


class End(StrEnum):
    """Why a segment ended."""

    FOCUS = "focus"
    IDLE = "idle"
    CLICK = "click"
    CARET = "caret"
    LENGTH = "length"
    CLOSED = "closed"


_FORCED = frozenset({End.IDLE, End.LENGTH})
"""Ends at which the person may type on where they were."""


class Char(Struct, frozen=True):
    """A character on the way, and the key event that made it."""

    char: str
    key: int  # index among the segment's key events

    def __repr__(self) -> str:
        """Nothing of the character."""
        return f"<Char by key {self.key}>"


_METHOD_KEYS = range(0xFF21, 0xFF40)
"""Keysyms ``Kanji`` to ``Hangul_Special`` of X11's ``keysymdef.h``: they switch and steer input methods."""


class Segment(Struct, frozen=True):
    """A finished segment. Raw: for redaction only."""

    number: int
    final: tuple[Char, ...]
    drafts: tuple[tuple[Char, ...], ...]
    overflowed: bool  # more drafts than are remembered: nothing of it may be kept
    complete: bool
    end: End
    erasures: tuple[tuple[int, int], ...] = ()  # the key that erased a character, and the key that had typed it
    caret: int = 0  # where it stood in the final text
    keys: int = 0  # key events of the segment

    @property
    def unfinished(self) -> bool:
        """True if it ended by time or length amid a line: what stands at the caret may be half of something."""
        return self.end in _FORCED and (self.caret < len(self.final) or not _at_break(self.final))

    def __repr__(self) -> str:
        """Nothing of its text."""
        return f"<Segment {self.number}>"


class Typist:
    """Follows the keys of one segment. Give it every key event of the window in order.

    Args:
        number: of the segment.
        composes: an input method may write there what no key tells.
    """

    def __init__(self, number: int, *, composes: bool = False) -> None:
        self.number = number
        self.composes = composes
        self.keys = 0
        self.complete = not composes
        self._line: list[Char] = []
        self._caret = 0
        self._drafts: list[tuple[Char, ...]] = []
        self._erasures: list[tuple[int, int]] = []
        self._overflowed = False
        self._erasing = False
        self.last_ns = 0

    def press(self, key: KeyObserved) -> End | None:
        """Take a key event; tells if the segment ends *with* it."""
        index = self.keys
        self.keys += 1
        # Repeats are reckoned from the system's rate, not heard; a key for input methods may begin anything.
        self.complete = self.complete and not key.repeat and (key.keysym or 0) not in _METHOD_KEYS
        self.last_ns = key.mono_ns
        if not key.down:
            return End.LENGTH if self.keys >= MAX_KEYS else None
        if _commands(key):
            return self._command()
        return self._edit(key, index)

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

    @property
    def patience_ns(self) -> int:
        """How long after its last key the segment may wait for the next."""
        return patience_ns(self._line, self._caret)

    def _edit(self, key: KeyObserved, index: int) -> End | None:
        if key.keysym in _LEAVING:
            return End.CARET
        if key.keysym in _ERASING:
            return self._erase(self._caret + _ERASING[key.keysym], index)
        if key.keysym in _MOVING:
            return self._move(_MOVING[key.keysym])
        text = _BREAKS.get(key.keysym or 0, key.text)
        return self._type(text, index) if text else None

    def _type(self, text: str, index: int) -> End | None:
        self._erasing = False
        if key_is_command_text(text):
            return self._command()
        for char in text:
            self._line.insert(self._caret, Char(char, index))
            self._caret += 1
        size = len(self._line)
        full = size >= MAX_CHARS or self.keys >= MAX_KEYS
        return End.LENGTH if full or (size >= FULL_CHARS and self.patience_ns == IDLE_NS) else None

    def _erase(self, position: int, index: int) -> End | None:
        if not 0 <= position < len(self._line):
            self.complete = False  # it deleted text that was there before this segment
            return None
        if not self._erasing:
            self._remember()
        self._erasing = True
        self._erasures.append((index, self._line.pop(position).key))
        self._caret = position
        return None

    def _move(self, step: int) -> End | None:
        self._erasing = False
        self._caret += step
        return None if 0 <= self._caret <= len(self._line) else End.CARET

    def _command(self) -> End | None:
        """Ctrl+V, Ctrl+A and the like may change the text in ways that keys do not tell."""
        self.complete = False
        self._remember()
        return None

    def _remember(self) -> None:
        if len(self._drafts) >= MAX_DRAFTS:
            self._overflowed = True
        elif self._line:
            self._drafts.append(tuple(self._line))


def patience_ns(chars: Sequence[Char], caret: int) -> int:
    """How long a segment may wait for more: until a line is finished, much longer."""
    return IDLE_NS if caret == len(chars) and _at_break(chars) else UNFINISHED_NS


def _at_break(chars: Sequence[Char]) -> bool:
    """True if nothing was typed, or the last of it ended a line or a field."""
    return not chars or chars[-1].char in _ENDS_LINE


def _commands(key: KeyObserved) -> bool:
    """True if modifiers make the key a command. Alt alone (macOS), and Ctrl with Alt (Windows), may type characters."""
    if key.modifiers & _SUPER or (key.modifiers & _CTRL and not key.modifiers & _ALT):
        return True
    types = bool(key.text and key.text.isprintable() and len(key.text) == 1)
    return bool(key.modifiers & (_CTRL | _ALT)) and not types


def key_is_command_text(text: str) -> bool:
    """True for control characters, which a layout gives for Ctrl+letter; Enter and Tab are told by keysym."""
    return any(ord(c) < ord(" ") or ord(c) == 0x7F for c in text) and text not in ("\n", "\t")  # noqa: PLR2004


def as_text(chars: Sequence[Char]) -> str:
    """The plain text of a stretch. Raw: for redaction only."""
    return "".join(c.char for c in chars)
