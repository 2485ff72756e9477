"""What takes the place of held batches, as the review program hands it over: sealed already, and bound to no place yet.

Only the review program opens a batch. It seals what stays of it for the same readers and notes that here, together with
a wish to delete; whoever may write to the spool (:mod:`agent.disk.erasing`) puts it in the batch's place, under the
same number, signed anew. Until that is done no upload begins, so what the wish was reckoned from is still so then.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum

from msgspec import Struct

from agent.core.chain import HELD, BatchState, Extent, Row
from agent.disk.index import packed, row_of

MAX_WISH_BYTES = 64 << 20
"""Bytes of sealed parts that one wish holds; the index keeps them until they are in place. More becomes several wishes,
each whole by itself."""

NEVER_NS = (1 << 63) - 1
"""Unix time of a wish that is about single batches: read as a time, it reaches none."""


class Why(StrEnum):
    """Why a batch is written anew."""

    DELETE = "delete"
    MASK = "mask"  # something in it is masked now; nothing else is gone


class Part(Struct, frozen=True):
    """What becomes of one batch.

    Attributes:
        sequence: which batch.
        digest: of the batch that was looked at.
        sealed: the age file that takes its content's place; ``None``: all of it goes.
        extent: of what stays.
        note: of what stays, sealed to the person.
        events: observations that go.
    """

    sequence: int
    digest: str
    sealed: bytes | None = None
    extent: Extent | None = None
    note: bytes | None = None
    events: int = 0

    def __repr__(self) -> str:
        return f"Part({self.sequence})"


def note_wish(db: sqlite3.Connection, parts: Sequence[Part], asked_s: int, why: Why) -> int | None:
    """Note a wish durably; ``None`` if a batch is no longer what was looked at, or another wish is under way."""
    with _whole(db):
        if not _still_so(db, parts):
            return None
        noted = db.execute(
            "INSERT INTO deletion (since_ns, asked_s, unsealed, why) VALUES (?, ?, 0, ?)",
            (NEVER_NS, asked_s, why.value),
        )
        number = int(noted.lastrowid or 0)
        for part in parts:
            db.execute(
                "INSERT INTO part (deletion, sequence, sealed, extent, note, events) VALUES (?, ?, ?, ?, ?, ?)",
                (number, part.sequence, part.sealed, packed(part.extent), part.note, part.events),
            )
    return number


@contextmanager
def _whole(db: sqlite3.Connection) -> Iterator[None]:
    """All that is done inside, or none of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _still_so(db: sqlite3.Connection, parts: Iterable[Part]) -> bool:
    if db.execute("SELECT 1 FROM deletion WHERE done = 0").fetchone():
        return False
    for part in parts:
        found = db.execute("SELECT digest, state FROM batch WHERE sequence = ?", (part.sequence,)).fetchone()
        if found is None or found[0] != part.digest:
            return False
        if part.sealed is not None and BatchState(found[1]) not in HELD:
            return False  # it was sent meanwhile: that the whole of it goes then is for the person to know
    return True


def parts_of(db: sqlite3.Connection, number: int) -> dict[int, Part]:
    """The parts of a wish that are not in place yet, by batch."""
    found = db.execute(
        "SELECT sequence, sealed, extent, note, events FROM part WHERE deletion = ? AND done = 0 ORDER BY sequence",
        (number,),
    )
    made = {}
    for sequence, sealed, extent, note, events in found:
        row = row_of((sequence, "", 0, 0, BatchState.WAITING.value, 0, extent, None))
        made[sequence] = Part(sequence, "", sealed, row.extent, note, events)
    return made


def put_in_place(db: sqlite3.Connection, row: Row, part: Part, place: tuple[str, int], number: int) -> None:
    """A batch's file holds the part now: the index says so, and lets the part go."""
    digest, size = place
    with _whole(db):
        db.execute(
            "UPDATE batch SET extent = ?, note = ?, state = 'waiting', digest = ?, size = ?, tried = 0"
            " WHERE sequence = ?",
            (packed(part.extent), part.note, digest, size, row.sequence),
        )
        db.execute(
            "UPDATE part SET sealed = NULL, extent = NULL, note = NULL, done = 1 WHERE deletion = ? AND sequence = ?",
            (number, row.sequence),
        )


def drop_parts(db: sqlite3.Connection, number: int) -> None:
    """A wish is carried out: nothing of its parts stays but what they came to."""
    db.execute("UPDATE part SET sealed = NULL, extent = NULL, note = NULL WHERE deletion = ?", (number,))
