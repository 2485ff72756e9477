"""Names of people and postal addresses: a small model that labels each token with regard to its neighbours.

A linear chain: each token's features vote for a label, each step from one label to the next has its price, and the
best way through is taken (Viterbi). Votes and prices are whole numbers, so the outcome is the same on every machine. It
is trained by ``scripts/names`` (``make model``); the file is ``policies/redaction/names.bin``.

The four labels' votes lie side by side in one 64-bit number, so that one addition counts a feature for all of them:
this needs no numpy, and costs a few microseconds a token.
"""

import struct
import zlib
from array import array
from collections.abc import Callable, Iterator
from sys import byteorder

from agent.core.redact.effort import Effort
from agent.core.redact.errors import RedactionFailed
from agent.core.redact.fold import Folded
from agent.core.redact.spans import Span
from agent.core.redact.words import (
    BITS,
    CAPITAL,
    CASELESS,
    CODE,
    CUE,
    FEATURES,
    FIRST,
    IDEOGRAPH,
    LAST,
    LETTER,
    MARK,
    NUMBER,
    ORDINARY,
    SMALL,
    STREET,
    WORDS,
    Token,
    WordList,
    features,
    tokens,
)

MAGIC = b"overt-names-1\n"
LABELS = 5
"""Nothing, a person begins, goes on, an address begins, goes on."""
BIAS = 128
"""Added to each vote in the file, which makes all of them positive."""
_ZERO = FEATURES * BIAS
_MASK = 0xFFFF
STEPS_A_TOKEN = 60
"""What labelling a token costs, in the steps of :class:`Effort`."""
MAX_RUN = 256
"""Tokens looked at together at most: a longer row of names is cut."""
PERSON, ADDRESS = 1, 3
"""Labels with which one begins; the next number goes on with it."""
_CLASS = {PERSON: "PERSON", ADDRESS: "ADDRESS"}
VERSION = 1
DETECTOR = "names"


