"""Every text of the review, by language: its own beside those of the indicator, whose terms it shares."""

from collections.abc import Mapping
from types import MappingProxyType

from agent.review.english import ENGLISH_TEXTS
from agent.review.german import GERMAN_TEXTS
from agent.tray import words as tray
from agent.tray.words import Words

OWN: Mapping[str, Mapping[str, str]] = MappingProxyType({tray.ENGLISH: ENGLISH_TEXTS, tray.GERMAN: GERMAN_TEXTS})
TABLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {language: MappingProxyType({**texts, **OWN[language]}) for language, texts in tray.TABLES.items()}
)


def review_words(language: str = tray.ENGLISH) -> Words:
    """The texts in one language."""
    return Words(language, TABLES)


def named(words: Words, group: str, name: str) -> str:
    """What a reason, trigger or kind is called; its own name where there are no words for it yet."""
    try:
        return words(f"{group}.{name}")
    except KeyError:
        return name.replace("_", " ")
