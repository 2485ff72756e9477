"""Is a line of a picture so dull that it may be shown? Only if it is made of words that tell nothing of anybody.

Numbers, names, addresses, mixed strings and single unknown words never pass: what is not known is masked. A line is
judged whole, for "Grant" and "Road" are dull words and "Grant Road" is an address.
"""

import re
import tomllib
import unicodedata
from itertools import pairwise

from agent.core.redact.text import TextRedactor

MAX_LABELS = 12
"""Words of a line that consists of labels only: a menu bar or a row of buttons; longer ones could be a word list."""
MIN_SENTENCE = 3
"""Words of a sentence; fewer must all be labels."""
GLUE_SHARE = 4
"""A sentence has at least one word of four that only holds it together; a passphrase or a list has none."""
_PARTICLES = frozenset(
    {"a", "all", "and", "as", "by", "for", "from", "here", "in", "more", "now", "of", "off", "on", "or", "other", "out"}
    | {"the", "this", "to", "up", "with"}
)
"""Glue that may stand among labels: "Sign out", "Show more"."""
_PLAIN = re.compile(r"[A-Za-z' .,:;!?()\[\]\"/&+<>|*-]+")
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*")
_SPELLINGS = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2022": "*",
        "\xb7": "*",
    }
)
"""Quotation marks, dashes and bullets of books, as a typewriter has them."""


class Vocabulary:
    """The words that may be shown.

    Args:
        source: TOML with ``glue``, ``labels``, ``prose`` (words apart by spaces) and ``pairs`` (apart by commas).
    """

    def __init__(self, source: str) -> None:
        told = tomllib.loads(source)
        self._glue = frozenset(told["glue"].split())
        self._labels = frozenset(told["labels"].split())
        self._prose = frozenset(told["prose"].split())
        self._pairs = frozenset(tuple(p.split()) for p in re.split(r"[,\n]", told["pairs"]) if p.strip())

    def passes(self, line: str) -> bool:
        """True if a line, as it was read, consists of dull words only."""
        line = unicodedata.normalize("NFKC", line).translate(_SPELLINGS)
        shown = _WORD.findall(line)
        if not shown or not _PLAIN.fullmatch(line) or not all(map(_usual_case, shown)):
            return False
        words = [word.lower() for word in shown]
        if any(len(a) == len(b) == 1 for a, b in pairwise(words)):
            return False  # digits are read as letters: "1 1 0" as "I I O"
        if not all(self._known(words, at) for at in range(len(words))):
            return False
        if all(word in self._labels for word in words):
            return len(words) <= MAX_LABELS
        return self._sentence(shown, words)

    def _known(self, words: list[str], at: int) -> bool:
        word = words[at]
        return (
            word in self._labels
            or word in self._glue
            or word in self._prose
            or tuple(words[at : at + 2]) in self._pairs
        )

    def _sentence(self, shown: list[str], words: list[str]) -> bool:
        safe = self._labels | _PARTICLES
        if any(s[0].isupper() and w not in safe for s, w in zip(shown[1:], words[1:], strict=True)):
            return False  # a capital in the middle of a sentence may begin a name
        if all(word in safe for word in words):
            return any(word in self._labels for word in words)
        glue = sum(word in self._glue for word in words)
        return len(words) >= MIN_SENTENCE and glue * GLUE_SHARE >= len(words)


class Dullness:
    """Judges the lines of a picture: by vocabulary, and by every detector of text.

    Args:
        vocabulary: the words that may be shown.
        redactor: what finds secrets and personal data in text.
    """

    def __init__(self, vocabulary: Vocabulary, redactor: TextRedactor) -> None:
        self._vocabulary, self._redactor = vocabulary, redactor

    def of(self, lines: list[str]) -> list[bool]:
        """For each line, in reading order, whether it may be shown.

        Detectors see all lines at once: a label may stand above its value.

        Raises:
            RedactionFailed: a detector failed; nothing may be shown.
        """
        spans = self._redactor.find("\n".join(lines))
        dull, start = [], 0
        for line in lines:
            end = start + len(line)
            hit = any(span.start < end and span.end > start for span in spans)
            dull.append(not hit and self._vocabulary.passes(line))
            start = end + 1
        return dull


def _usual_case(word: str) -> bool:
    return word.islower() or word.isupper() or (word[0].isupper() and word[1:].islower())
