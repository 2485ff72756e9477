"""Backup into a folder, and restoring from it into an empty place. What was erased does not come back.

::

    rows          every table's rows at one moment (`rowsfile`)
    blobs/ab/ab…  sealed bytes that were not erased at that moment
    receipt.key   the key of receipts and of the log

Making a backup again into the same folder takes away what was erased since the last one. Rows are small and blobs
large: `backup --rows-only` is for every few minutes. A restore goes by the newest rows: blobs whose row is a tombstone
there are left where they are. So it wants to be told that the backup's rows are the newest, or to be given newer ones.
"""

import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

from msgspec import Struct

from collector import schema
from collector.errors import StorageError
from collector.files import write_new
from collector.limits import MAX_ROWS_AGE_S
from collector.ports import Blobs, Ledger
from collector.receipts import KEY_FILE
from collector.rows import BatchRecord
from collector.rowsfile import FORMAT, BackupError, Head, RowsWriter, read_head, read_rows
from collector.settings import Settings, choose_blobs, choose_ledger, make_data_folder
from schemas.base import digest
from schemas.wire import MAX_PAGE_ROWS

ROWS, BLOBS = "rows", "blobs"


class BackedUp(Struct, frozen=True):
    """What a backup came to."""

    made_s: int
    copied: int  # blobs that were not there yet
    kept: int  # blobs that were
    removed: int  # blobs that were there and are erased by now
    missing: int  # blobs that rows name and the store has not got


class Restored(Struct, frozen=True):
    """What a restore came to."""

    rows_made_s: int
    blobs: int
    left_out: int  # blobs of the backup that were erased later
    missing: int  # blobs that rows name and the backup has not got


async def back_up(settings: Settings, folder: Path, *, rows_only: bool) -> BackedUp:
    """Back up beside a running collector.

    Raises:
        StorageError, BackupError: not done; the last backup is as it was, but for blobs that were added.
    """
    _make(folder)
    ledger = choose_ledger(settings.database_url)
    made_s = int(time.time())
    try:
        await _write_rows(ledger, folder / ROWS, made_s)
        _put_key(settings.key_file, folder / KEY_FILE)
        if rows_only:
            return BackedUp(made_s, 0, 0, 0, 0)
        blobs = choose_blobs(settings.blobs_url)
        if not settings.blobs_url.startswith("file:"):
            await blobs.open()
        return await _copy_blobs(ledger, blobs, folder / BLOBS, made_s)
    finally:
        await ledger.close()


async def restore(settings: Settings, folder: Path, rows: Path | None, *, newest: bool) -> Restored:
    """Restore into a data folder, database and blob store that hold nothing yet.

    Args:
        settings: of the new place.
        folder: a backup.
        rows: newer rows than the backup's own.
        newest: whoever restores says that there are none that are newer.

    Raises:
        BackupError: not a whole backup, not an empty place, or the rows may be older than some erasure.
    """
    source = rows or folder / ROWS
    head = read_head(source)
    if not newest and time.time() - head.made_s > MAX_ROWS_AGE_S:
        raise BackupError(
            "these rows are older than an hour: what was erased since would come back. Give newer ones with --rows,"
            " or say --rows-are-newest if there are none"
        )
    make_data_folder(settings.data)
    ledger, blobs = choose_ledger(settings.database_url), choose_blobs(settings.blobs_url)
    try:
        if await ledger.migrate() != head.schema:
            raise BackupError(f"the backup's schema is {head.schema}: restore with the version that made it")
        if not await ledger.empty() or settings.key_file.exists():
            raise BackupError("the place to restore to is not empty")
        for table, part in read_rows(source):
            await ledger.load(table, part)
        await ledger.loaded()
        await blobs.open()
        _put_key(folder / KEY_FILE, settings.key_file)
        return await _restore_blobs(ledger, blobs, folder / BLOBS, head.made_s)
    finally:
        await ledger.close()


async def _write_rows(ledger: Ledger, path: Path, made_s: int) -> None:
    writer = RowsWriter(path, Head(FORMAT, schema.newest(), made_s))
    async for table, rows in ledger.dump():
        writer.rows(table, rows)
    writer.close()


async def _every_row(ledger: Ledger) -> AsyncIterator[BatchRecord]:
    after = 0
    while rows := await ledger.page(after, MAX_PAGE_ROWS):
        for row in rows:
            yield row
        after = rows[-1].cursor


async def _copy_blobs(ledger: Ledger, blobs: Blobs, folder: Path, made_s: int) -> BackedUp:
    copied = kept = removed = missing = 0
    async for row in _every_row(ledger):
        path = folder / row.digest[:2] / row.digest
        if row.erased_hour is not None:
            removed += path.exists()
            path.unlink(missing_ok=True)
        elif path.exists() and path.stat().st_size == row.size:
            kept += 1
        elif (data := await _whole(blobs, row)) is None:
            erased = await ledger.batch(row.digest)  # while we were at it?
            missing += erased is None or erased.erased_hour is None
        else:
            _put(path, data)
            copied += 1
    return BackedUp(made_s, copied, kept, removed, missing)


async def _restore_blobs(ledger: Ledger, blobs: Blobs, folder: Path, made_s: int) -> Restored:
    put = left_out = missing = 0
    async for row in _every_row(ledger):
        path = folder / row.digest[:2] / row.digest
        if row.erased_hour is not None:
            left_out += path.exists()
        elif not path.exists() or digest(data := path.read_bytes()) != row.digest:
            missing += 1
        else:
            await blobs.put(row.digest, data)
            put += 1
    await ledger.emptied([row.digest for row in await ledger.unemptied()])
    return Restored(made_s, put, left_out, missing)


async def _whole(blobs: Blobs, row: BatchRecord) -> bytes | None:
    with contextlib.suppress(StorageError):
        data = b"".join([chunk async for chunk in blobs.read(row.digest, 0, row.size)])
        return data if digest(data) == row.digest else None
    return None


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.half-written")
    half.unlink(missing_ok=True)
    write_new(half, data)
    half.replace(path)


def _put_key(source: Path, target: Path) -> None:
    if not target.exists():
        _put(target, source.read_bytes())


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BackupError(f"the backup's folder: {os.strerror(error.errno or 0)}") from None
