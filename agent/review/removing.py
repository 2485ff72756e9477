"""Deleting a part of what was captured: reckoned and sealed anew here, put in its place by whoever owns the chain.

1. :func:`plan` opens what lies here and seals what stays of it, for the same readers. Nothing is changed yet, so the
   person can be told what would go.
2. :func:`carry` notes that in the index, if every batch is still what was looked at, and has it carried out.

What was sent cannot be cut: a collector deletes a batch as a whole or not at all, and the plan says so.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from agent.core import cut
from agent.core.chain import HELD, BatchState, Row, extent_of
from agent.core.cut import Selection
from agent.core.seal import seal_again, seal_note
from agent.daemon.session import readers_of
from agent.deletion import Deleted, carry_out, delete_last
from agent.disk.parts import MAX_WISH_BYTES, Part, Why
from agent.disk.spool import Spool
from agent.errors import DeletionError
from agent.review.desk import Desk
from agent.review.opening import Opened
from agent.tray.words import Words
from schemas import age
from schemas.base import SchemaError
from schemas.events import FrameEvent, GapEvent
from schemas.payload import Payload

TRIES = 5
"""How often a plan is made anew because a batch was sent or sealed meanwhile."""

AGAIN_S = 0.2
"""Seconds until it is made anew."""


class Plan(Struct, frozen=True):
    """What a deletion would do.

    Attributes:
        parts: what becomes of which batch.
        events: observations that go from batches that lie here.
        frames: pictures among them.
        sent: batches that were sent: all of each is asked to be deleted, not only what was named.
        unreadable: batches that lie here and cannot be opened: all of each goes.
        memory: what waits in memory goes too, all of it.
        seqs: every event that goes from an open batch.
    """

    parts: tuple[Part, ...] = ()
    events: int = 0
    frames: int = 0
    sent: int = 0
    unreadable: int = 0
    memory: bool = False
    seqs: frozenset[int] = frozenset()

    def __repr__(self) -> str:
        return f"Plan({len(self.parts)} parts)"

    @property
    def empty(self) -> bool:
        """True if there is nothing to do."""
        return not (self.parts or self.memory)


Entropy = Callable[[int], bytes]


def plan(desk: Desk, selection: Selection, entropy: Entropy) -> Plan:
    """What deleting a selection would do."""
    counts = desk.seal()
    rows, now_ns = desk.rows(), time.time_ns()
    held = desk.open(rows)
    going = cut.chosen([one.payload for one in held.opened], selection)
    parts = [
        _part(desk, one, lambda payload, s=seqs: cut.without(payload, s), seqs, entropy)  # type: ignore[misc]
        for one, seqs in zip(held.opened, going, strict=True)
        if seqs
    ]
    frames = sum(
        isinstance(event, FrameEvent) and event.seq in seqs
        for one, seqs in zip(held.opened, going, strict=True)
        for event in one.payload.events
    )
    by_sequence = {row.sequence: row for row in rows}
    unreadable = [by_sequence[e.sequence] for e in held.refused if _reaches(selection, by_sequence[e.sequence])]
    sent = [row for row in rows if row.state is BatchState.SENT and row.deletion is None]
    notes = desk.notes() if selection.app and sent else {}
    sent = [
        row
        for row in sent
        if _reaches(selection, row) and not (row.sequence in notes and selection.app not in notes[row.sequence].events)
    ]
    last_ns = max((row.extent.end_ns for row in rows if row.extent), default=0)
    waits = counts is not None and bool(counts.held or counts.unsealed)
    return Plan(
        parts=tuple(chain(parts, (_whole(row) for row in (*unreadable, *sent)))),
        events=sum(part.events for part in parts),
        frames=frames,
        sent=len(sent),
        unreadable=len(unreadable),
        seqs=frozenset().union(*going),
        memory=waits and _open_ended(selection) and selection.in_time(min(last_ns, now_ns), now_ns),
    )


def plan_batch(desk: Desk, sequence: int) -> Plan:
    """What deleting one whole batch would do.

    Raises:
        DeletionError: there is no such batch.
    """
    row = next((row for row in desk.rows() if row.sequence == sequence), None)
    if row is None:
        raise DeletionError(f"there is no batch {sequence}", "overt batches lists them")
    if row.deletion is not None or row.state not in {*HELD, BatchState.SENT}:
        return Plan()
    events = row.extent.kept if row.extent and row.state in HELD else 0
    return Plan(parts=(_whole(row),), events=events, sent=int(row.state is BatchState.SENT))


def carry(desk: Desk, make: Callable[[frozenset[int]], Plan], why: Why = Why.DELETE) -> Deleted:
    """Carry a plan out. It is made anew if anything it was reckoned from has changed.

    Args:
        desk: the person's.
        make: makes the plan, with these events besides what it is about: once a part of what belongs together is gone,
            the rest could not be told any more.
        why: what the person wants.

    Raises:
        DeletionError: not done, or not finished yet.
    """
    total, seqs, tries = Deleted(0, 0, 0, daemon=False), frozenset[int](), 0
    while tries < TRIES:
        planned = make(seqs)
        seqs |= planned.seqs
        if planned.memory:
            total = _sum(total, delete_last(desk.places, 0, time.time_ns()))
        wishes = list(_wishes(planned.parts))
        number = _noted(desk, wishes[0], why) if wishes else None
        if number is not None:
            total, tries = _sum(total, carry_out(desk.places, number)), 0
        if len(wishes) <= (number is not None):
            desk.forget()
            return total
        if number is None:
            tries += 1
            time.sleep(AGAIN_S)
    raise DeletionError("batches are being sent or sealed just now", "wait a moment, then delete again")


def _part(
    desk: Desk,
    one: Opened,
    change: Callable[[Payload], Payload],
    seqs: frozenset[int],
    entropy: Entropy,
) -> Part:
    """What stays of a batch, sealed. Where nothing would stay, or it cannot be sealed, all of it goes."""
    going = cut.observed(one.payload, seqs)
    if all(event.seq in seqs or isinstance(event, GapEvent) for event in one.payload.events):
        return replace(_whole(one.row), events=going)
    try:
        return sealed_part(desk, one, change(one.payload), going, entropy)
    except (SchemaError, ValueError):
        return replace(_whole(one.row), events=going)


def sealed_part(desk: Desk, one: Opened, payload: Payload, events: int, entropy: Entropy) -> Part:
    """Another content for a batch, sealed for the readers that it has.

    Raises:
        SchemaError: not all of its readers are known.
    """
    asked, enrolment = desk.found.asked, desk.found.enrolment
    assert asked is not None  # noqa: S101  # a desk has both
    assert enrolment is not None  # noqa: S101  # as above
    review = age.Recipient.parse(enrolment.review_recipient)
    known = [*map(age.Recipient.parse, readers_of(asked)), review]
    return Part(
        sequence=one.row.sequence,
        digest=one.digest,
        sealed=seal_again(one.header, payload, known, entropy),
        extent=extent_of(payload),
        note=seal_note(payload, review, entropy),
        events=events,
    )


def _whole(row: Row) -> Part:
    return Part(row.sequence, row.digest)


def _reaches(selection: Selection, row: Row) -> bool:
    """True if a batch that is not open may hold something of it; single events and pictures are elsewhere."""
    if not _open_ended(selection):
        return False
    if row.extent is None:
        return selection.in_time(0, (row.sealed_s + 1) * 1_000_000_000)
    return selection.in_time(row.extent.begin_ns, row.extent.end_ns)


def _open_ended(selection: Selection) -> bool:
    return not (selection.begin_ns is None and selection.end_ns is None and selection.app is None)


def _wishes(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Parts in wishes of bounded size."""
    wish, size = list[Part](), 0
    for part in sorted(parts, key=lambda p: p.sequence):
        length = len(part.sealed or b"")
        if wish and size + length > MAX_WISH_BYTES:
            yield wish
            wish, size = [], 0
        wish.append(part)
        size += length
    if wish:
        yield wish


