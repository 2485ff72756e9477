"""Trains the names model: ``python -m scripts.names.train``. The same inputs give the same file, bit for bit.

An averaged perceptron over whole sequences (Collins 2002), with a price for each token that is labelled wrongly
(Taskar 2003), all of it in whole numbers. Words are hidden from it now and then, so that it learns to judge those that
no list has.
"""

import argparse
import random
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from agent.core.redact.fold import fold
from agent.core.redact.names import ADDRESS, BIAS, LABELS, MAGIC, MAX_RUN, PERSON, _runs, alive, best_path
from agent.core.redact.words import BITS, CUE, FIRST, LAST, PLACE, STREET, features, tokens
from scripts.names.corpus import Sample, samples
from scripts.names.lists import word_list

SEED, TEXTS, ROUNDS = 20260501, 80_000, 4
MISSED, FALSE_ALARM, WRONG = 20, 6, 8
"""Prices, in votes, of a token of a name left open, one masked needlessly, and a wrong kind."""
HIDDEN_NAME, HIDDEN_WORD = 0.3, 0.2
"""Shares of known words that the model does not get to know while it learns."""
SEEN = 2
"""Features seen in fewer places do not count."""
EAGER = 100
"""Added to the price of beginning a name or an address: it halves what is missed for 0.2 % more masked needlessly."""
TARGET = Path("policies/redaction/names.bin")

Labelled = tuple[np.ndarray, list[int]]


class Hider:
    """The word list with holes, which are the same within one text."""

    def __init__(self, words: dict[str, int], rng: random.Random) -> None:
        self._words, self._rng = words, rng
        self._seen: dict[str, int] = {}

    def __call__(self, word: str) -> int:
        """Flags of a word, or 0 if it is hidden in this text."""
        if word not in self._seen:
            flags = self._words.get(word, 0)
            share = HIDDEN_NAME if flags & (FIRST | LAST | PLACE) else HIDDEN_WORD
            hide = flags and not flags & (CUE | STREET) and self._rng.random() < share
            self._seen[word] = 0 if hide else flags
        return self._seen[word]


def labelled(sample: Sample, words: dict[str, int], rng: random.Random) -> list[Labelled]:
    """The runs of a text that the agent would look at: rows of features, and right labels."""
    reading = fold(sample.text)
    row = tokens(reading.text, reading.lower, Hider(words, rng))
    if not row:
        return []
    gold = [0] * len(row)
    at = 0
    for i, token in enumerate(row):
        start = reading.original(token.start, token.end)[0]
        while at < len(sample.spans) and sample.spans[at][1] <= start:
            at += 1
        if at < len(sample.spans) and sample.spans[at][0] <= start:
            first = i == 0 or reading.original(row[i - 1].start, row[i - 1].end)[0] < sample.spans[at][0]
            gold[i] = sample.spans[at][2] + (0 if first else 1)
    rows = np.array(features(row), np.int64)
    return [(rows[a:b], gold[a:b]) for a, b in _runs(alive(row)) if b - a <= MAX_RUN]


class Trainer:
    """Votes and prices being learnt."""

    def __init__(self) -> None:
        self.votes = np.zeros((1 << BITS, LABELS - 1), np.int64)
        self.prices = np.zeros((LABELS, LABELS), np.int64)
        self._votes_sum, self._prices_sum = np.zeros_like(self.votes), np.zeros_like(self.prices)
        self.steps = 1

    def learn(self, rows: np.ndarray, gold: list[int]) -> int:
        """One run; gives the number of wrong labels."""
        votes = np.zeros((len(gold), LABELS), np.int64)
        votes[:, 1:] = self.votes[rows].sum(axis=1)
        for i, label in enumerate(gold):
            votes[i] += WRONG if label else FALSE_ALARM
            votes[i, 0] += (MISSED - WRONG) if label else 0
            votes[i, label] = votes[i, label] - (WRONG if label else FALSE_ALARM)
        path = best_path([tuple(v) for v in votes.tolist()], self.prices.tolist())
        self.steps += 1
        if path == gold:
            return 0
        self._move(rows, gold, 1)
        self._move(rows, path, -1)
        return sum(a != b for a, b in zip(path, gold, strict=True))

    def _move(self, rows: np.ndarray, path: Sequence[int], by: int) -> None:
        for i, label in enumerate(path):
            if label:
                np.add.at(self.votes[:, label - 1], rows[i], by)
                np.add.at(self._votes_sum[:, label - 1], rows[i], by * self.steps)
            before = path[i - 1] if i else 0
            self.prices[before, label] += by
            self._prices_sum[before, label] += by * self.steps

    def averaged(self) -> tuple[np.ndarray, np.ndarray]:
        """Votes and prices, averaged over all steps, times 64."""
        scale = 64
        return (
            (self.votes * self.steps - self._votes_sum) * scale // self.steps,
            (self.prices * self.steps - self._prices_sum) * scale // self.steps,
        )


def packed(votes: np.ndarray, prices: np.ndarray, words: dict[str, int]) -> bytes:
    """The model file: word list, prices, votes; see ``agent/core/redact/names.py``."""
    most = int(np.quantile(np.abs(votes[votes != 0]), 0.999))
    small = np.clip(votes * (BIAS - 1) // most, 1 - BIAS, BIAS - 1) + BIAS
    rows = small.astype("<u2").tobytes()
    steps = prices * (BIAS - 1) // most
    steps[:, [PERSON, ADDRESS]] += EAGER
    sums = {zlib.crc32(word.encode()): 0 for word in words}
    for word, flags in words.items():
        sums[zlib.crc32(word.encode())] |= flags
    order = sorted(sums)
    head = struct.pack(f"<I{LABELS * LABELS}i", len(order), *steps.ravel().tolist())
    body = head + np.array(order, "<u4").tobytes() + bytes(sums[each] for each in order) + rows
    return MAGIC + zlib.compress(body, 9)


def train(seed: int, count: int, rounds: int) -> bytes:
    """The model file."""
    words = word_list()
    rng = random.Random(seed)  # noqa: S311 - training
    runs = [run for sample in samples(seed, count) for run in labelled(sample, words, rng)]
    seen = np.zeros(1 << BITS, np.int64)
    for rows, _ in runs:
        np.add.at(seen, rows.ravel(), 1)
    trainer = Trainer()
    for number in range(rounds):
        rng.shuffle(runs)
        wrong = sum(trainer.learn(rows, gold) for rows, gold in runs)
        print(f"round {number + 1}: {wrong} labels wrong of {sum(len(gold) for _, gold in runs)}", flush=True)
    votes, prices = trainer.averaged()
    votes[seen < SEEN] = 0
    return packed(votes, prices, words)


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=TEXTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--out", type=Path, default=TARGET)
    asked = parser.parse_args()
    asked.out.write_bytes(train(SEED, asked.texts, asked.rounds))


if __name__ == "__main__":
    main()
