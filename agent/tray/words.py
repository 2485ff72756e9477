"""Every text of the indicator, by language (BCP 47), looked up as the ceremony's are."""

from collections.abc import Mapping
from types import MappingProxyType

from agent.tray.english import ENGLISH_TEXTS
from agent.tray.german import GERMAN_REASONS, GERMAN_TEXTS, Reason
from schemas.status import ClosedReason, Condition

ENGLISH, GERMAN = "en", "de"

TABLES: Mapping[str, Mapping[str, str]] = MappingProxyType({ENGLISH: ENGLISH_TEXTS, GERMAN: GERMAN_TEXTS})
"""All texts, by language and key."""
REASONS: Mapping[str, Mapping[ClosedReason, Reason]] = MappingProxyType({GERMAN: GERMAN_REASONS})
"""What a reason means, by language. English comes from the daemon, which speaks nothing else."""


class Words:
    """The texts in one language; English where it lacks one."""

    def __init__(self, language: str = ENGLISH, tables: Mapping[str, Mapping[str, str]] = TABLES) -> None:
        short = language.partition("-")[0]
        self.language = short if short in tables else ENGLISH
        self._tables = tables
        self._reasons = REASONS.get(self.language, {})

    def __call__(self, key: str, **fields: object) -> str:
        """A text with its fields filled in.

        Raises:
            KeyError: there is no such text.
        """
        found = self._tables[self.language].get(key) or self._tables[ENGLISH][key]
        return found.format(**fields) if fields else found

    def state_of(self, condition: Condition) -> str:
        """How a condition stands, in a sentence; as the daemon says it where this language has no words for it."""
        reason = self._reasons.get(condition.reason)
        if reason is None:
            return condition.sentence
        return reason.fine if condition.holds else reason.closed

    def remedy_of(self, condition: Condition) -> str:
        """What would change a condition."""
        reason = self._reasons.get(condition.reason)
        return reason.remedy if reason else condition.remedy