def _noted(desk: Desk, parts: list[Part], why: Why) -> int | None:
    try:
        spool = Spool(desk.places, adopt=False)
        try:
            return spool.wish(parts, int(time.time()), why)
        finally:
            spool.close()
    except OSError as error:
        raise DeletionError(f"the disk refuses: {error.strerror}") from None


def _sum(a: Deleted, b: Deleted) -> Deleted:
    return Deleted(
        a.events + b.events, a.batches + b.batches, a.asked + b.asked, daemon=b.daemon, parts=a.parts + b.parts
    )


def more(selection: Selection, seqs: frozenset[int]) -> Selection:
    """The same, and these events."""
    return replace(selection, events=selection.events | seqs)


def plan_all(desk: Desk, selection: Selection, batches: Iterable[int], entropy: Entropy) -> Plan:
    """A selection and some whole batches in one plan.

    Raises:
        DeletionError: there is no such batch.
    """
    planned = plan(desk, selection, entropy) if selection != Selection() else Plan()
    for sequence in batches:
        whole = plan_batch(desk, sequence)
        if whole.empty:
            continue
        others = [part for part in planned.parts if part.sequence != sequence]
        already = sum(part.events for part in planned.parts) - sum(part.events for part in others)
        planned = replace(
            planned,
            parts=(*others, *whole.parts),
            events=planned.events - already + whole.events,
            sent=planned.sent + (whole.sent if len(others) == len(planned.parts) else 0),
        )
    return planned


def in_words(words: Words, planned: Plan) -> list[str]:
    """What a plan would do, for the person to decide."""
    told = []
    if planned.events:
        told += [words("delete.events", count=planned.events, frames=planned.frames), words("delete.gone")]
        told.append(words("delete.more"))
    for key in ("sent", "unreadable"):
        if count := getattr(planned, key):
            told.append(words(f"delete.{key}", count=count))
    if planned.memory:
        told.append(words("delete.memory"))
    return [*told, words("delete.counted")] if told else [words("delete.nothing")]
