"""Pulling: resumable, parallel, content-addressed. A file that has its final name is whole and has its digest.

Killed at any moment, a pull leaves whole envelopes and ``.part`` files; the next one goes on at the part's last byte.
"""

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from research.bandwidth import Limit
from research.client import Collector
from research.disk import sync_folder
from research.errors import CollectorError, InputError, ResearchError
from research.folder import PART, Folder, Listing
from schemas.envelope import MAX_ENVELOPE_BYTES
from schemas.wire import BatchRow

DEFAULT_JOBS = 4
MAX_JOBS = 32
ATTEMPTS = 6
FIRST_PAUSE_S = 0.2
"""Seconds after the first failure; doubled after each further one: 6 s in all."""
_READ_BYTES = 1 << 20

Advance = Callable[[int], None]
"""Called with the number of bytes that came in; negative when some have to come again."""


class Pulled(Struct, frozen=True):
    """What a pull did."""

    batches: int
    present: int
    fetched: int
    bytes: int  # fetched now, over the wire
    seconds: float
    erased: int = 0  # batches of the listing that were erased at their participants' wish
    removed: int = 0  # of those, copies that were deleted here


class Plan(Struct, frozen=True):
    """What is to be fetched."""

    listing: Listing
    missing: list[BatchRow]
    removed: int = 0  # copies of erased batches that were deleted here

    @property
    def bytes(self) -> int:
        """How much of it is there, at most."""
        return sum(row.size for row in self.missing)


def plan(collector: Collector, folder: Folder) -> Plan:
    """Ask what there is, store the documents, and find what is missing.

    The ledger is asked for after the listing, so that it covers every batch in it.

    Raises:
        CollectorError: refused, or not reached.
    """
    asked = int(time.time())
    listing = Listing(rows=tuple(collector.rows()), fetched=asked)
    if any(row.size > MAX_ENVELOPE_BYTES for row in listing.rows):
        raise CollectorError("the collector lists a batch that is larger than any can be")
    ledger = collector.ledger()
    folder.save(collector.study(), ledger, listing)
    removed = sum(_remove(folder, row) for row in listing.rows if row.erased)
    return Plan(listing, [row for row in listing.rows if not row.erased and not _is_whole(folder, row)], removed)


def fetch(
    collector: Collector,
    folder: Folder,
    what: Plan,
    jobs: int = DEFAULT_JOBS,
    advance: Advance = lambda _: None,
    pause: Callable[[float], None] = time.sleep,
) -> Pulled:
    """Fetch what a plan says is missing.

    Args:
        collector: where from.
        folder: where to.
        what: as :func:`plan` made it.
        jobs: connections at a time.
        advance: told of progress, from any thread.
        pause: waits that many seconds between attempts.

    Raises:
        CollectorError: a batch was refused, or is not what its digest says, after several attempts.
        InputError: jobs outside 1 to :data:`MAX_JOBS`, or another pull is at work in this folder.
    """
    if not 1 <= jobs <= MAX_JOBS:
        raise InputError(f"--jobs must be 1 to {MAX_JOBS}")
    began = time.monotonic()
    counted: list[int] = []

    def count(size: int) -> None:
        counted.append(size)
        advance(size)

    with only_one(folder.root):
        _all(jobs, [_task(collector, folder, row, count, pause) for row in what.missing])
    erased = sum(bool(row.erased) for row in what.listing.rows)
    batches, missing = len(what.listing.rows) - erased, len(what.missing)
    came = sum(size for size in counted if size > 0)
    took = time.monotonic() - began
    return Pulled(batches, batches - missing, missing, came, took, erased, what.removed)


def paid(advance: Advance, limit: Limit | None) -> Advance:
    """The same, but bytes are waited for where there is a limit on them."""
    if limit is None:
        return advance

    def spend(size: int) -> None:
        advance(size)
        limit.spend(size)

    return spend


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Hold a folder's lock. The system frees it when this process ends, however it ends.

    Raises:
        InputError: another process holds it.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"another pull is at work in {root}", "Wait until it has ended.") from None
        yield


def _all(jobs: int, tasks: Sequence[Callable[[], None]]) -> None:
    pool = ThreadPoolExecutor(jobs)
    try:
        done, _ = wait([pool.submit(task) for task in tasks], return_when=FIRST_EXCEPTION)
        for each in done:
            each.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _task(
    collector: Collector, folder: Folder, row: BatchRow, advance: Advance, pause: Callable[[float], None]
) -> Callable[[], None]:
    def run() -> None:
        for attempt in range(ATTEMPTS):
            try:
                _one(collector, folder.blob(row.digest), row, advance)
            except CollectorError as error:
                if not error.retry or attempt == ATTEMPTS - 1:
                    raise
                pause(FIRST_PAUSE_S * 2**attempt)
            else:
                return

    return run


def _one(collector: Collector, path: Path, row: BatchRow, advance: Advance) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(PART)
    hasher, size = _resume(part, row.size)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600), "ab") as file:
        if size < row.size:
            with collector.blob(row.digest, size) as chunks:
                if chunks.start != size:
                    file.truncate(0)
                    hasher, size = hashlib.sha256(), 0
                for chunk in chunks.data:
                    size += len(chunk)
                    if size > row.size:
                        break
                    file.write(chunk)
                    file.flush()  # what a killed pull has received, the next one need not ask for
                    hasher.update(chunk)
                    advance(len(chunk))
        if hasher.hexdigest() != row.digest:
            _start_over(part, cut_off=size < row.size)
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def _start_over(part: Path, *, cut_off: bool) -> None:
    if cut_off:
        raise CollectorError("a batch was cut off", retry=True)
    with contextlib.suppress(FileNotFoundError):
        part.unlink()
    raise CollectorError(
        f"the bytes of batch {part.stem[:16]} are not those that its digest names",
        "Pull again; if it stays so, report the batch to whoever runs the collector.",
        retry=True,
    )


def _resume(part: Path, whole: int) -> "tuple[hashlib._Hash, int]":
    """The digest so far and the length of what is there; nothing, if it is longer than it may be."""
    hasher, size = hashlib.sha256(), 0
    with contextlib.suppress(FileNotFoundError), part.open("rb") as file:
        while data := file.read(_READ_BYTES):
            hasher.update(data)
            size += len(data)
    if size <= whole:
        return hasher, size
    part.unlink()
    return hashlib.sha256(), 0


def _remove(folder: Folder, row: BatchRow) -> bool:
    """Delete a copy of an erased batch, and what came of it; true if there was a whole one."""
    path = folder.blob(row.digest)
    try:
        path.with_suffix(PART).unlink(missing_ok=True)
        path.unlink()
        sync_folder(path.parent)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ResearchError(f"cannot delete an erased batch in {folder.root}: {error.strerror}") from None
    return True


def _is_whole(folder: Folder, row: BatchRow) -> bool:
    try:
        return folder.blob(row.digest).stat().st_size == row.size
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ResearchError(f"cannot look into {folder.root}: {error.strerror}") from None
