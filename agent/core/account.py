"""Counts of what was seen and what became of it (G9): ``seen = kept + dropped``, by modality.

*Seen* is counted where an observation enters, *kept* and *dropped* where its fate is decided. Between the two it is
*held* in memory. The three counts are independent, so that a lost observation shows as ``unaccounted``.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping

from schemas.events import LossAccount, Modality

UNACCOUNTED = "unaccounted"
"""Reason under which observations stand that are neither held nor decided. Always 0, unless Overt has a fault."""


class Account:
    """A running account. Not for use by two threads at once."""

    def __init__(self) -> None:
        self._undecided: Counter[str] = Counter()  # seen and not decided yet
        self._kept: Counter[str] = Counter()
        self._dropped: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def see(self, modality: Modality) -> None:
        """An observation came in."""
        self._undecided[modality.value] += 1

    def keep(self, modality: Modality) -> None:
        """One that was seen became an event."""
        self._undecided[modality.value] -= 1
        self._kept[modality.value] += 1

    def drop(self, modality: Modality, reason: str) -> None:
        """One that was seen is forgotten."""
        self._undecided[modality.value] -= 1
        self._dropped[modality.value][reason] += 1

    def revoke(self, modality: Modality, reason: str) -> None:
        """One that was kept is forgotten after all, before it was sealed."""
        self._kept[modality.value] -= 1
        self._dropped[modality.value][reason] += 1

    def take(self, held: Mapping[str, int]) -> LossAccount:
        """What was decided since the last call; what is still held stays for the next.

        Args:
            held: how many observations of each modality are really in memory, undecided.
        """
        for modality, count in self._undecided.items():
            if missing := count - held.get(modality, 0):
                self._dropped[modality][UNACCOUNTED] += missing
        self._undecided = Counter(held)
        names = sorted(self._kept.keys() | self._dropped.keys())
        dropped = {n: dict(sorted(self._dropped[n].items())) for n in names if self._dropped.get(n)}
        kept = {n: self._kept[n] for n in names if self._kept[n]}
        self._kept.clear()
        self._dropped.clear()
        seen = {n: kept.get(n, 0) + sum(dropped.get(n, {}).values()) for n in names}
        return LossAccount(seen=seen, kept=kept, dropped=dropped)


def add(a: LossAccount, b: LossAccount) -> LossAccount:
    """The sum of two accounts."""
    dropped: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for account in (a, b):
        for modality, reasons in account.dropped.items():
            dropped[modality].update(reasons)
    return LossAccount(
        seen=dict(Counter(a.seen) + Counter(b.seen)),
        kept=dict(Counter(a.kept) + Counter(b.kept)),
        dropped={modality: dict(reasons) for modality, reasons in dropped.items()},
    )


EMPTY = LossAccount(seen={}, kept={}, dropped={})
