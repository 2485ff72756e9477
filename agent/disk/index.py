"""The spool's index: SQLite in WAL with ``synchronous=FULL``. What is deleted in it is overwritten.

An index of an older version gets the columns that it lacks; what they would say of its batches is not known.
"""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from agent.core.chain import BatchState, Extent, Row
from agent.disk.places import OWNER_ONLY_FILE

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (
    sequence INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
    sealed_s INTEGER NOT NULL, state TEXT NOT NULL, receipt BLOB);
CREATE TABLE IF NOT EXISTS told (number INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS consent_receipt (number INTEGER PRIMARY KEY, receipt BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS deletion (
    number INTEGER PRIMARY KEY, since_ns INTEGER NOT NULL, asked_s INTEGER NOT NULL,
    unsealed INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS part (
    deletion INTEGER NOT NULL, sequence INTEGER NOT NULL, sealed BLOB, extent BLOB, note BLOB,
    events INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (deletion, sequence));
"""
_ADDED = {
    (
        "batch",
        "tried",
    ): "INTEGER NOT NULL DEFAULT 1",  # of what an older version did nothing is known: it may have been sent
    ("batch", "extent"): "BLOB",
    ("batch", "deletion"): "INTEGER",
    ("batch", "events"): "INTEGER NOT NULL DEFAULT 0",
    ("batch", "note"): "BLOB",
    ("deletion", "why"): "TEXT NOT NULL DEFAULT 'delete'",
}
"""Columns that came after the first version, by table and name."""
_TABLES = ("batch", "deletion")
COLUMNS = "sequence, digest, size, sealed_s, state, tried, extent, deletion"
"""What :func:`row_of` reads, in its order."""


@contextmanager
def as_os_error() -> Iterator[None]:
    """SQLite reports a full or failing disk by errors of its own; to callers, the disk refused."""
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(errno.EIO, f"the spool's index cannot be used ({type(error).__name__})") from None


def connect(index: Path) -> sqlite3.Connection:
    """Open an index, made or brought up to this version where that is needed."""
    db = sqlite3.connect(index, check_same_thread=False, isolation_level=None)
    try:
        index.chmod(OWNER_ONLY_FILE)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA secure_delete=ON")
        db.executescript(_SCHEMA)
        _add_columns(db)
    except BaseException:
        db.close()
        raise
    return db


def forget(db: sqlite3.Connection) -> None:
    """Let nothing of what was overwritten stay in the write-ahead log."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def row_of(values: tuple[Any, ...]) -> Row:
    """A row as SQLite gives it."""
    sequence, digest, size, sealed_s, state, tried, extent, deletion = values
    known = msgspec.json.decode(extent, type=Extent) if extent else None
    return Row(sequence, digest, size, sealed_s, BatchState(state), bool(tried), known, deletion)


def packed(extent: Extent | None) -> bytes | None:
    """An extent as it is kept."""
    return msgspec.json.encode(extent) if extent else None


def _add_columns(db: sqlite3.Connection) -> None:
    if _lacking(db):
        db.execute("BEGIN IMMEDIATE")
        for table, name in _lacking(db):  # another process may have been faster
            db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {_ADDED[table, name]}")
        db.execute("COMMIT")


def _lacking(db: sqlite3.Connection) -> list[tuple[str, str]]:
    there = {(table, row[1]) for table in _TABLES for row in db.execute(f"PRAGMA table_info({table})")}
    return [column for column in _ADDED if column not in there]
