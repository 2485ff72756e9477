"""What the collector asks of its two stores. Implementations are chosen in `settings` and nowhere else.

Every method that changes something returns only after the change is on durable storage.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from collector.rows import (
    BatchRecord,
    ConsentRow,
    Counts,
    DeviceRow,
    DocumentName,
    DocumentRow,
    Due,
    Enrolled,
    ErasedSum,
    ErasureRow,
    FeedRow,
    Hold,
    Limit,
    LogHead,
    LogRow,
    Pull,
    PullRecord,
    Stored,
    SweepRow,
    SweptOf,
    Visit,
)
from schemas.log import LogKind


class Published(Protocol):
    """Documents of the organisation, and its unused codes."""

    async def document_names(self) -> list[DocumentName]:
        """All published documents, in the order in which they came."""
        ...

    async def document(self, digest: str) -> DocumentRow | None:
        """One document with its body."""
        ...

    async def add_document(self, row: DocumentRow, codes: Sequence[str], expires_s: int) -> bool:
        """Store a document, and with it the digests of codes. False: its digest or version is taken."""
        ...


class Devices(Protocol):
    """Enrolled devices and their consent ledgers."""

    async def enrol(self, code: str, now_s: int, row: DeviceRow) -> Enrolled:
        """Use up a code (by digest) and store a device, both or neither, without noting which enrolled which."""
        ...

    async def device(self, device: str) -> DeviceRow | None:
        """One device by its fingerprint."""
        ...

    async def devices(self, after: str = "", limit: int | None = None) -> list[DeviceRow]:
        """Devices whose fingerprint is above `after`, sorted by it: the order of enrolment is nobody's business."""
        ...

    async def add_consent(self, row: ConsentRow) -> bool:
        """Append to a device's consent ledger. False: the number is taken."""
        ...

    async def ledgers(self, devices: Sequence[str]) -> list[ConsentRow]:
        """The consent ledgers of several devices, one after the other, each oldest first."""
        ...

    async def consents(self, device: str, since: int = 0) -> list[ConsentRow]:
        """A device's consent ledger from a number on, oldest first."""
        ...


class Batches(Protocol):
    """Rows of stored batches, and who read them."""

    async def add_batch(self, row: BatchRecord, consents: int | None = None) -> bool:
        """Store a row. False: its digest or its place in the device's chain is taken.

        With `consents`, also False if the device's consent ledger has another number of entries by now: what was
        admitted by an older ledger is not stored.
        """
        ...

    async def batch(self, digest: str) -> BatchRecord | None:
        """One batch by digest."""
        ...

    async def batch_at(self, device: str, sequence: int) -> BatchRecord | None:
        """The batch at a place of a device's chain."""
        ...

    async def between(self, device: str, first: int, last: int) -> list[BatchRecord]:
        """The batches at a stretch of a device's chain, both ends included."""
        ...

    async def last_batch(self, device: str) -> BatchRecord | None:
        """The newest batch of a device's chain."""
        ...

    async def page(self, after: int, limit: int) -> list[BatchRecord]:
        """Batches with a cursor above `after`, in the cursor's order."""
        ...

    async def add_pull(self, pull: Pull) -> None:
        """Note that somebody reads a batch."""
        ...


class Erasures(Protocol):
    """What devices had deleted."""

    async def entomb(self, row: ErasureRow, stored: Sequence[str], absent: Sequence[BatchRecord]) -> bool:
        """Turn stored batches (by digest) into tombstones, add the absent ones, keep the request: all or nothing.

        Tombstones stay as they are. False: a place is taken, or the request is known.
        """
        ...

    async def expire(self, device: str, digests: Sequence[str], hour: int) -> bool:
        """Turn batches of a device whose time is over into tombstones, with an entry in feed and log: all or nothing.

        False: another collector was at it.
        """
        ...

    async def due(self, limit: Limit, most: int) -> list[BatchRecord]:
        """Batches whose time is over and that are no tombstones yet, by device and place."""
        ...

    async def overdue(self, limit: Limit) -> Due:
        """How many those are."""
        ...

    async def unemptied(self) -> list[BatchRecord]:
        """Tombstones whose bytes may still be there."""
        ...

    async def emptied(self, digests: Sequence[str]) -> None:
        """The bytes of these tombstones are durably gone."""
        ...

    async def erasures(self, devices: Sequence[str] | None = None) -> list[ErasureRow]:
        """Requests (of these devices) that were obeyed, sorted by digest: when which came is nobody's business."""
        ...


class Signed(Protocol):
    """Signed requests, so that none is served twice by collectors that share a store."""

    async def first_time(self, nonce: str) -> bool:
        """Remember a request by a digest. False: one of the collectors has served it before."""
        ...


