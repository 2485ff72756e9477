"""Every text of the ceremony, by language (BCP 47). A language is one table; a test sees that each has them all.

What a text promises must be true of this release: a change here is a change of what people agreed to.
"""

import locale
from collections.abc import Mapping
from types import MappingProxyType

from agent.ceremony.english import ENGLISH_TEXTS
from agent.ceremony.german import GERMAN_TEXTS

ENGLISH = "en"
"""The language in which every text exists."""
VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""What names the session's language, first come first served (POSIX, 8.2)."""

TABLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {ENGLISH: MappingProxyType(ENGLISH_TEXTS), "de": MappingProxyType(GERMAN_TEXTS)}
)
"""All texts, by language and key."""


class Words:
    """The texts in one language; English where it lacks one."""

    def __init__(self, language: str = ENGLISH) -> None:
        self._table = TABLES.get(language, TABLES.get(language.partition("-")[0], TABLES[ENGLISH]))

    def __call__(self, key: str, **fields: object) -> str:
        """A text with its fields filled in.

        Raises:
            KeyError: there is no such text.
        """
        text = self._table.get(key) or TABLES[ENGLISH][key]
        return text.format(**fields) if fields else text

    def plain(self, key: str) -> str:
        """A button's text without its mnemonic."""
        return self(key).replace("&", "")


def choose_language(offered: Mapping[str, str], preferred: str) -> str:
    """The language of the notice that a person most likely reads.

    Args:
        offered: the notice by language.
        preferred: the session's language, such as ``de-AT`` or ``de_AT.UTF-8``.
    """
    wanted = preferred.partition(".")[0].replace("_", "-")
    for language in (wanted, wanted.partition("-")[0], ENGLISH):
        if language in offered:
            return language
    return min(offered)


def spoken(environ: Mapping[str, str]) -> str:
    """The language of the session, such as ``de-AT``; English where it does not say.

    Args:
        environ: says it by itself where the system has no data for its locale.
    """
    try:
        locale.setlocale(locale.LC_ALL, "")
        named = locale.getlocale()[0]
    except locale.Error:
        named = next((environ[name] for name in VARIABLES if environ.get(name)), None)
    return (named or ENGLISH).partition(".")[0].replace("_", "-")


def name_of(language: str) -> str:
    """A language's own name, or its code where it has no table."""
    table = TABLES.get(language, TABLES.get(language.partition("-")[0]))
    return table["language.name"] if table else language
