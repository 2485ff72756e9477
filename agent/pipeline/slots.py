"""The waiting line: every observation keeps its place in order until its fate is decided.

Keys wait for their segment to end, pictures for their masks, and whatever came behind them waits too, so that events
leave in the order in which they happened and a late "no" can still reach all of them.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.core.batch import Authority
from schemas.events import Event, Modality

Build = Callable[[int], tuple[Event, bytes]]
"""Given a sequence number, the event and its image (empty for most)."""


@dataclass(slots=True, repr=False, eq=False)
class Slot:
    """One place in the line."""

    modality: Modality | None  # None: made by the agent itself (focus, text, gap), not counted as observed
    authority: Authority | None = None  # set: it and all behind it were captured under this one
    build: Build | None = None  # set: keep
    dropped: str | None = None  # set: drop, for this reason

    @property
    def decided(self) -> bool:
        """True if it may leave the line."""
        return self.build is not None or self.dropped is not None

    def keep(self, build: Build) -> None:
        """Decide: it becomes an event. A slot that was dropped stays dropped."""
        if self.dropped is None:
            self.build = build

    def drop(self, reason: str) -> None:
        """Decide: it is forgotten, whatever it held with it."""
        self.build = None
        self.dropped = self.dropped or reason


class Line:
    """Slots in order."""

    def __init__(self) -> None:
        self._slots: deque[Slot] = deque()

    def join(self, slot: Slot) -> Slot:
        """Stand at the end."""
        self._slots.append(slot)
        return slot

    def leaving(self) -> Iterator[Slot]:
        """Take the decided ones from the front."""
        while self._slots and self._slots[0].decided:
            yield self._slots.popleft()

    def drop_all(self, reason: str) -> None:
        """Decide against every one that has not left."""
        for slot in self._slots:
            slot.drop(reason)

    def held(self) -> Counter[str]:
        """How many observations of each modality are in the line."""
        return Counter(slot.modality.value for slot in self._slots if slot.modality)

    def __len__(self) -> int:
        return len(self._slots)
