"""The spool: sealed batches that wait to be sent, a file each, with an index of the whole chain.

A batch is written (temporary file, fsync, rename, fsync of the folder) and then entered in the index. A crash between
the two leaves a file without a row, which :class:`Spool` adopts when it opens if it is the next link of the chain. Rows
stay after sending: they are the chain's memory and the person's history.

Deletions (:mod:`agent.disk.erasing`) are noted in the index before anything else, and until one is done no upload
begins.
"""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from agent.core.chain import HELD, Extent
from agent.core.chain import BatchState as BatchState  # noqa: PLC0414  # of what this module tells
from agent.core.chain import Row as Row  # noqa: PLC0414  # as above
from agent.core.seal import Link
from agent.disk.durable import sync_folder, write_over
from agent.disk.index import COLUMNS, as_os_error, connect, forget, packed, row_of
from agent.disk.parts import Part, Why, drop_parts, note_wish, parts_of, put_in_place
from agent.disk.places import Places
from schemas.base import SchemaError
from schemas.envelope import Envelope, parse

SUFFIX = ".overt"


class Deletion(Struct, frozen=True):
    """A wish to delete, as the index keeps it until it is carried out, and what it came to."""

    number: int
    since_ns: int
    asked_s: int  # Unix time
    unsealed: int  # observations that were wiped from memory
    done: bool
    sealed: int = 0  # observations in sealed batches that were deleted here
    batches: int = 0  # sealed batches deleted here that no collector had
    asked: int = 0  # batches that the collector is asked to delete
    parts: int = 0  # sealed batches of which a part was taken out
    why: Why = Why.DELETE


class Tally(Struct, frozen=True):
    """Of the batches in each state: how many, how many bytes, and when the oldest was sealed (Unix time)."""

    batches: Mapping[BatchState, int] = {}
    sizes: Mapping[BatchState, int] = {}
    oldest_s: Mapping[BatchState, int] = {}


