"""The waiting line: every observation keeps its place in order until its fate is decided.

Keys wait for their segment to end, pictures for their masks, and whatever came behind them waits too, so that events
leave in the order in which they happened. All of them wait for late news as well: that a password field got the focus,
or that another tab did, is heard some milliseconds after the first key that went there.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.core.batch import Authority
from schemas.events import Event, Modality

HOLD_NS = 250_000_000
"""Nanoseconds that an observation waits for late news: five times what the slowest teller, a browser's tab, needs in
19 of 20 cases (DESIGN §5)."""

STEP_NS = 100_000_000
"""Nanoseconds between times at which what waited leaves: one wake-up for all that came due in between, not one each."""

Build = Callable[[int], tuple[Event, bytes]]
"""Given a sequence number, the event and its image (empty for most)."""


@dataclass(slots=True, repr=False, eq=False)
class Slot:
    """One place in the line."""

    modality: Modality | None  # None: made by the agent itself (focus, text, gap), not counted as observed
    at_ns: int  # monotonic time of what it stands for: news from then on concern it
    authority: Authority | None = None  # set: it and all behind it were captured under this one
    build: Build | None = None  # set: keep
    dropped: str | None = None  # set: drop, for this reason
    seq: int | None = None  # set once it left the line as an event

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

    def leaving(self, until_ns: int) -> Iterator[Slot]:
        """Take from the front what is decided: what is dropped at once, what is kept if no later than that."""
        while self._slots and self._slots[0].decided and self._settled_ns(self._slots[0]) <= until_ns:
            yield self._slots.popleft()

    def due_ns(self, held_ns: int) -> int | None:
        """When the front is to leave, a little later than it may; ``None`` while it is not decided, held, or missing.

        Args:
            held_ns: what happened from then on does not leave yet.
        """
        if not self._slots or not self._slots[0].decided or self._settled_ns(self._slots[0]) >= held_ns:
            return None
        return -(-(self._settled_ns(self._slots[0]) + HOLD_NS) // STEP_NS) * STEP_NS

    def drop_since(self, since_ns: int, reason: str) -> None:
        """Decide against every one from that time on."""
        for slot in self._slots:
            if slot.at_ns >= since_ns:
                slot.drop(reason)

    def drop_all(self, reason: str) -> None:
        """Decide against every one that has not left."""
        for slot in self._slots:
            slot.drop(reason)

    @staticmethod
    def _settled_ns(slot: Slot) -> int:
        return slot.at_ns if slot.build is not None else 0

    def held(self) -> Counter[str]:
        """How many observations of each modality are in the line."""
        return Counter(slot.modality.value for slot in self._slots if slot.modality)

    def __len__(self) -> int:
        return len(self._slots)
