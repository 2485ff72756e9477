"""A typed segment through the redaction's door: the redacted text, and which keys must not be kept."""

from msgspec import Struct

from agent.core.redact.spans import Placed, Span
from agent.core.redact.text import TextRedactor
from agent.core.text import Char, End, Segment, as_text

LEFT, MAX_LEFT = 256, 4_096
"""Code points of the text before that are looked at again: as many as tell what a value is, and the whole of one that
is longer, a token or a signed one, up to the length of a segment."""
HALF = 128
"""Code points on either side of the caret that go where a segment ended amid a line: the most of a value that was
typed so far, but for a private key, which its first line tells."""
UNFINISHED = "UNFINISHED"
"""Class of what is dropped on doubt."""
KEY_BEGINS, KEY_HEAD = "-----BEGIN ", 64
"""How a private key begins (RFC 7468), and code points of its first line at most."""
TOUCHING = frozenset({End.IDLE, End.LENGTH})
"""Ends after which the next segment goes on where this one was left."""


class RedactedSegment(Struct, frozen=True):
    """What may be kept of a segment.

    Attributes:
        text: with placeholders.
        spans: where they stand.
        secret: indexes of the key events that typed something to hide, of everything between the first and the last
            of them, modifiers and corrections included, and of those that erased it, for their number would tell its
            length.
    """

    text: str
    spans: list[Placed]
    secret: frozenset[int]

    def hides(self, key: int) -> bool:
        """True if the key event of this index must not be kept."""
        return key in self.secret


class Left(Struct, frozen=True):
    """What was typed in the same place before the segment. Raw: for redaction only.

    Attributes:
        text: the end of it.
        touches: the segment goes on where it ended; otherwise the caret may have been moved in between.
    """

    text: str = ""
    touches: bool = True

    def __repr__(self) -> str:
        """Nothing of its text."""
        return f"<Left of {len(self.text)} code points>"


NOTHING_LEFT = Left()


def redact_segment(segment: Segment, redactor: TextRedactor, left: Left = NOTHING_LEFT) -> RedactedSegment:
    """Look at the final text and at every draft; a key is hidden if it typed or erased part of a find in any of them.

    Where the segment ended amid a line, what stands at the caret goes too: it may be the first half of something.

    Raises:
        RedactionFailed: a detector failed; the segment must be dropped.
    """
    final = as_text(segment.final)
    found = [*_found(final, redactor, left), *_half(final, segment)]
    typed = _keys(segment.final, found)
    for draft in segment.drafts:
        typed |= _keys(draft, _found(as_text(draft), redactor, left))
    if segment.unfinished:
        typed |= set(range(min(_keys(segment.final, _half(final, segment)), default=segment.keys), segment.keys))
    erasers = {eraser for eraser, erased in segment.erasures if erased in typed}
    done = redactor.replace(final, found)
    return RedactedSegment(done.text, done.spans, frozenset(typed | erasers))


def left_by(segment: Segment, before: Left) -> Left:
    """What the next segment in the same place has on its left."""
    text = before.text * before.touches + as_text(segment.final[: segment.caret])
    return Left(_end_of(text), segment.end in TOUCHING)


def _end_of(text: str) -> str:
    """Its end from where a word begins; of a private key the first line too, which alone tells what follows."""
    start = max(0, len(text) - LEFT)
    while start > max(0, len(text) - MAX_LEFT) and not text[start - 1].isspace():
        start -= 1
    head = text.rfind(KEY_BEGINS)
    return text[start:] if head < 0 or head >= start else text[head:][:KEY_HEAD] + text[start:]


def _found(text: str, redactor: TextRedactor, left: Left) -> list[Span]:
    if not left.text:
        return redactor.find(text)
    alone = [] if left.touches else redactor.find(text)
    return [*redactor.find_after(left.text, text), *alone]


def _half(final: str, segment: Segment) -> list[Span]:
    """The line at the caret, or its nearer part, of a segment that ended amid it."""
    if not segment.unfinished:
        return []
    start = max(final.rfind("\n", 0, segment.caret) + 1, segment.caret - HALF)
    while start and not final[start - 1].isspace():
        start -= 1
    end = final.find("\n", segment.caret)
    return [Span(start, min(end if end >= 0 else len(final), segment.caret + HALF), UNFINISHED, "unfinished", 1)]


def _keys(chars: tuple[Char, ...], found: list[Span]) -> set[int]:
    stretches = ([c.key for c in chars[span.start : span.end]] for span in found)
    return {key for keys in stretches if keys for key in range(min(keys), max(keys) + 1)}
