"""Names, towns and ordinary words of many countries: what the model's word list is made of.

Names and towns come from Faker's providers (MIT), read as data. Ordinary words come from ``ordinary.txt`` and ``english.txt``, whose
heads tell where they are from.
"""

import pkgutil
from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path

from agent.core.redact.fold import fold
from agent.core.redact.words import CUE, FIRST, LAST, ORDINARY, PLACE, STREET
from scripts.names.templates import CUES, STREET_WORDS

MIN_LETTERS = 2
"""Shorter parts of names are initials."""
MAX_TOWNS = 1200
"""Of one locale: some list every village."""
MIN_LOCALES = 3
"""An ordinary word is a name too if so many locales say so: "the" is one in a single country."""
PARTICLES = frozenset(["van", "von", "de", "der", "den", "del", "della", "di", "da", "dos", "la", "le", "el", "al", "bin",
                       "ibn", "ben", "ter", "ten", "zu", "zum", "zur", "du", "des", "st", "y", "e", "af", "av"])  # fmt: skip
"""Small words in names, which are ordinary words elsewhere."""

NOBODY = frozenset(["an", "back", "best", "day", "edit", "field", "fields", "job", "key", "lang", "line", "lines", "long",
                    "north", "page", "pages", "pal", "sales", "see", "sem", "small", "sole", "till"])  # fmt: skip
"""Names somewhere, and words of every text elsewhere: as names they are not worth what they would mask."""


def folded(text: str) -> str:
    """As the agent reads it."""
    return fold(text).lower


def _provider(package: str, locale: str) -> object:
    return import_module(f"faker.providers.{package}.{locale}").Provider


@cache
def locales(package: str) -> tuple[str, ...]:
    """Locales of ``person`` or ``address``, sorted."""
    module = import_module(f"faker.providers.{package}")
    return tuple(sorted(m.name for m in pkgutil.iter_modules(module.__path__)))


def _gathered(provider: object, starts: Iterable[str]) -> list[str]:
    found: set[str] = set()
    for name in dir(provider):
        value = getattr(provider, name)
        if name.startswith(tuple(starts)) and isinstance(value, list | tuple | dict):
            found.update(v for v in value if isinstance(v, str) and "{" not in v)
    return sorted(found)


@cache
def given(locale: str) -> list[str]:
    """Given names of a locale."""
    return _gathered(_provider("person", locale), ("first_name", "middle_name"))


@cache
def family(locale: str) -> list[str]:
    """Family names of a locale."""
    return _gathered(_provider("person", locale), ("last_name",))


@cache
def towns() -> list[str]:
    """Towns, states and countries."""
    found: set[str] = set()
    for locale in locales("address"):
        names = _gathered(_provider("address", locale), ("cities", "city_names", "countries", "states", "provinces"))
        found.update(names if len(names) <= MAX_TOWNS else names[:: len(names) // MAX_TOWNS])
    return sorted(found)


@cache
def ordinary() -> list[str]:
    """The commoner words of many languages, folded: what is among them is a name only if several countries say so."""
    return _listed("ordinary.txt")


@cache
def english() -> list[str]:
    """Rarer English words: they are known as words, and take no name away."""
    return _listed("english.txt")


def _listed(name: str) -> list[str]:
    text = Path(__file__).with_name(name).read_text("utf-8")
    return [folded(line) for line in text.splitlines() if line and not line.startswith("#")]


def parts(names: Iterable[str]) -> set[str]:
    """Single words of names, folded."""
    return {
        w for name in names for w in folded(name).replace("-", " ").replace(".", " ").split() if len(w) >= MIN_LETTERS
    }


@cache
def word_list() -> dict[str, int]:
    """Every word with its flags."""
    flags: dict[str, int] = {}
    common = set(ordinary())
    often = Counter(w for locale in locales("person") for w in parts(given(locale)) | parts(family(locale)))

    def add(words: Iterable[str], flag: int) -> None:
        for word in words:
            flags[word] = flags.get(word, 0) | flag

    def names(words: list[str]) -> set[str]:
        return {w for w in parts(words) - PARTICLES - NOBODY if w not in common or often[w] >= MIN_LOCALES}

    for locale in locales("person"):
        add(names(given(locale)), FIRST)
        add(names(family(locale)), LAST)
    add({w for w in parts(towns()) if len(w) > MIN_LETTERS} - PARTICLES, PLACE)
    add(ordinary(), ORDINARY)
    add((w for w in english() if often[w] <= 1), ORDINARY)
    add(PARTICLES, ORDINARY)
    add(map(folded, CUES.split()), CUE)
    add(map(folded, STREET_WORDS.split()), STREET)
    return flags
