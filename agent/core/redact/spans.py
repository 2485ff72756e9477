"""Where something was found, and how it is replaced by a typed placeholder."""

import hashlib
import unicodedata
from collections.abc import Iterable

import msgspec

OPEN, CLOSE = "⟨", "⟩"
ESCAPED_OPEN = OPEN + CLOSE
"""How a bracket that the person typed is written. A placeholder always has a capital letter after its
bracket, so this cannot be one, for a parser or for a plain search; and it can be undone without loss."""
MIN_KEY_BYTES = 16
"""Shorter keys would let someone guess e-mail addresses from digests in a memory image."""
MAX_ORDINALS = 65_536
"""Values told apart in one episode (about 6 MB of digests); any further value shares ordinal 0."""
LENGTH_BUCKETS = (4, 8, 16, 32, 64)
"""Upper ends of the length classes, in code points; the exact length of a password helps to guess it."""

STRENGTH = (
    "PRIVATE_KEY", "SEED", "PASSWORD", "TOKEN", "SECRET", "CARD", "CVV", "OTP", "IBAN", "ACCOUNT", "NATID",
    "DOB", "CRYPTO", "EMAIL", "PHONE", "IP", "MAC", "ADDRESS", "PERSON",
)  # fmt: skip
"""Classes from the strongest to the weakest: what an overlap is called. Unknown classes come last."""
_RANK = {name: rank for rank, name in enumerate(STRENGTH)}
_EXACT = frozenset({"PRIVATE_KEY", "SEED", "PASSWORD", "TOKEN", "SECRET"})


class Span(msgspec.Struct, frozen=True, order=True):
    """A stretch of text that must go.

    Attributes:
        start: first code point.
        end: one past the last code point.
        cls: what it is, e.g. ``EMAIL``.
        detector: id of the rule that found it.
        version: version of that rule's file.
    """

    start: int
    end: int
    cls: str
    detector: str
    version: int


class Placed(msgspec.Struct, frozen=True):
    """A placeholder in redacted text.

    Attributes:
        start: first code point of the placeholder in the redacted text.
        end: one past its last.
        cls: what was there.
        ordinal: which value of that class within the episode, from 1; 0 when too many to tell apart.
        length: upper end of the length class of what was there; 0 means longer than the last class.
        detector: id of the rule that found it.
        version: version of that rule's file.
    """

    start: int
    end: int
    cls: str
    ordinal: int
    length: int
    detector: str
    version: int


class Ordinals:
    """Numbers equal values alike within an episode, without keeping any value.

    Only keyed BLAKE2b digests (RFC 7693) are held: without the key a short value cannot be guessed back.

    Args:
        key: secret random bytes of this episode, 16 to 64.
    """

    def __init__(self, key: bytes) -> None:
        if not MIN_KEY_BYTES <= len(key) <= hashlib.blake2b.MAX_KEY_SIZE:
            raise ValueError(f"the key must have {MIN_KEY_BYTES} to {hashlib.blake2b.MAX_KEY_SIZE} bytes")
        self._key = key
        self._seen: dict[bytes, int] = {}
        self._last: dict[str, int] = {}

    def number(self, cls: str, value: str) -> int:
        """The ordinal of this value within its class: the same for the same value written differently."""
        digest = hashlib.blake2b(f"{cls}\0{_canonical(cls, value)}".encode(), key=self._key, digest_size=16)
        known = self._seen.get(digest.digest())
        if known is not None:
            return known
        if len(self._seen) >= MAX_ORDINALS:
            return 0
        ordinal = self._last.get(cls, 0) + 1
        self._last[cls] = self._seen[digest.digest()] = ordinal
        return ordinal

    def __repr__(self) -> str:
        return f"Ordinals({len(self._seen)} values)"


def _canonical(cls: str, value: str) -> str:
    plain = unicodedata.normalize("NFKC", value).encode("utf-8", "replace").decode()
    if cls in _EXACT:
        return plain
    if cls == "EMAIL":
        return plain.casefold()
    return "".join(char for char in plain.casefold() if char.isalnum())


def merge(spans: Iterable[Span]) -> list[Span]:
    """Sorted, disjoint spans that cover exactly the same code points; the strongest class names a union."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end, _rank(s), s.detector)):
        if span.end <= span.start:
            continue
        if merged and span.start < merged[-1].end:
            last = merged.pop()
            name = min(last, span, key=_rank)
            merged.append(Span(last.start, max(last.end, span.end), name.cls, name.detector, name.version))
        else:
            merged.append(span)
    return merged


def _rank(span: Span) -> int:
    return _RANK.get(span.cls, len(STRENGTH))


def apply(text: str, spans: Iterable[Span], ordinals: Ordinals) -> tuple[str, list[Placed]]:
    """Replaces every span by its placeholder, e.g. ``⟨EMAIL#1⟩``, and escapes brackets that were typed.

    Args:
        text: what was typed.
        spans: what to take out; overlaps are merged first.
        ordinals: the episode's numbering.

    Returns:
        the redacted text, and where its placeholders stand in it.

    Raises:
        ValueError: a span reaches outside the text.
    """
    parts: list[str] = []
    placed: list[Placed] = []
    at = length = 0
    for span in merge(spans):
        if span.start < 0 or span.end > len(text):
            raise ValueError("a span reaches outside its text")
        kept = text[at : span.start].replace(OPEN, ESCAPED_OPEN)
        ordinal = ordinals.number(span.cls, text[span.start : span.end])
        mark = f"{OPEN}{span.cls}#{ordinal}{CLOSE}"
        start = length + len(kept)
        length, at = start + len(mark), span.end
        bucket = _bucket(span.end - span.start)
        placed.append(Placed(start, length, span.cls, ordinal, bucket, span.detector, span.version))
        parts += [kept, mark]
    parts.append(text[at:].replace(OPEN, ESCAPED_OPEN))
    return "".join(parts), placed


def _bucket(length: int) -> int:
    return next((top for top in LENGTH_BUCKETS if length <= top), 0)
