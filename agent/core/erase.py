"""Deleting what was captured, reckoned: which batches a deletion reaches, and what takes their place.

A batch that the collector cannot have is replaced: the same place in the chain, no event, a gap that says that
something was deleted, and a loss account that still balances. One that it may have (it was sent, or an upload was
begun) keeps its digest, and the collector is asked to delete it.
"""

from collections import Counter
from collections.abc import Sequence
from enum import Enum

from msgspec import Struct

from agent.core.chain import HELD, BatchState, Extent, Row
from schemas.events import ClockSource, GapEvent, GapReason, LossAccount, RedactionState
from schemas.payload import Payload

DELETED = GapReason.DELETED.value
"""The reason under which deleted observations are counted."""
WITHDRAWN = "withdrawn"
"""The reason under which observations are counted that were in memory when consent ended."""
GAPS = {DELETED: GapReason.DELETED, WITHDRAWN: GapReason.OFF}
"""What the gap says that takes their place."""
SECOND_NS = 1_000_000_000


class Span(Struct, frozen=True):
    """What to delete: everything captured from ``since_ns`` (Unix time) on; 0 is everything.

    It has no end: whatever is in the chain when a deletion is carried out was captured before the person asked.
    """

    since_ns: int

    @property
    def everything(self) -> bool:
        """True if nothing may stay, not even the places of what was deleted before."""
        return self.since_ns <= 0

    def reaches(self, row: Row) -> bool:
        """True if a batch may hold an event of it."""
        return self.meets(row.extent, row.sealed_s)

    def meets(self, extent: Extent | None, sealed_s: int) -> bool:
        """True if a batch may hold an event of it. In doubt it may: of older batches only the end is known."""
        end_ns = extent.end_ns if extent else (sealed_s + 1) * SECOND_NS
        return self.everything or end_ns >= self.since_ns


class Picked(Struct, frozen=True):
    """Batches to delete, or to delete a part of, one by one."""

    sequences: frozenset[int]
    everything: bool = False

    def reaches(self, row: Row) -> bool:
        """True if it is one of them."""
        return row.sequence in self.sequences


class Fate(Enum):
    """What becomes of a batch."""

    STAY = "stay"
    LINK = "link"  # it stays, and must name the digest that the one before it has by then
    REPLACE = "replace"
    ASK = "ask"  # delete it here, and ask the collector to


def fates(chain: Sequence[Row], span: Span | Picked, *, can_seal: bool = True) -> list[tuple[Row, Fate]]:
    """What becomes of each batch of a chain, oldest first.

    Args:
        chain: every batch of the index, in order.
        span: what is to be deleted.
        can_seal: false where the device's key is not at hand: then nothing can be signed anew, and every batch that is
            deleted keeps its digest.
    """
    found, sure = [], False
    for row in chain:
        sure = sure or (row.state in HELD and not row.tried)  # the collector takes no batch before this one
        fate = _fate(row, span, replaceable=sure and can_seal)
        linked = fate is Fate.STAY and sure and can_seal and row.state in HELD
        found.append((row, Fate.LINK if linked else fate))
    return found


def _fate(row: Row, span: Span | Picked, *, replaceable: bool) -> Fate:
    if row.state is BatchState.SENT:
        known = row.deletion is None or span.everything
        return Fate.ASK if known and span.reaches(row) else Fate.STAY
    if row.state not in HELD or row.deletion is not None or not span.reaches(row):
        return Fate.STAY
    return Fate.REPLACE if replaceable else Fate.ASK


def without(account: LossAccount, reason: str = DELETED) -> LossAccount:
    """The account of a batch whose content was deleted: all that was kept was dropped, in the end."""
    dropped = {modality: Counter(reasons) for modality, reasons in account.dropped.items()}
    for modality, count in account.kept.items():
        dropped.setdefault(modality, Counter())[reason] += count
    return LossAccount(seen=dict(account.seen), kept={}, dropped={m: dict(c) for m, c in dropped.items()})


def emptied(extent: Extent | None, reason: str = DELETED) -> Payload:
    """What takes the place of a batch's content. Of a batch of an older version nothing is known that could be told.

    Args:
        extent: of the content.
        reason: one of :data:`GAPS`.
    """
    if extent is None:
        return Payload([], b"", LossAccount(seen={}, kept={}, dropped={}), reason)
    account = without(extent.account, reason)
    gap = GapEvent(
        seq=extent.seq,
        mono_ns=extent.mono_ns,
        wall_ns=extent.begin_ns,
        epoch=extent.epoch,
        clock=ClockSource.HOOK,
        injected=False,
        app="",
        window=0,
        redaction=RedactionState.NONE,
        consent=extent.consent,
        reason=GAPS[reason],
        until_ns=extent.until_ns,
        count=sum(reasons.get(reason, 0) for reasons in account.dropped.values()),
    )
    return Payload([gap], b"", account, extent.episode)
