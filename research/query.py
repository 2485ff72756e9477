"""What there is, counted before it is fetched or opened: by app, kind, timing tier, cohort and time. Pure.

Three grounds to count on, and each says what it cannot know:

``agreed``    the collector's documents alone (:func:`agreed`). Who agreed to what is known; what their batches hold is
              not, since the collector cannot open them. So batches and bytes are *at most*: all that these people sent.
``headers``   a pulled folder without a key (:func:`sealed`). Each batch names its consent and the hour of its sealing,
              so only batches under a matching consent count. What of it they hold is still not known.
``events``    a pulled folder with a key (:func:`held`). Verified, opened and counted, event by event.

A cell with fewer than :data:`LEAST` people tells no number (G12), and the smallest other ones are hidden with it until
no total gives away what fewer people sent. This is for tables that leave the desk: whoever holds the key
can open everything.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Literal

import numpy as np
from msgspec import Struct

from research.columnar import Columnar, Words
from research.errors import InputError
from research.headers import NS
from research.trust import Device, Trust
from research.verify import Outcome
from schemas.consent import Interval
from schemas.envelope import HOUR_S, EnvelopeHeader
from schemas.events import EVENT_TYPES, MODALITY_OF, Modality, kind_of
from schemas.times import from_unix_ns
from schemas.wire import BatchRow

LEAST: Final = 5
"""People in the smallest cell that tells its numbers."""
NEVER_NS: Final = (1 << 63) - 1
BY: Final = ("app", "modality", "timing", "cohort")
Ground = Literal["agreed", "headers", "events"]
_MODALITY: Final = {kind_of(t): MODALITY_OF[t] for t in EVENT_TYPES}


class Wanted(Struct, frozen=True):
    """What is asked for; None asks for all."""

    apps: frozenset[str] | None = None
    modalities: frozenset[str] | None = None
    timing: frozenset[str] | None = None
    cohorts: frozenset[str] | None = None  # months (``2026-11``) in which people first agreed
    since_ns: int = 0
    until_ns: int = NEVER_NS
    by: tuple[str, ...] = ("app", "modality")

    def takes(self, cell: dict[str, str]) -> bool:
        """True if a cell is asked for."""
        asked = {"app": self.apps, "modality": self.modalities, "timing": self.timing, "cohort": self.cohorts}
        return all(chosen is None or cell[name] in chosen for name, chosen in asked.items())


class Cell(Struct, frozen=True):
    """One row of the answer. Numbers are None where too few people are in it."""

    names: dict[str, str]
    participants: int | None
    batches: int | None
    bytes: int | None
    events: int | None  # None also where nothing was opened


class Answer(Struct, frozen=True):
    """What was counted, and on what ground."""

    ground: Ground
    cells: list[Cell]
    total: Cell
    hidden: int  # cells that tell no number


class _Counts:
    def __init__(self) -> None:
        self.people: set[str] = set()
        self.batches: dict[str, int] = {}  # by digest, so that none counts twice
        self.events = 0


class _Table:
    """Cells while they are filled."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._cells: dict[tuple[str, ...], _Counts] = defaultdict(_Counts)

    def add(self, names: dict[str, str], person: str, batches: dict[str, int], events: int = 0) -> None:
        if not self._wanted.takes(names):
            return
        cell = self._cells[tuple(names[name] for name in self._wanted.by)]
        cell.people.add(person)
        cell.batches.update(batches)
        cell.events += events

    def answer(self, ground: Ground) -> Answer:
        opened = ground == "events"
        hidden = _hidden({key: frozenset(cell.people) for key, cell in self._cells.items()})
        whole = _Counts()
        for cell in self._cells.values():
            whole.people |= cell.people
            whole.batches |= cell.batches
            whole.events += cell.events
        cells = [
            _told(dict(zip(self._wanted.by, key, strict=True)), cell, opened=opened, hide=key in hidden)
            for key, cell in sorted(self._cells.items())
        ]
        return Answer(ground, cells, _told({}, whole, opened=opened, hide=len(whole.people) < LEAST), len(hidden))


def _hidden(people: dict[tuple[str, ...], frozenset[str]]) -> set[tuple[str, ...]]:
    """Cells that tell no number: too few people, or the total less the others would tell of too few."""
    found = {key for key, group in people.items() if len(group) < LEAST}
    others = sorted((len(group), key) for key, group in people.items() if key not in found)
    while found and others and len(frozenset().union(*(people[key] for key in found))) < LEAST:
        found.add(others.pop(0)[1])
    return found