class Access(Protocol):
    """What is kept about one device's batches, for its own eyes."""

    async def pulls(self, after: int, limit: int) -> list[PullRecord]:
        """Readings of anybody's batches with a cursor above `after`, in its order."""
        ...

    async def pulls_of(self, device: str, after: int, limit: int) -> list[PullRecord]:
        """Readings of a device's batches with a cursor above `after`, in its order."""
        ...

    async def stored_of(self, device: str) -> Stored:
        """How much of a device is stored."""
        ...

    async def days_of(self, device: str) -> list[tuple[int, int]]:
        """In which hours (Unix seconds) how many of a device's stored batches came."""
        ...

    async def erasures_of(self, device: str, limit: int) -> list[ErasedSum]:
        """The newest erasures of a device's batches."""
        ...

    async def add_sweep(self, row: SweepRow, batches: Sequence[str]) -> bool:
        """Keep a sweep receipt and which batches it names. False: it is known."""
        ...

    async def sweep(self, digest: str) -> SweepRow | None:
        """One sweep receipt."""
        ...

    async def sweeps_of(self, device: str, limit: int) -> list[SweptOf]:
        """The newest sweep receipts that name batches of a device."""
        ...


class LogStore(Protocol):
    """The transparency log and the feed of erasures. Entries come with what they tell of, in its transaction."""

    async def log_head(self) -> LogHead | None:
        """The newest head; None before the first extension."""
        ...

    async def log_tile(self, level: int, number: int) -> bytes | None:
        """A tile as far as it is filled. Level -1: entries."""
        ...

    async def merge_log(self, period: int) -> bool:
        """Give places to entries that have none and fill up with random ones. False: done for this period before."""
        ...

    async def openings(self, kinds: Sequence[LogKind], device: str | None, after: int, limit: int) -> list[LogRow]:
        """Entries of some kinds, or those of them that concern one device, with an id above `after`."""
        ...

    async def feed_from(self, after: int, limit: int) -> list[FeedRow]:
        """Entries of the feed with a number above `after`."""
        ...

    async def feed_at(self, number: int | None) -> FeedRow | None:
        """One entry of the feed; None: the newest."""
        ...


class Visits(Protocol):
    """Visits to pages, and what participants wished there."""

    async def add_visit(self, visit: Visit) -> None:
        """Keep a ticket."""
        ...

    async def begin_visit(self, ticket: str, cookie: str, role: str, now_s: int, expires_s: int) -> bool:
        """Use a ticket up for a cookie. False: unknown, used, over, or another role's. Visits that are over go."""
        ...

    async def visit(self, cookie: str) -> Visit | None:
        """The visit of a cookie."""
        ...

    async def end_visit(self, cookie: str) -> None:
        """Forget a visit."""
        ...

    async def hold(self, row: Hold | None, device: str) -> None:
        """Keep what a device's person wished; None: nothing any more."""
        ...

    async def holds(self) -> dict[str, Hold]:
        """All wishes, by device."""
        ...


class Dump(Protocol):
    """All rows, out and in."""

    def dump(self) -> AsyncIterator[tuple[str, Sequence[dict[str, Any]]]]:
        """Tables' names with some of their rows, all as they are at one moment; visits to pages are left out."""
        ...

    async def load(self, name: str, rows: Sequence[dict[str, Any]]) -> None:
        """Put rows into a table."""
        ...

    async def loaded(self) -> None:
        """All rows are in: counting goes on after them."""
        ...

    async def empty(self) -> bool:
        """Whether there are no rows."""
        ...


class Ledger(Published, Devices, Batches, Erasures, Access, Signed, LogStore, Visits, Dump, Protocol):
    """The rows store as a whole."""

    async def open(self) -> None:
        """Connect. Only a store that belongs to this collector alone brings its own schema up to date.

        Raises:
            StorageError: it cannot be used.
        """
        ...

    async def migrate(self) -> str:
        """Bring the schema up to date, and give its number. Nothing is lost by doing it twice, or twice at once.

        Raises:
            StorageError: it cannot be used, or a newer version was here.
        """
        ...

    async def tidy(self) -> None:
        """Forget in which order things came: which code enrolled which device is nobody's business (G12)."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...

    async def ready(self) -> None:
        """Return if the store answers, at no cost that grows with what is stored.

        Raises:
            StorageError: it does not.
        """
        ...

    async def counts(self) -> Counts:
        """How much is stored."""
        ...

    async def faults(self) -> list[str]:
        """What the store's own check of its integrity finds."""
        ...


class Blobs(Protocol):
    """Sealed bytes by their digest."""

    async def open(self) -> None:
        """Create what is missing and clear half-written files.

        Raises:
            StorageError: it cannot be used.
        """
        ...

    async def put(self, digest: str, data: bytes) -> None:
        """Store bytes under their digest, again if they are there.

        Raises:
            StorageError: not durable, so not to be acknowledged.
        """
        ...

    async def delete(self, digest: str) -> None:
        """Delete a blob durably with all its versions, if there is one.

        Raises:
            StorageError: it may still be there.
        """
        ...

    async def size(self, digest: str) -> int | None:
        """Length in bytes, None if there is no such blob."""
        ...

    def read(self, digest: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes from `start` until before `end`, in chunks."""
        ...
