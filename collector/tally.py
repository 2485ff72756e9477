"""What the server did, counted by whole hours for whoever runs it. Pure: time is passed in; nobody is named (G12).

What a device's requests came to is told only for hours that are over, only if at least `SMALL_COUNT` devices made some,
and rounded down: otherwise a colleague's first upload could be read off a counter. Requests of nobody's key are told as
they are.
"""

from collections import Counter, deque
from collections.abc import Iterator

from msgspec import Struct, field

from collector.limits import SMALL_COUNT, TALLIED_HOURS
from schemas.envelope import HOUR_S


class Hour(Struct):
    """One hour's counts."""

    begin_s: int
    devices: set[str] = field(default_factory=set)  # fingerprints, in memory only
    of_devices: Counter[str] = field(default_factory=Counter)  # by outcome
    of_others: Counter[str] = field(default_factory=Counter)
    slowest_ms: float = 0.0


class Told(Struct, frozen=True):
    """One hour as it may be shown. `uploads` is None where too few devices sent any."""

    begin_s: int
    uploads: int | None
    refused: dict[str, int]  # by reason
    failed: int  # requests that ended in an error of the server


class Tally:
    """Counts of the last `TALLIED_HOURS` hours of this process."""

    def __init__(self) -> None:
        self._hours: deque[Hour] = deque(maxlen=TALLIED_HOURS + 1)

    def add(self, outcome: str, device: str | None, now_s: float) -> None:
        """Count a request: `stored`, `served`, `failed`, or the reason of a refusal."""
        hour = self._hour(now_s)
        if device is None:
            hour.of_others[outcome] += 1
        else:
            hour.devices.add(device)
            hour.of_devices[outcome] += 1

    def told(self, now_s: float) -> list[Told]:
        """The hours that are over, oldest first."""
        current = int(now_s) // HOUR_S * HOUR_S
        return [_told(hour) for hour in self._hours if current - TALLIED_HOURS * HOUR_S <= hour.begin_s < current]

    def totals(self, now_s: float) -> dict[str, int]:
        """What may be told of all those hours together, by outcome."""
        sums: Counter[str] = Counter()
        for hour in self.told(now_s):
            sums.update(hour.refused)
            sums["stored"] += hour.uploads or 0
            sums["failed"] += hour.failed
        return dict(sums)

    def _hour(self, now_s: float) -> Hour:
        begin = int(now_s) // HOUR_S * HOUR_S
        if not self._hours or self._hours[-1].begin_s < begin:
            self._hours.append(Hour(begin))
        return self._hours[-1]


def shown(count: int) -> int | str:
    """A count of people as it may be shown."""
    return count if count >= SMALL_COUNT else f"<{SMALL_COUNT}"


def few(count: int) -> int | str:
    """A number of batches that are somebody's; 0 if there are none."""
    return shown(count) if count else 0


def rounded(count: int) -> int:
    """A count of what people did, as it may be shown."""
    return count // SMALL_COUNT * SMALL_COUNT


def _told(hour: Hour) -> Told:
    enough = len(hour.devices) >= SMALL_COUNT
    known = {name: rounded(count) for name, count in hour.of_devices.items()} if enough else {}
    refused = Counter(dict(_refusals(hour.of_others)))
    refused.update(dict(_refusals(Counter(known))))
    failed = hour.of_others["failed"] + (known.get("failed", 0))
    return Told(hour.begin_s, known.get("stored", 0) if enough else None, dict(refused), failed)


def _refusals(counts: Counter[str]) -> Iterator[tuple[str, int]]:
    return ((name, count) for name, count in counts.items() if name not in {"stored", "served", "failed"} and count)
