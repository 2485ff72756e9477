"""A day out of the desk: what lies here opened, what was sent from its notes."""

import time
from datetime import date, datetime

from msgspec.structs import replace

from agent.core.chain import HELD, BatchState, Row
from agent.core.hold import Hold
from agent.disk.hold import read_hold
from agent.disk.switch import Position
from agent.durations import day_ns
from agent.errors import OvertError
from agent.review.day import Band, BandKind, Day, make_day
from agent.review.desk import Desk, Held
from agent.review.opening import Opened

SWITCHED = {Position.OFF: BandKind.OFF, Position.PAUSED: BandKind.PAUSED}


class NotHereError(OvertError):
    """A batch whose content does not lie on this machine."""


def look(desk: Desk, day: date) -> tuple[Day, Held]:
    """A day, and all that lies here. Batches of other days are not opened."""
    begin_ns, end_ns = day_ns(day)
    rows = desk.rows()
    held = desk.open(row for row in rows if _touches(row, begin_ns, end_ns))
    notes = desk.notes()
    sent = [(row, notes.get(row.sequence)) for row in rows if row.state is BatchState.SENT]
    made = make_day(begin_ns, end_ns, held.opened, sent)
    return replace(made, bands=(*made.bands, *_since(desk, made))), held


def days(desk: Desk) -> list[date]:
    """Days of which anything is known, oldest first."""
    found = set[date]()
    for row in desk.rows():
        if row.extent is not None:
            found |= {_date(ns) for ns in (row.extent.begin_ns, row.extent.end_ns)}
    return sorted(found)


def _date(at_ns: int) -> date:
    return datetime.fromtimestamp(at_ns // 1_000_000_000).astimezone().date()


def hold_of(desk: Desk) -> tuple[int, Hold]:
    """How long the study holds batches at least (seconds), and the person's own wish."""
    asked = desk.found.asked
    assert asked is not None  # noqa: S101  # a desk has a study
    _, agreement = desk.found.consent(time.time_ns())
    return agreement.review_s if agreement else asked.policy.review_s, read_hold(desk.places.hold)


def _since(desk: Desk, day: Day) -> list[Band]:
    """The switch as it stands now, from when it was set on: no batch tells of that yet."""
    switched, now_ns = desk.found.switched, time.time_ns()
    kind = SWITCHED.get(switched.now(now_ns) or Position.ON)
    begin_ns = max(day.begin_ns, switched.at_ns)
    end_ns = min(day.end_ns, now_ns)
    return [Band(kind, "", begin_ns, end_ns)] if kind is not None and begin_ns < end_ns else []


def _touches(row: Row, begin_ns: int, end_ns: int) -> bool:
    if row.extent is None:
        return True  # of it nothing is known but what stands inside
    return row.extent.begin_ns < end_ns and row.extent.end_ns >= begin_ns


def one_batch(desk: Desk, sequence: int) -> tuple[Opened, Day]:
    """One batch, and what is in it.

    Raises:
        NotHereError: it does not lie here.
        BatchRefusedError: it is not shown.
    """
    row = next((row for row in desk.rows() if row.sequence == sequence), None)
    if row is None or row.state not in HELD:
        where = (
            "there is no such batch" if row is None else f"it was {row.state.value}; its content is not here any more"
        )
        raise NotHereError(f"batch {sequence} cannot be opened: {where}", "overt batches lists those that lie here")
    held = desk.open([row])
    if held.refused:
        raise held.refused[0]
    walls = [event.wall_ns for event in held.opened[0].payload.events]
    return held.opened[0], make_day(min(walls), max(walls) + 1, held.opened)
