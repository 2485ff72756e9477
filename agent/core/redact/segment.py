"""A typed segment through the redaction's door: the redacted text, and which keys must not be kept."""

from msgspec import Struct

from agent.core.redact.spans import Placed
from agent.core.redact.text import TextRedactor
from agent.core.text import Char, Segment, as_text


class RedactedSegment(Struct, frozen=True):
    """What may be kept of a segment.

    Attributes:
        text: with placeholders.
        spans: where they stand.
        secret: first and last key index (inclusive) of each stretch of keys that typed something to hide. Everything
            between the two goes, modifiers and corrections included; and so does each key that erased a character of
            it, for their number would tell its length.
    """

    text: str
    spans: list[Placed]
    secret: list[tuple[int, int]]

    def hides(self, key: int) -> bool:
        """True if the key event of this index must not be kept."""
        return any(first <= key <= last for first, last in self.secret)


def redact_segment(segment: Segment, redactor: TextRedactor) -> RedactedSegment:
    """Look at the final text and at every draft; a key is hidden if it typed or erased part of a find in any of them.

    Raises:
        RedactionFailed: a detector failed; the segment must be dropped.
    """
    secret = [stretch for draft in (segment.final, *segment.drafts) for stretch in _secret_keys(draft, redactor)]
    done = redactor.redact(as_text(segment.final))
    hidden = {key for first, last in secret for key in range(first, last + 1)}
    erasers = [(eraser, eraser) for eraser, typed in segment.erasures if typed in hidden and eraser not in hidden]
    return RedactedSegment(done.text, done.spans, secret + erasers)


def _secret_keys(chars: tuple[Char, ...], redactor: TextRedactor) -> list[tuple[int, int]]:
    found = redactor.find(as_text(chars))
    stretches = ([c.key for c in chars[span.start : span.end]] for span in found)
    return [(min(keys), max(keys)) for keys in stretches if keys]
