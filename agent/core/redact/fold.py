# ruff: noqa: RUF001 - look-alike characters are the data of this module
"""A plain reading of a text, with the way back: what zero-width and look-alike characters cannot hide from."""

import re
import unicodedata
from functools import lru_cache

import msgspec

_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5\u034f")
"""Letters and symbols that show nothing, beyond the categories that are dropped as a whole."""
_KEPT_CONTROLS = frozenset("\t\n\r\v\f")
_ODD_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_DASHES = frozenset("‐‑‒–—―−⁃˗־ー﹘﹣－")
_QUOTES = {"‘": "'", "’": "'", "‚": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "＠": "@",
           "。": ".", "․": ".", "∶": ":", "։": ":", "؛": ";", "٪": "%", "⁄": "/", "∕": "/", "＿": "_"}  # fmt: skip
_STROKED = {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ß": "ss",
            "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th", "ħ": "h", "ŧ": "t"}  # fmt: skip
"""Letters that Unicode's decompositions leave alone, as a keyboard without them writes them."""
_LOOKS = str.maketrans(
    # Cyrillic, Greek and Armenian letters that a reader takes for Latin ones (Unicode UTS #39, the common part).
    "аеорсухіјѕһԁԛԝьвкмнтгАВЕКМНОРСТУХІЈЅҮԌԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧαοινυκρτεχսօցհոյıɡɑ",
    "aeopcyxijshdqwbbkmhtrABEKMHOPCTYXIJSYGQWABEZHIKMNOPTYXaoivukptexuoghnjiga",
)
_MIXED = re.compile(r"[A-Za-z][\u0370-\u058f\u0131\u0251\u0261]|[\u0370-\u058f\u0131\u0251\u0261][A-Za-z]")


class Folded(msgspec.Struct, frozen=True):
    """A plain reading of a text.

    Attributes:
        text: the reading: compatibility forms and accents undone, digits and dashes ASCII, invisible
            characters gone.
        lower: the same in lower case, code point by code point.
        starts: for each code point of the reading, where it came from in the original; None if unchanged.
        size: length of the original.
    """

    text: str
    lower: str
    starts: list[int] | None
    size: int

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Maps a stretch of the reading back, together with the invisible characters inside and after it."""
        if self.starts is None:
            return start, end
        after = self.starts[end] if end < len(self.starts) else self.size
        return self.starts[start], max(self.starts[end - 1] + 1, after)

    def __repr__(self) -> str:
        return f"Folded({len(self.text)} of {self.size} code points)"


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    if written := _QUOTES.get(char) or _STROKED.get(char):
        return written
    if char in _DASHES:
        return "-"
    return "".join(_part(part) for part in unicodedata.normalize("NFKD", char))


def _part(char: str) -> str:
    category = unicodedata.category(char)
    if char in _KEPT_CONTROLS or (char.isascii() and char.isprintable()):
        return char
    if category in {"Cf", "Mn", "Me", "Cc"} or char in _INVISIBLE:
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category == "Cs":
        return "\ufffd"
    return {"Zs": " ", "Zl": "\n", "Zp": "\n", "Pd": "-"}.get(category, char)


def plain(text: str) -> str:
    """The plain reading alone: for keywords and patterns, which must be folded as the texts are."""
    return "".join(map(_plain, text))


def fold(text: str) -> Folded:
    """The plain reading of a text, with its index back to the original."""
    if text.isascii() and not _ODD_CONTROLS.search(text):
        return Folded(text, text.lower(), None, len(text))
    chars: list[str] = []
    starts: list[int] = []
    for index, char in enumerate(text):
        read = char if " " <= char <= "~" else _plain(char)
        chars.append(read)
        starts.extend([index] * len(read))
    reading = "".join(chars)
    return Folded(reading, _lower(reading), starts, len(text))


def look_alike(folded: Folded) -> Folded | None:
    """A second reading with look-alike letters taken for Latin ones; None when it would be the same."""
    if folded.text.isascii():
        return None
    text = folded.text.translate(_LOOKS)
    if text == folded.text:
        return None
    starts = folded.starts if folded.starts is not None else list(range(folded.size))
    return Folded(text, _lower(text), starts, folded.size)


def mixes_scripts(folded: Folded) -> bool:
    """True if some word has both Latin letters and others: one of them is there for its looks."""
    return _MIXED.search(folded.text) is not None


def _lower(text: str) -> str:
    low = text.lower()
    return low if len(low) == len(text) else "".join(c if len(c.lower()) != 1 else c.lower() for c in text)
