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


def redact_segment(segment: Segment, redactor: TextRedactor) -> RedactedSegment:
    """Look at the final text and at every draft; a key is hidden if it typed or erased part of a find in any of them.

    Raises:
        RedactionFailed: a detector failed; the segment must be dropped.
    """
    typed = {key for draft in (segment.final, *segment.drafts) for key in _secret_keys(draft, redactor)}
    erasers = {eraser for eraser, erased in segment.erasures if erased in typed}
    done = redactor.redact(as_text(segment.final))
    return RedactedSegment(done.text, done.spans, frozenset(typed | erasers))


def _secret_keys(chars: tuple[Char, ...], redactor: TextRedactor) -> set[int]:
    found = redactor.find(as_text(chars))
    stretches = ([c.key for c in chars[span.start : span.end]] for span in found)
    return {key for keys in stretches if keys for key in range(min(keys), max(keys) + 1)}
