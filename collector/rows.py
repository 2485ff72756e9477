"""What the collector's stores speak of: rows as they are kept, and what is reckoned from them."""

from enum import Enum

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

    A tombstone keeps the place in the chain. Its `size` is 0 once the bytes are gone. `due_hour` is when its consent's
    time is over, None for batches from before that was noted.
    """

    digest: str
    device: str
    sequence: int
    size: int
    received_hour: int
    cursor: int = 0
    erased_hour: int | None = None
    due_hour: int | None = None


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


class FeedRow(Struct, frozen=True):
    """An entry of the feed of erasures; `digest` is what the log has of it, `head` the feed's after it."""

    number: int
    device: str
    cause: str
    digest: str
    body: bytes
    head: str


class ErasedSum(Struct, frozen=True):
    """An erasure with what became of its batches."""

    row: FeedRow
    pending: bool  # bytes of its device's tombstones may still be there


class LogRow(Struct, frozen=True):
    """An entry of the transparency log with its opening; no `position` until the log is next extended."""

    id: int
    kind: str
    subject: str
    salt: bytes
    device: str | None
    position: int | None


class LogHead(Struct, frozen=True):
    """The log after an extension."""

    size: int
    root: bytes
    period: int


class Limit(Struct, frozen=True):
    """By what a batch's time is over: now, and the newest and the shortest time of all notices. Seconds."""

    now_hour: int
    newest_s: int
    least_s: int


class Due(Struct, frozen=True):
    """How many batches are over their time, and since when the oldest is."""

    batches: int
    oldest_hour: int | None


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


class Visit(Struct, frozen=True):
    """A visit to a page: digests of its ticket and, once that was used, of its cookie."""

    ticket: str
    role: str
    device: str | None
    cookie: str | None
    expires_s: int


class Hold(Struct, frozen=True):
    """What a participant wished on their page; until their device signs or lifts it, nobody gets their batches."""

    device: str
    wish: str
    asked_hour: int


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