def _told(names: dict[str, str], cell: _Counts, *, opened: bool, hide: bool) -> Cell:
    if hide:
        return Cell(names, None, None, None, None)
    size = sum(cell.batches.values())
    return Cell(names, len(cell.people), len(cell.batches), size, cell.events if opened else None)


def agreed(trust: Trust, rows: Iterable[BatchRow], wanted: Wanted) -> Answer:
    """Count on the collector's documents: who agreed to it at some time that is asked for, and all that they sent."""
    sent: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        if not row.erased:
            sent[row.device][row.digest] = row.size
    table = _Table(wanted)
    for name, device in trust.devices.items():
        for interval in device.intervals.values():
            if interval.begin_ns < wanted.until_ns and interval.end_ns > wanted.since_ns:
                for names in _scope(interval, device):
                    table.add(names, device.registration.participant, sent[name])
    return table.answer("agreed")


def sealed(trust: Trust, headers: Iterable[tuple[str, int, EnvelopeHeader]], wanted: Wanted) -> Answer:
    """Count envelopes by what their consents allow.

    Args:
        trust: what may be relied on.
        headers: of verified envelopes, with digest and size.
        wanted: what is asked for. Time is that of sealing, to the hour.
    """
    table = _Table(wanted)
    for name, size, header in headers:
        device = trust.devices[header.device]
        interval = device.intervals.get(header.consent)
        begin = header.sealed_hour * NS
        if interval and begin < wanted.until_ns and begin + HOUR_S * NS > wanted.since_ns:
            for names in _scope(interval, device):
                table.add(names, device.registration.participant, {name: size})
    return table.answer("headers")


def held(trust: Trust, outcomes: Iterable[tuple[int, Outcome]], wanted: Wanted) -> Answer:
    """Count verified events.

    Args:
        trust: what may be relied on.
        outcomes: of envelopes that were opened, with their sizes; unusable ones are left out.
        wanted: what is asked for. Time is that of each event.
    """
    table = _Table(wanted)
    for size, outcome in outcomes:
        if not outcome.usable or outcome.header is None or outcome.payload is None:
            continue
        device = trust.devices[outcome.header.device]
        interval = device.intervals[outcome.header.consent]
        same = {"timing": interval.scope.timing.value, "cohort": cohort(device)}
        for app, modality, events in _events(outcome.payload, wanted):
            names = {"app": app, "modality": modality, **same}
            table.add(names, device.registration.participant, {outcome.name: size}, events)
    return table.answer("events")


def cohort(device: Device) -> str:
    """The month in which a device's person first agreed, as ``2026-11`` (UTC); empty for one who never did."""
    begins = [interval.begin_ns for interval in device.intervals.values()]
    return from_unix_ns(min(begins)).strftime("%Y-%m") if begins else ""


def _scope(interval: Interval, device: Device) -> Iterator[dict[str, str]]:
    for app in interval.scope.apps:
        for modality in app.modalities:
            yield {"app": app.app, "modality": modality.value, "timing": interval.scope.timing.value,
                   "cohort": cohort(device)}  # fmt: skip


def _events(opened: Columnar, wanted: Wanted) -> Iterator[tuple[str, str, int]]:
    """Events of a batch in the time that is asked for, by app and modality; ``focus`` and ``gap`` have none."""
    for name, kind in opened.kinds.items():
        modality = _MODALITY[name]
        if modality is None:
            continue
        when: Any = kind.columns["wall_ns"]
        inside = (when >= wanted.since_ns) & (when < wanted.until_ns)
        apps: Words = kind.columns["app"]
        counts = np.bincount(apps.codes[inside], minlength=len(apps.words))
        yield from ((app, modality.value, int(n)) for app, n in zip(apps.words, counts, strict=True) if n)


def chosen(values: Sequence[str] | None, known: Iterable[str] | None, option: str) -> frozenset[str] | None:
    """What an option names; None for nothing.

    Raises:
        InputError: a value that nothing can have.
    """
    if not values:
        return None
    if known is not None and (wrong := set(values).difference(known)):
        raise InputError(f"{option} has no {', '.join(sorted(wrong))}", f"There are: {', '.join(sorted(known))}.")
    return frozenset(values)


MODALITIES: Final = tuple(m.value for m in Modality)
