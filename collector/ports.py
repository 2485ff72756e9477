"""What the collector asks of its two stores. Implementations are chosen in `settings` and nowhere else.

Every method that changes something returns only after the change is on durable storage.
"""

from collections.abc import AsyncIterator, Sequence
from enum import Enum
from typing import Protocol

from msgspec import Struct


class DocumentRow(Struct, frozen=True):
    """A published document; `body` is the signed document's bytes."""

    digest: str
    kind: str
    study: str
    version: int
    body: bytes


class DocumentName(Struct, frozen=True):
    """A published document without its body."""

    digest: str
    kind: str
    study: str
    version: int


class DeviceRow(Struct, frozen=True):
    """An enrolled device; `body` is its signed registration."""

    device: str
    digest: str
    body: bytes
    received_hour: int


class ConsentRow(Struct, frozen=True):
    """An entry of a device's consent ledger."""

    device: str
    number: int
    digest: str
    body: bytes
    received_hour: int


class BatchRecord(Struct, frozen=True):
    """A stored batch, or its tombstone. `cursor` is 0 until it is stored.

    A tombstone keeps the place in the chain. Its `size` is 0 once the bytes are gone.
    """

    digest: str
    device: str
    sequence: int
    size: int
    received_hour: int
    cursor: int = 0
    erased_hour: int | None = None


class ErasureRow(Struct, frozen=True):
    """A request for erasure that was obeyed; `body` is the signed request."""

    digest: str
    device: str
    body: bytes
    received_hour: int


class Pull(Struct, frozen=True):
    """Somebody's reading of a batch."""

    researcher: str
    digest: str
    reason: str
    at_s: int


class PullRecord(Pull, frozen=True):
    """The same with its place in the list of all."""

    cursor: int


class Stored(Struct, frozen=True):
    """What is stored of one device."""

    batches: int
    size: int


class ErasedSum(Struct, frozen=True):
    """An obeyed request with what became of its batches."""

    row: ErasureRow
    pending: bool  # bytes of its device's tombstones may still be there


class SweepRow(Struct, frozen=True):
    """A researcher's sweep receipt; `body` is the signed document."""

    digest: str
    researcher: str
    body: bytes
    received_hour: int


class SweptOf(Struct, frozen=True):
    """A sweep receipt, and how many of one device's batches it names."""

    row: SweepRow
    batches: int


class Counts(Struct, frozen=True):
    """How many rows there are; says nothing about anybody."""

    documents: int
    devices: int
    consents: int
    batches: int
    batch_bytes: int
    pulls: int


class Enrolled(Enum):
    """What became of an attempt to enrol."""

    STORED = "stored"
    BAD_CODE = "bad_code"
    TAKEN = "taken"


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

    async def devices(self) -> list[DeviceRow]:
        """All devices, sorted by fingerprint: the order of enrolment is nobody's business."""
        ...

    async def add_consent(self, row: ConsentRow) -> bool:
        """Append to a device's consent ledger. False: the number is taken."""
        ...

    async def consents(self, device: str, since: int = 0) -> list[ConsentRow]:
        """A device's consent ledger from a number on, oldest first."""
        ...


class Batches(Protocol):
    """Rows of stored batches, and who read them."""

    async def add_batch(self, row: BatchRecord) -> bool:
        """Store a row. False: its digest or its place in the device's chain is taken."""
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

    async def unemptied(self) -> list[BatchRecord]:
        """Tombstones whose bytes may still be there."""
        ...

    async def emptied(self, digests: Sequence[str]) -> None:
        """The bytes of these tombstones are durably gone."""
        ...

    async def erasures(self) -> list[ErasureRow]:
        """All requests that were obeyed, sorted by digest: when which came is nobody's business."""
        ...


class Access(Protocol):
    """What is kept about one device's batches, for its own eyes."""

    async def pulls_of(self, device: str, after: int, limit: int) -> list[PullRecord]:
        """Readings of a device's batches with a cursor above `after`, in its order."""
        ...

    async def stored_of(self, device: str) -> Stored:
        """How much of a device is stored."""
        ...

    async def erasures_of(self, device: str, limit: int) -> list[ErasedSum]:
        """The newest obeyed requests of a device."""
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


class Ledger(Published, Devices, Batches, Erasures, Access, Protocol):
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
