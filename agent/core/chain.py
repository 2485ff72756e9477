"""The device's chain of sealed batches, as its index remembers it."""

from enum import StrEnum

from msgspec import Struct

from schemas.events import LossAccount
from schemas.payload import Payload


class BatchState(StrEnum):
    """Where a sealed batch is."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"
    ERASING = "erasing"  # deleted here; the collector may have it and was or will be asked to delete it
    ERASED = "erased"  # the collector has confirmed it


HELD = frozenset({BatchState.WAITING, BatchState.REFUSED})
"""States in which a batch lies on this machine."""


class Extent(Struct, frozen=True):
    """When a batch's events were, and how many: kept beside it, because nobody can look inside once it is sealed.

    Times are nanoseconds; ``begin_ns`` and ``end_ns`` are Unix time, the others monotonic.
    """

    seq: int  # of its first event
    epoch: int
    begin_ns: int
    end_ns: int
    mono_ns: int
    until_ns: int
    consent: str
    episode: str
    account: LossAccount

    @property
    def kept(self) -> int:
        """How many observations it holds."""
        return sum(self.account.kept.values())


class Row(Struct, frozen=True):
    """A sealed batch in the index."""

    sequence: int
    digest: str
    size: int
    sealed_s: int
    state: BatchState
    tried: bool = False  # an upload was begun under this digest: the collector may have it
    extent: Extent | None = None  # absent in batches of an older version, and once deleted
    deletion: int | None = None  # the deletion that took its content


def extent_of(payload: Payload) -> Extent:
    """When the events of a batch were. It must hold some."""
    first, events = payload.events[0], payload.events
    walls = [event.wall_ns for event in events]
    return Extent(
        seq=first.seq,
        epoch=first.epoch,
        begin_ns=min(walls),
        end_ns=max(walls),
        mono_ns=first.mono_ns,
        until_ns=max(event.mono_ns for event in events if event.epoch == first.epoch),
        consent=first.consent,
        episode=payload.episode,
        account=payload.account,
    )
