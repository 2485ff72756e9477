"""The door that every text passes: typed segments, window titles, addresses, names of documents."""

from collections.abc import Iterable
from itertools import chain

import msgspec

from agent.core.redact.fold import fold, look_alike
from agent.core.redact.rules import RuleSet
from agent.core.redact.spans import Ordinals, Placed, Span, apply, merge
from agent.core.redact.urls import template


class RedactedText(msgspec.Struct, frozen=True):
    """Text after redaction: the only kind that may be sealed.

    Attributes:
        text: with placeholders such as ``⟨EMAIL#1⟩``; a typed ``⟨`` is written ``⟨⟩``.
        spans: where the placeholders stand.
    """

    text: str
    spans: list[Placed]


class TextRedactor:
    """Finds and replaces what must go, within one episode.

    Args:
        ruleset: the compiled rules.
        key: secret random bytes of this episode (16 to 64); equal values get equal ordinals under one key.
    """

    def __init__(self, ruleset: RuleSet, key: bytes) -> None:
        self._rules = ruleset
        self._ordinals = Ordinals(key)

    def find(self, text: str) -> list[Span]:
        """Sorted, disjoint spans in code points of ``text``; the same text gives the same spans.

        Raises:
            RedactionFailed: a detector failed; the text must be dropped.
        """
        first = fold(text)
        second = look_alike(first)
        readings = (first,) if second is None else (first, second)
        return merge(chain.from_iterable(map(self._rules.find, readings)))

    def redact(self, text: str, extra: Iterable[Span] = ()) -> RedactedText:
        """The text with every find replaced.

        Args:
            text: what was typed or shown.
            extra: spans known from elsewhere, e.g. the whole text of a password field.

        Raises:
            RedactionFailed: a detector failed; the text must be dropped.
        """
        return RedactedText(*apply(text, [*self.find(text), *extra], self._ordinals))

    def redact_url(self, url: str) -> RedactedText:
        """Origin and path template only: never user, query or fragment; then as any other text.

        Raises:
            RedactionFailed: a detector failed; the address must be dropped.
        """
        return self.redact(template(url))
