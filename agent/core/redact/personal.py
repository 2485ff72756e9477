"""What a person wants masked beyond the rules: their own words, known by keyed digests alone.

The words themselves are kept nowhere. A rule is the BLAKE2b digest (RFC 7693), under a key that only this device has,
of one to :data:`MAX_WORDS` words in a row, each in its plain reading and lower case. So a stolen rule file tells no
word, and what is found is whole words, however they are spaced or cased.
"""

import hashlib
import re
from collections.abc import Collection

from agent.core.redact.fold import plain
from agent.core.redact.spans import Span

CLASS, DETECTOR, VERSION = "PERSONAL", "personal", 1
MAX_WORDS = 12
"""Words of one rule: a name, an address, a sentence to be left out."""
DIGEST_BYTES = 16
_WORD = re.compile(r"\w+")


class Personal:
    """Finds what the person wants masked.

    Args:
        key: secret of this device, 32 bytes.
        rules: digests in hexadecimal, each with how many words it is of.
    """

    def __init__(self, key: bytes, rules: Collection[tuple[str, int]]) -> None:
        self._key = key
        self._rules = frozenset(rules)
        self._lengths = sorted({count for _, count in self._rules}, reverse=True)

    def find(self, text: str) -> list[Span]:
        """Spans in code points of ``text``."""
        if not self._rules:
            return []
        words = [(m.start(), m.end(), _plain(m[0])) for m in _WORD.finditer(text)]
        found = []
        for count in self._lengths:
            for first in range(len(words) - count + 1):
                run = words[first : first + count]
                if (self._digest([word for _, _, word in run]), count) in self._rules:
                    found.append(Span(run[0][0], run[-1][1], CLASS, DETECTOR, VERSION))
        return found

    def rule(self, phrase: str) -> tuple[str, int] | None:
        """The rule for a phrase; ``None`` if it has no word, or too many."""
        words = [_plain(m[0]) for m in _WORD.finditer(phrase)]
        return (self._digest(words), len(words)) if 1 <= len(words) <= MAX_WORDS else None

    def __repr__(self) -> str:
        return f"Personal({len(self._rules)} rules)"

    def _digest(self, words: list[str]) -> str:
        return hashlib.blake2b("\0".join(words).encode(), key=self._key, digest_size=DIGEST_BYTES).hexdigest()


def _plain(word: str) -> str:
    return plain(word).casefold()
