"""The spool: sealed batches that wait to be sent, a file each, with an index of the whole chain.

A batch is written (temporary file, fsync, rename, fsync of the folder) and then entered in the index (SQLite, WAL,
``synchronous=FULL``). A crash between the two leaves a file without a row, which :class:`Spool` adopts when it opens
if it is the next link of the chain. Rows stay after sending: they are the chain's memory and the person's history.
"""

import errno
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from agent.core.seal import Link
from agent.disk.durable import sync_folder, write_over
from agent.disk.places import OWNER_ONLY_FILE, Places
from schemas.base import SchemaError
from schemas.envelope import Envelope, parse

SUFFIX = ".overt"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (
    sequence INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
    sealed_s INTEGER NOT NULL, state TEXT NOT NULL, receipt BLOB);
CREATE TABLE IF NOT EXISTS told (number INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS consent_receipt (number INTEGER PRIMARY KEY, receipt BLOB NOT NULL);
"""


class BatchState(StrEnum):
    """Where a sealed batch is."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"


class Row(Struct, frozen=True):
    """A sealed batch in the index."""

    sequence: int
    digest: str
    size: int
    sealed_s: int
    state: BatchState


@contextmanager
def _as_os_error() -> Iterator[None]:
    """SQLite reports a full or failing disk by errors of its own; to callers, the disk refused."""
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(errno.EIO, f"the spool's index cannot be used ({type(error).__name__})") from None


def _connect(index: Path) -> sqlite3.Connection:
    db = sqlite3.connect(index, check_same_thread=False, isolation_level=None)
    try:
        index.chmod(OWNER_ONLY_FILE)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.executescript(_SCHEMA)
    except BaseException:
        db.close()
        raise
    return db


class Spool:
    """Sealed batches on disk. Safe for use by several threads of one process.

    Raises:
        OSError: from every method, where disk or index cannot be used.
    """

    def __init__(self, places: Places, *, adopt: bool = True) -> None:
        self._folder = places.spool
        self._lock = threading.Lock()
        with _as_os_error():
            self._db = _connect(places.state / "index.sqlite")
        if adopt:  # only the daemon, which alone writes here
            self._adopt()

    def link(self) -> Link:
        """Where the next batch joins the chain."""
        with self._rows() as db:
            last = db.execute("SELECT sequence, digest FROM batch ORDER BY sequence DESC LIMIT 1").fetchone()
        return Link(last[0] + 1, last[1]) if last else Link(0, None)

    def put(self, envelope: Envelope, sealed_s: int) -> Row:
        """Keep an envelope durably as the next link.

        Raises:
            OSError: the disk refused; nothing of it is kept.
        """
        data = envelope.to_bytes()
        row = Row(envelope.header.sequence, envelope.digest, len(data), sealed_s, BatchState.WAITING)
        write_over(self._path(row.sequence), data)
        self._enter(row)
        return row

    def read(self, sequence: int) -> bytes:
        """The bytes of a waiting batch.

        Raises:
            FileNotFoundError: it is not waiting.
        """
        return self._path(sequence).read_bytes()

    def waiting(self, sealed_before_s: int | None = None) -> list[Row]:
        """Batches not yet received by the collector, oldest first, of at least a given age."""
        limit = sealed_before_s if sealed_before_s is not None else 1 << 62
        return self._select("WHERE state = 'waiting' AND sealed_s <= ? ORDER BY sequence", (limit,))

    def history(self) -> list[Row]:
        """Every batch there ever was, oldest first."""
        return self._select("ORDER BY sequence", ())

    def size(self) -> int:
        """Bytes that wait."""
        return sum(row.size for row in self.waiting())

    def sent(self, sequence: int, receipt: bytes) -> None:
        """The collector has it: keep the receipt, let the file go."""
        with self._rows() as db:
            db.execute("UPDATE batch SET state = 'sent', receipt = ? WHERE sequence = ?", (receipt, sequence))
        self._path(sequence).unlink(missing_ok=True)
        sync_folder(self._folder)

    def refused(self, sequence: int) -> None:
        """The collector will never take it: the file stays, for the person and for support."""
        with self._rows() as db:
            db.execute("UPDATE batch SET state = 'refused' WHERE sequence = ?", (sequence,))

    def told(self) -> set[int]:
        """Numbers of the consent records that the collector has."""
        with self._rows() as db:
            return {number for (number,) in db.execute("SELECT number FROM told")}

    def tell(self, number: int, receipt: bytes) -> None:
        """The collector has this consent record: keep its receipt."""
        with self._rows() as db:
            db.execute("INSERT OR IGNORE INTO consent_receipt VALUES (?, ?)", (number, receipt))
            db.execute("INSERT OR IGNORE INTO told VALUES (?)", (number,))

    def consent_receipts(self) -> dict[int, bytes]:
        """The collector's receipts for consent records, by number."""
        with self._rows() as db:
            return dict(db.execute("SELECT number, receipt FROM consent_receipt").fetchall())

    def close(self) -> None:
        """Close the index."""
        with self._lock:
            self._db.close()

    def _path(self, sequence: int) -> Path:
        return self._folder / f"{sequence:09d}{SUFFIX}"

    def _enter(self, row: Row) -> None:
        with self._rows() as db:
            db.execute(
                "INSERT INTO batch VALUES (?, ?, ?, ?, ?, NULL)",
                (row.sequence, row.digest, row.size, row.sealed_s, row.state.value),
            )

    def _select(self, tail: str, values: tuple[int, ...]) -> list[Row]:
        with self._rows() as db:
            found = db.execute(f"SELECT sequence, digest, size, sealed_s, state FROM batch {tail}", values).fetchall()  # noqa: S608  # own constants
        return [Row(s, d, n, t, BatchState(state)) for s, d, n, t, state in found]

    @contextmanager
    def _rows(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _as_os_error():
            yield self._db

    def _adopt(self) -> None:
        """Enter files whose row a crash prevented; remove what was sent already and what no chain can use."""
        for part in self._folder.glob(".*.part"):
            part.unlink()
        known = {row.sequence: row.state for row in self.history()}
        for path in sorted(self._folder.glob(f"[0-9]*{SUFFIX}")):
            state = known.get(int(path.name.removesuffix(SUFFIX)))
            if state is BatchState.SENT:
                path.unlink()
            if state is not None:
                continue
            data, link = path.read_bytes(), self.link()
            try:
                envelope = parse(data)
            except SchemaError:
                envelope = None
            if envelope and (envelope.header.sequence, envelope.header.previous) == (link.sequence, link.previous):
                self._enter(
                    Row(link.sequence, envelope.digest, len(data), int(path.stat().st_mtime), BatchState.WAITING)
                )
            else:
                path.unlink()
