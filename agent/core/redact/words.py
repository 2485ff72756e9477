"""Text as the names model sees it: tokens, and for each the numbers of what is known about it and its neighbours.

All arithmetic is on whole numbers, so that training and use agree to the bit on every machine. Nothing of a text is
kept beyond the call: there is no cache of words.
"""

import re
import zlib
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

FIRST, LAST, ORDINARY, CUE, PLACE, STREET = 1, 2, 4, 8, 16, 32
"""What the word list says of a word: given name, family name, ordinary word, announces a name or an address, town or
country, part of streets' names."""
BITS = 17
"""The table of weights has 2^17 rows (1 MB): twice as many made room for 0.1 % more, and cost another MB."""
REACH = 6
"""Tokens back within which a cue counts."""
_TOKEN = re.compile(
    r"[\u3005\u3040-\u30ff\u3400-\u9fff]|[^\W\d_]{1,2}'[^\W\d_]{2,}|[^\W_\u3005\u3040-\u30ff\u3400-\u9fff]+|\n|[^\w\s]|_"
)
_DIGIT, _SHAPED = re.compile(r"\d"), re.compile(r"[^\W\d]")
_MASK = (1 << BITS) - 1
_MULTIPLIER = 0x9E3779B97F4A7C15
_EDGE = 0x3F

Lookup = Callable[[str], int]
"""The class of a word in small letters: the flags above, 0 if unknown."""


class Token(NamedTuple):
    """A word, a number, a mark or a line's end.

    Attributes:
        start: first code point of the reading.
        end: one past its last.
        known: flags of the word list.
        shape: how it is written.
        word: number of the word, or of its shape if it is unknown.
        low: the token in small letters.
    """

    start: int
    end: int
    known: int
    shape: int
    word: int
    low: str

    def __repr__(self) -> str:
        """Nothing of its text."""
        return f"<Token {self.start}:{self.end}>"


class WordList:
    """Words by their CRC-32, sorted, with a byte of flags each: no word can be read from it, none is needed.

    Args:
        sums: CRC-32 of the folded words in small letters, ascending.
        flags: as many bytes.
    """

    def __init__(self, sums: Sequence[int], flags: bytes) -> None:
        self._sums, self._flags = sums, flags

    def __call__(self, word: str) -> int:
        """Flags of a word."""
        wanted = zlib.crc32(word.encode("utf-8", "replace"))
        at = bisect_left(self._sums, wanted)
        return self._flags[at] if at < len(self._sums) and self._sums[at] == wanted else 0


LINE, SMALL, CAPITAL, CAPITALS, LETTER, MIXED, CASELESS, IDEOGRAPH, CODE, HASH = range(10)
"""How a token is written: a line's end, small, Capital, CAPITALS, one capital, miXed, without case, one ideograph,
short with letters and digits (a house number, a postal code), long with both (never a name). Numbers follow by length,
then marks."""
NUMBER, MARK = 10, 20
WORDS = frozenset({SMALL, CAPITAL, CAPITALS, LETTER, MIXED, CASELESS, IDEOGRAPH})
MAX_CODE = 8


def _shape(text: str, low: str) -> int:  # noqa: PLR0911 - a table of kinds
    if text.isalpha() or "'" in text:
        if "\u3005" <= text[0] <= "\u9fff":
            return IDEOGRAPH
        if text == low:
            return SMALL if text != text.upper() else CASELESS
        if len(text) == 1:
            return LETTER
        if text[1:] == low[1:]:
            return CAPITAL
        return CAPITALS if text == text.upper() else MIXED
    if text.isdigit():
        return NUMBER + min(len(text), 9)
    if text[0].isalnum():
        return CODE if len(text) <= MAX_CODE else HASH
    return LINE if text == "\n" else MARK + min(ord(text[0]), 0x7F) % 0x60 % 44


def tokens(text: str, low: str, lookup: Lookup) -> list[Token]:
    """The tokens of a folded text.

    Args:
        text: the reading.
        low: the same in small letters, code point by code point.
        lookup: flags of a word.
    """
    found = []
    seen: dict[str, tuple[int, int, int, str]] = {}  # of this text only: nothing of it outlives the call
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        raw = match.group()
        about = seen.get(raw)
        if about is None:
            about = seen[raw] = _about(raw, low[start:end], lookup)
        found.append(Token(start, end, *about))
    return found


def _about(raw: str, small: str, lookup: Lookup) -> tuple[int, int, int, str]:
    shape = _shape(raw, small)
    known = lookup(small) if shape in WORDS else 0
    if shape == IDEOGRAPH or known & (ORDINARY | CUE | STREET):
        word = _sum(small)
    elif shape == CODE:
        word = _sum(_SHAPED.sub("a", _DIGIT.sub("0", small)))
    else:
        word = shape * 64 + known + 1
    return known, shape, word, small


def _sum(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "replace"))


def features(row: list[Token]) -> list[list[int]]:
    """For each token the rows of the table that speak about it."""
    count = len(row)
    pad = [_EDGE] * 2
    word = [*pad, *(t.word for t in row), *pad]
    kind = [*pad, *(t.shape * 64 + t.known for t in row), *pad]
    form = [*pad, *(t.shape for t in row), *pad]
    out = []
    cue, since, place = 0, REACH + 1, 0
    ends = [*(t.end for t in row)]
    for i, token in enumerate(row):
        j = i + 2
        if token.shape == LINE:
            place = -1
        since += 1
        near = cue if since <= REACH else 0
        before = 0 if i and ends[i - 1] == token.start else 1
        after = 0 if i + 1 < count and row[i + 1].start == token.end else 1
        w0, w1, w2, w_1, w_2 = word[j], word[j + 1], word[j + 2], word[j - 1], word[j - 2]
        k0, k1, k_1 = kind[j], kind[j + 1], kind[j - 1]
        f0, f1, f_1 = form[j], form[j + 1], form[j - 1]
        low = token.low
        raw = (
            w0,
            w_1 << 1,
            w1 << 2,
            w_2 << 3,
            w2 << 4,
            k0 * 4 + before * 2 + after,
            (k_1 << 12) + k0,
            (k0 << 12) + k1,
            (k_1 << 24) + (k0 << 12) + k1,
            (w_1 << 12) + k0,
            (w1 << 12) + k0,
            (w_2 * 31 + w_1 << 8) + f0,
            (_sum(low[-3:]) << 8) + f0 if f0 in WORDS else f0,
            (_sum(low[-4:]) << 12) + k0 if f0 in WORDS else f1,
            (_sum(low[:3]) << 8) + f0 if f0 in WORDS else f_1,
            ((((form[j - 2] << 8) + f_1 << 8) + f0 << 8) + f1 << 8) + form[j + 2],
            (near << 12) + k0,
            (min(place, 4) << 12) + k0,
            (k0 << 24) + (k1 << 12) + kind[j + 2],
        )
        out.append([((value * 64 + n) * _MULTIPLIER >> 40) & _MASK for n, value in enumerate(raw)])
        place += 1
        if token.known & CUE:
            cue, since = token.word, 0
    return out


FEATURES = 19
"""Rows that speak about a token."""