class Spool:
    """Sealed batches on disk. Safe for use by several threads of one process.

    Attributes:
        tally: As of the last write. To read it waits for nobody: a write may take as long as the disk likes, and the
            gate must not wait for it to close.

    Raises:
        OSError: from every method, where disk or index cannot be used.
    """

    def __init__(self, places: Places, *, adopt: bool = True) -> None:
        self._folder = places.spool
        self._lock = threading.Lock()
        with as_os_error():
            self._db = connect(places.state / "index.sqlite")
            self._counted = self._db.total_changes
            self.tally = _tally(self._db)
        if adopt:  # only the daemon, which alone writes here
            self._adopt()

    def link(self) -> Link:
        """Where the next batch joins the chain."""
        with self._rows() as db:
            last = db.execute("SELECT sequence, digest FROM batch ORDER BY sequence DESC LIMIT 1").fetchone()
        return Link(last[0] + 1, last[1]) if last else Link(0, None)

    def put(self, envelope: Envelope, sealed_s: int, extent: Extent | None = None, note: bytes | None = None) -> Row:
        """Keep an envelope durably as the next link; ``note``: what the person alone may know later of it, sealed.

        Raises:
            OSError: the disk refused; nothing of it is kept.
        """
        data = envelope.to_bytes()
        row = Row(envelope.header.sequence, envelope.digest, len(data), sealed_s, BatchState.WAITING, extent=extent)
        write_over(self._path(row.sequence), data)
        self._enter(row, note)
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
        """Bytes that wait. Waits for no disk."""
        return self.tally.sizes.get(BatchState.WAITING, 0)

    def load(self) -> tuple[int, int | None]:
        """Bytes that wait, and when the oldest of them was sealed (Unix time); ``None`` if nothing waits.

        Waits for no disk.
        """
        return self.tally.sizes.get(BatchState.WAITING, 0), self.tally.oldest_s.get(BatchState.WAITING)

    def begin(self, row: Row) -> bytes | None:
        """The bytes of a batch whose upload begins now; from here on the collector may have it.

        ``None`` if that very batch does not wait any more, or a deletion is under way.
        """
        with self._rows() as db:
            begun = db.execute(
                "UPDATE batch SET tried = 1 WHERE sequence = ? AND digest = ? AND state = 'waiting'"
                " AND NOT EXISTS (SELECT 1 FROM deletion WHERE done = 0)",
                (row.sequence, row.digest),
            )
            return self.read(row.sequence) if begun.rowcount else None

    def sent(self, sequence: int, receipt: bytes) -> None:
        """The collector has it: keep the receipt, let the file go. What was deleted meanwhile stays deleted."""
        with self._rows() as db:
            db.execute(
                "UPDATE batch SET state = 'sent', receipt = ? WHERE sequence = ? AND state IN ('waiting', 'refused')",
                (receipt, sequence),
            )
        self.drop_file(sequence)

    def refused(self, sequence: int) -> None:
        """The collector will never take it: the file stays, for the person and for support."""
        with self._rows() as db:
            db.execute("UPDATE batch SET state = 'refused' WHERE sequence = ? AND state = 'waiting'", (sequence,))

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

    def intend(self, since_ns: int, asked_s: int, unsealed: int = 0) -> int:
        """Note durably that everything captured since a time (Unix, ns; 0: ever) is to be deleted; gives its number."""
        with self._rows() as db:
            noted = db.execute(
                "INSERT INTO deletion (since_ns, asked_s, unsealed) VALUES (?, ?, ?)", (since_ns, asked_s, unsealed)
            )
            return int(noted.lastrowid or 0)

    def notes(self) -> dict[int, bytes]:
        """Of each batch that has one, what the person alone may know of it, sealed."""
        with self._rows() as db:
            return dict(db.execute("SELECT sequence, note FROM batch WHERE note IS NOT NULL").fetchall())

    def wish(self, parts: Sequence[Part], asked_s: int, why: Why = Why.DELETE) -> int | None:
        """As :func:`agent.disk.parts.note_wish`."""
        with self._rows() as db:
            return note_wish(db, parts, asked_s, why)

    def parts(self, number: int) -> dict[int, Part]:
        """What is still to take the place of which batch, by a wish; none if it is about a time."""
        with self._rows() as db:
            return parts_of(db, number)

    def cut(self, row: Row, envelope: Envelope, part: Part, number: int) -> None:
        """Put what stays of a held batch in its place."""
        data = envelope.to_bytes()
        write_over(self._path(row.sequence), data)
        with self._rows() as db:
            put_in_place(db, row, part, (envelope.digest, len(data)), number)

    def deletions(self, *, unfinished: bool = False) -> list[Deletion]:
        """Wishes to delete, oldest first, and what they came to so far."""
        with self._rows() as db:
            found = db.execute(
                "SELECT number, since_ns, asked_s, unsealed, done, coalesce(sum(batch.events), 0)"
                " + (SELECT coalesce(sum(part.events), 0) FROM part WHERE part.deletion = number AND part.done = 1),"
                " coalesce(sum(state NOT IN ('erasing', 'erased')), 0),"
                " coalesce(sum(state IN ('erasing', 'erased')), 0),"
                " (SELECT count(*) FROM part WHERE part.deletion = number AND part.done = 1), why"
                " FROM deletion LEFT JOIN batch ON batch.deletion = number GROUP BY number ORDER BY number"
            ).fetchall()
        every = [
            Deletion(n, since, at, unsealed, bool(done), sealed, whole, asked, parts, Why(why))
            for n, since, at, unsealed, done, sealed, whole, asked, parts, why in found
        ]
        return [one for one in every if not (unfinished and one.done)]

    def deleted(self, number: int) -> None:
        """A deletion is carried out: forget what time it was about."""
        with self._rows() as db:
            drop_parts(db, number)
            db.execute("UPDATE deletion SET done = 1, since_ns = 0, asked_s = 0 WHERE number = ?", (number,))
            forget(db)

    def replace(self, row: Row, envelope: Envelope, deletion: int | None = None, events: int = 0) -> None:
        """Put another envelope in a held batch's place.

        Args:
            row: the batch as it was.
            envelope: what takes its place.
            deletion: the deletion for which its content goes; ``None``: the content is the same.
            events: how many observations go with it.
        """
        data = envelope.to_bytes()
        write_over(self._path(row.sequence), data)
        with self._rows() as db:
            place = (envelope.digest, len(data), row.sequence)
            if deletion is None:
                db.execute("UPDATE batch SET digest = ?, size = ?, tried = 0 WHERE sequence = ?", place)
            else:
                db.execute(
                    "UPDATE batch SET deletion = ?, events = ?, extent = NULL, note = NULL, state = 'waiting',"
                    " digest = ?, size = ?, tried = 0 WHERE sequence = ?",
                    (deletion, events, *place),
                )

    def ask(self, row: Row, deletion: int, events: int) -> None:
        """Delete a batch here, and have the collector asked to. It keeps its place and digest."""
        with self._rows() as db:
            db.execute(
                "UPDATE batch SET state = 'erasing', deletion = ?, events = ?, extent = NULL, note = NULL"
                " WHERE sequence = ?",
                (deletion, events, row.sequence),
            )
        self.drop_file(row.sequence)

    def to_erase(self, limit: int) -> list[tuple[Row, str | None]]:
        """Batches to ask the collector to delete now, oldest first, each with the digest of the one before.

        One that it may never have received is asked for when nothing waits before it: until then it could not say
        where in the chain the empty place belongs.
        """
        rows = self.history()
        first = next((row.sequence for row in rows if row.state in HELD), len(rows))
        with self._rows() as db:
            known = {s for (s,) in db.execute("SELECT sequence FROM batch WHERE receipt IS NOT NULL")}
        before = [None, *(row.digest for row in rows)]
        ready = [r for r in rows if r.state is BatchState.ERASING and (r.sequence < first or r.sequence in known)]
        return [(row, before[row.sequence]) for row in ready[:limit]]

    def erased(self, sequences: Sequence[int], receipt: bytes) -> None:
        """The collector has deleted them: keep its word."""
        with self._rows() as db:
            db.execute("BEGIN IMMEDIATE")
            for sequence in sequences:
                db.execute("UPDATE batch SET state = 'erased', receipt = ? WHERE sequence = ?", (receipt, sequence))
            db.execute("COMMIT")

    def drop_file(self, sequence: int) -> None:
        """Let a batch's file go, durably. Idempotent."""
        self._path(sequence).unlink(missing_ok=True)
        sync_folder(self._folder)

    def close(self) -> None:
        """Close the index."""
        with self._lock:
            self._db.close()

    def _path(self, sequence: int) -> Path:
        return self._folder / f"{sequence:09d}{SUFFIX}"

    def _enter(self, row: Row, note: bytes | None = None) -> None:
        with self._rows() as db:
            values = (row.sequence, row.digest, row.size, row.sealed_s, row.state.value, row.tried)
            db.execute(
                "INSERT INTO batch (sequence, digest, size, sealed_s, state, tried, extent, note)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*values, packed(row.extent), note),
            )

    def _select(self, tail: str, values: tuple[int, ...]) -> list[Row]:
        with self._rows() as db:
            found = db.execute(f"SELECT {COLUMNS} FROM batch {tail}", values).fetchall()  # noqa: S608  # own constants
        return [row_of(values) for values in found]

    @contextmanager
    def _rows(self) -> Iterator[sqlite3.Connection]:
        with self._lock, as_os_error():
            yield self._db
            if self._db.total_changes != self._counted:
                self._counted, self.tally = self._db.total_changes, _tally(self._db)

    def _adopt(self) -> None:
        """Enter files whose row a crash prevented; remove what was sent or deleted and what no chain can use."""
        for part in self._folder.glob(".*.part"):
            part.unlink()
        known = {row.sequence: row.state for row in self.history()}
        for path in sorted(self._folder.glob(f"[0-9]*{SUFFIX}")):
            state = known.get(int(path.name.removesuffix(SUFFIX)))
            if state is not None and state not in HELD:
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


def _tally(db: sqlite3.Connection) -> Tally:
    rows = db.execute("SELECT state, count(*), sum(size), min(sealed_s) FROM batch GROUP BY state").fetchall()
    states = [BatchState(state) for state, *_ in rows]
    return Tally(*(dict(zip(states, column, strict=True)) for column in list(zip(*rows, strict=True))[1:]))