class Model:
    """The trained model.

    Args:
        data: the model file.

    Raises:
        RedactionFailed: the file is damaged or of another version.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._read(data)
        except (ValueError, struct.error, zlib.error):
            broken = True
        else:
            broken = False
        if broken:
            raise RedactionFailed(DETECTOR, "DamagedModel")

    def _read(self, data: bytes) -> None:
        if not data.startswith(MAGIC):
            raise ValueError
        plain = zlib.decompress(data[len(MAGIC) :])
        count, *prices = struct.unpack_from(f"<I{LABELS * LABELS}i", plain)
        at = struct.calcsize(f"<I{LABELS * LABELS}i")
        sums, flags = _numbers("I", plain[at : at + 4 * count]), plain[at + 4 * count : at + 5 * count]
        self.words = WordList(sums, flags)
        self._votes = _numbers("Q", plain[at + 5 * count :])
        if len(self._votes) != 1 << BITS or len(flags) != count:
            raise ValueError
        self._prices = [prices[i * LABELS : (i + 1) * LABELS] for i in range(LABELS)]

    def label(self, text: str, low: str, spend: Callable[[int], None]) -> Iterator[tuple[int, int, int]]:
        """Where somebody is named in a folded text: (start, end, first label of the kind)."""
        row = tokens(text, low, self.words)
        live = alive(row)
        for first, last in _runs(live):
            spend(STEPS_A_TOKEN * (last - first))
            wide = row[max(0, first - REACH_BACK) : last + 2]
            lead = first - max(0, first - REACH_BACK)
            votes = [self._count(each) for each in features(wide)[lead : lead + last - first]]
            yield from spans(row[first:last], self._best(votes))

    def _count(self, rows: list[int]) -> tuple[int, ...]:
        table, total = self._votes, 0
        for at in rows:
            total += table[at]
        return (
            0,
            (total & _MASK) - _ZERO,
            (total >> 16 & _MASK) - _ZERO,
            (total >> 32 & _MASK) - _ZERO,
            (total >> 48) - _ZERO,
        )

    def _best(self, votes: list[tuple[int, ...]]) -> list[int]:
        return best_path(votes, self._prices)


REACH_BACK = 10
"""Tokens before a run that its features look at: the reach of a cue, and of what is known of the line."""


def best_path(votes: list[tuple[int, ...]], prices: list[list[int]]) -> list[int]:
    """The labels with the greatest sum of votes and prices; of equals, the lower labels."""
    scores, back = [0, *([-(1 << 30)] * (LABELS - 1))], []
    for vote in votes:
        step, came = [], []
        for label in range(LABELS):
            best, source = -(1 << 31), 0
            for before in range(LABELS):
                score = scores[before] + prices[before][label]
                if score > best:
                    best, source = score, before
            step.append(best + vote[label])
            came.append(source)
        scores = step
        back.append(came)
    label = max(range(LABELS), key=lambda each: (scores[each], -each))
    path = []
    for came in reversed(back):
        path.append(label)
        label = came[label]
    return path[::-1]


def alive(row: list[Token]) -> list[bool]:  # noqa: C901 - a table of kinds
    """Tokens that may belong to a name or an address: those that carry one, and what stands close to them.

    The others are never named, whatever the model would say of them: this keeps prose and code cheap, and makes what is
    found depend on what is near.
    """
    live, never = [False] * len(row), []
    far = NEAR + 1
    for i, token in enumerate(row):
        far += 1
        known, shape = token.known, token.shape
        if shape not in WORDS:
            carries = far <= NEAR and (shape == CODE or NUMBER <= shape < MARK)
        elif bound := _bound(row, i):
            carries = False
            if bound == TIGHT:
                never.append(i)
        elif known & CUE:
            far = 0
            carries = bool(known & (FIRST | LAST))
        elif known & (FIRST | LAST | STREET) or shape in _BARE:
            carries = True
        elif shape in _TITLED:
            carries = not known & ORDINARY
        else:
            carries = far <= NEAR and not known & ORDINARY
        if carries:
            far = 0
            for j in range(max(0, i - 2), min(len(row), i + 3)):
                live[j] = True
    for i in never:
        live[i] = False
    return live


NEAR = 4
"""Tokens after a cue or a carrier within which numbers and unknown small words count."""
_BARE = frozenset({CASELESS, IDEOGRAPH})
_TITLED = frozenset({CAPITAL, LETTER})
_BINDS_LEFT = frozenset("_.$\\@/#{-")
_BINDS_RIGHT = frozenset("_(={[")


LOOSE, TIGHT = 1, 2


def _bound(row: list[Token], i: int) -> int:
    """How a word hangs on its neighbours: TIGHT as identifiers do, LOOSE as the second part of a small word, 0 free."""
    token = row[i]
    if i + 1 < len(row) and row[i + 1].start == token.end and row[i + 1].low in _BINDS_RIGHT:
        return TIGHT
    if not i or row[i - 1].end != token.start or row[i - 1].low not in _BINDS_LEFT:
        return 0
    mark = row[i - 1].low
    if i > 1 and row[i - 2].end == row[i - 1].start:
        if mark == "-":
            return LOOSE if row[i - 2].shape in {SMALL, CODE} and not token.known & (FIRST | LAST | STREET) else 0
        if mark == "." and (row[i - 2].shape == LETTER or row[i - 2].known & (CUE | STREET)):
            return 0
    return 0 if mark in "@/-" else TIGHT


def _runs(live: list[bool]) -> Iterator[tuple[int, int]]:
    start = None
    for i, alive_here in enumerate([*live, False]):
        if alive_here and start is None:
            start = i
        elif start is not None and (not alive_here or i - start >= MAX_RUN):
            yield start, i
            start = i if alive_here else None


def spans(row: list[Token], labels: list[int]) -> Iterator[tuple[int, int, int]]:
    """Labelled tokens as stretches of the reading; what could be neither a name nor an address is left out."""
    start = 0
    while start < len(row):
        kind = labels[start]
        if not kind:
            start += 1
            continue
        kind, end = kind - 1 + kind % 2, start + 1  # of what goes on without a beginning, the kind is still known
        while end < len(row) and labels[end] == kind + 1:
            end += 1
        end = _whole(row, end)
        inside = row[start:end]
        if _could_be(inside, kind):
            yield inside[0].start, inside[-1].end, kind
        start = end


def _whole(row: list[Token], end: int) -> int:
    """Where a find ends that would end within a word joined by dashes, as in the name of a town."""
    while end + 1 < len(row) and row[end].low == "-" and row[end + 1].shape in WORDS:
        if not row[end - 1].end == row[end].start == row[end].end - 1 == row[end + 1].start - 1:
            break
        end += 2
    return end


def _could_be(inside: list[Token], kind: int) -> bool:
    words = [t for t in inside if t.shape in WORDS]
    if kind == PERSON:
        return any(t.shape != LETTER for t in words)
    if any(t.low in _FOREIGN for t in inside):
        return False
    street = any(t.known & STREET for t in words)
    number = any(NUMBER <= t.shape < MARK or t.shape == CODE for t in inside)
    return (street or (number and not any(t.low == ":" for t in inside))) and any(len(t.low) > 1 for t in words)


_FOREIGN = frozenset('\\"=<>{}|')
"""Marks that stand in no address."""


def _numbers(code: str, data: bytes) -> "array[int]":
    found = array(code)
    found.frombytes(data)
    if byteorder == "big":
        found.byteswap()
    return found


class Names:
    """The detector, which reads its model at the first text.

    Args:
        load: gives the model file.
    """

    def __init__(self, load: Callable[[], bytes]) -> None:
        self._load = load
        self._model: Model | None = None

    def find(self, reading: Folded, effort: Effort) -> list[Span]:
        """Names and addresses in one reading of a text.

        Raises:
            RedactionFailed: the model is missing or damaged, or the text cost too much.
        """
        kind = ""
        try:
            if self._model is None:
                self._model = Model(self._load())
            found = list(self._model.label(reading.text, reading.lower, lambda steps: effort.spend(steps, DETECTOR)))
        except RedactionFailed:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a detector raises drops the text; re-raised below
            kind = type(error).__name__
        else:
            return [Span(*reading.original(a, b), _CLASS[label], DETECTOR, VERSION) for a, b, label in found]
        raise RedactionFailed(DETECTOR, kind)  # outside the except block: no context that quotes the content
