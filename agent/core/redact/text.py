"""The door that every text passes: typed segments, window titles, addresses, names of documents."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

import msgspec

from agent.core.redact.effort import Clock, Effort
from agent.core.redact.errors import RedactionFailed
from agent.core.redact.fold import fold, look_alike, mixes_scripts
from agent.core.redact.names import Names
from agent.core.redact.personal import Personal
from agent.core.redact.rules import RuleSet
from agent.core.redact.spans import Ordinals, Placed, Span, apply, merge
from agent.core.redact.urls import template

PROOF = "Mail ada@example.com, call +44 20 7946 0958. Best regards, Ada Lovelace, 12 High Street, London N1 9GU"
"""Holds something for the rules, for a library behind them, and for the model."""
PROVEN = frozenset({"EMAIL", "PHONE", "PERSON", "ADDRESS"})


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
        names: finds names and postal addresses; without it, none are found.
        clock: seconds that only go forward, so that a detector that takes its time is noticed; none counts steps only.
        guard: entered for each text, and left when it was looked at; may raise within, if that takes too long.
    """

    def __init__(
        self,
        ruleset: RuleSet,
        key: bytes,
        names: Names | None = None,
        clock: Clock | None = None,
        guard: AbstractContextManager[None] | None = None,
    ) -> None:
        self._rules = ruleset
        self._names = names
        self._ordinals = Ordinals(key)
        self._clock = clock
        self._guard = guard or nullcontext()
        self.personal: Personal | None = None
        """Finds what the person wants masked beyond the rules; it only ever adds."""

    def find(self, text: str) -> list[Span]:
        """Sorted, disjoint spans in code points of ``text``; the same text gives the same spans.

        Raises:
            RedactionFailed: a detector failed or took too long; the text must be dropped.
        """
        kind = ""
        try:
            with self._guard:
                found = self._find(text)
        except RedactionFailed:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is raised drops the text; re-raised below
            kind = type(error).__name__
        else:
            return found
        raise RedactionFailed("text", kind)  # outside the except block: no context that quotes the content

    def _find(self, text: str) -> list[Span]:
        first = fold(text)
        second = look_alike(first)
        readings = (first,) if second is None else (first, second)
        effort = Effort(sum(len(reading.text) for reading in readings), self._clock)
        found = [span for reading in readings for span in self._rules.find(reading, effort)]
        if self._names is not None:
            named = (first,) if second is None or not mixes_scripts(first) else readings
            found += [span for reading in named for span in self._names.find(reading, effort)]
        if self.personal is not None:
            found += self.personal.find(text)
        return merge(found)

    def find_after(self, left: str, text: str) -> list[Span]:
        """As :meth:`find`, of what comes after a text that was looked at before: what began there is found too.

        Raises:
            RedactionFailed: a detector failed; the text must be dropped.
        """
        at = len(left)
        return [
            Span(max(s.start - at, 0), s.end - at, s.cls, s.detector, s.version)
            for s in self.find(left + text)
            if s.end > at
        ]

    def replace(self, text: str, found: Iterable[Span]) -> RedactedText:
        """The text with these spans replaced."""
        return RedactedText(*apply(text, found, self._ordinals))

    def redact(self, text: str, extra: Iterable[Span] = ()) -> RedactedText:
        """The text with every find replaced.

        Args:
            text: what was typed or shown.
            extra: spans known from elsewhere, e.g. the whole text of a password field.

        Raises:
            RedactionFailed: a detector failed; the text must be dropped.
        """
        return self.replace(text, [*self.find(text), *extra])

    def redact_url(self, url: str) -> RedactedText:
        """Origin and path template only: never user, query or fragment; then as any other text.

        Raises:
            RedactionFailed: a detector failed; the address must be dropped.
        """
        return self.redact(template(url))


def works(redactor: TextRedactor) -> bool:
    """True if every layer finds what it must in a text made for it: none is missing, damaged or too slow."""
    try:
        return {span.cls for span in redactor.find(PROOF)} >= PROVEN
    except RedactionFailed:
        return False
