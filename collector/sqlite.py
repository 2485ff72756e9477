"""The rows store on SQLAlchemy Core, over SQLite in WAL with every commit flushed to disk."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio
from msgspec import Struct
from sqlalchemy import Row, Select, Table, event, func, insert, inspect, select, text, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from collector import tables as t
from collector.errors import StorageError
from collector.limits import BUSY_S
from collector.ports import (
    BatchRecord,
    ConsentRow,
    Counts,
    DeviceRow,
    DocumentName,
    DocumentRow,
    Enrolled,
    ErasureRow,
    Pull,
)

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # in WAL, NORMAL would lose acknowledged commits with the power
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # what is erased is overwritten
)
_NAME: tuple[Any, ...] = (
    t.documents.c.digest,
    t.documents.c.kind,
    t.documents.c.study,
    func.coalesce(t.documents.c.version, 0).label("version"),
)


def _set_up(connection: Any, record: Any) -> None:
    del record
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


class SqliteLedger:
    """The rows store in one file.

    Args:
        url: `sqlite+aiosqlite:///PATH`.
    """

    def __init__(self, url: str) -> None:
        self._engine: AsyncEngine = create_async_engine(url, connect_args={"timeout": BUSY_S})
        event.listen(self._engine.sync_engine, "connect", _set_up)
        self._writing = anyio.Lock()  # SQLite has one writer: waiting here is fairer than its busy loop

    async def open(self) -> None:
        """Create missing tables.

        Raises:
            StorageError: the file cannot be used.
        """
        async with self._write() as connection:
            await connection.run_sync(t.metadata.create_all)
            columns = await connection.run_sync(lambda c: [x["name"] for x in inspect(c).get_columns("batches")])
            if "erased_hour" not in columns:  # made before anything could be erased
                await connection.execute(text("ALTER TABLE batches ADD COLUMN erased_hour BIGINT"))

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    async def ready(self) -> None:
        """See `ports.Ledger`."""
        await self._rows(select(t.documents.c.position).limit(1))

    async def counts(self) -> Counts:
        """How much is stored."""
        size = select(func.coalesce(func.sum(t.batches.c.size), 0))
        found = [(await self._rows(select(func.count()).select_from(table)))[0][0] for table in _COUNTED]
        names = ("documents", "devices", "consents", "batches", "pulls")
        return Counts(batch_bytes=(await self._rows(size))[0][0], **dict(zip(names, found, strict=True)))

    async def faults(self) -> list[str]:
        """What SQLite's own check finds."""
        async with self._read() as connection:
            rows = (await connection.execute(text("PRAGMA integrity_check"))).all()
        return [str(row[0]) for row in rows if row[0] != "ok"]

    async def document_names(self) -> list[DocumentName]:
        """See `ports.Published`."""
        return _all(DocumentName, await self._rows(select(*_NAME).order_by(t.documents.c.position)))

    async def document(self, digest: str) -> DocumentRow | None:
        """See `ports.Published`."""
        rows = await self._rows(select(*_NAME, t.documents.c.body).where(t.documents.c.digest == digest))
        return _first(DocumentRow, rows)

    async def add_document(self, row: DocumentRow, codes: Sequence[str], expires_s: int) -> bool:
        """See `ports.Published`. Codes that are known stay as they are: a used one is not made new again."""
        values = {"digest": row.digest, "kind": row.kind, "study": row.study, "body": row.body}
        try:
            async with self._write() as connection:
                await connection.execute(insert(t.documents).values(**values, version=row.version or None))
                known = {r[0] for r in await connection.execute(select(t.codes.c.digest))}
                new = [{"digest": c, "expires_s": expires_s, "used": False} for c in sorted({*codes} - known)]
                if new:
                    await connection.execute(insert(t.codes), new)
        except IntegrityError:
            return False
        return True

    async def enrol(self, code: str, now_s: int, row: DeviceRow) -> Enrolled:
        """See `ports.Devices`."""
        usable = (t.codes.c.digest == code, ~t.codes.c.used, t.codes.c.expires_s > now_s)
        try:
            async with self._write() as connection:
                done = await connection.execute(update(t.codes).where(*usable).values(used=True))
                if done.rowcount != 1:
                    return Enrolled.BAD_CODE
                await connection.execute(insert(t.devices).values(**_values(row)))
        except IntegrityError:
            return Enrolled.TAKEN
        await self._forget_order()
        return Enrolled.STORED

    async def device(self, device: str) -> DeviceRow | None:
        """See `ports.Devices`."""
        rows = await self._rows(select(t.devices).where(t.devices.c.device == device))
        return _first(DeviceRow, rows)

    async def devices(self) -> list[DeviceRow]:
        """See `ports.Devices`."""
        return _all(DeviceRow, await self._rows(select(t.devices).order_by(t.devices.c.device)))

    async def add_consent(self, row: ConsentRow) -> bool:
        """See `ports.Devices`."""
        return await self._insert(t.consents, _values(row))

    async def consents(self, device: str, since: int = 0) -> list[ConsentRow]:
        """See `ports.Devices`."""
        mine = select(t.consents).where(t.consents.c.device == device, t.consents.c.number >= since)
        return _all(ConsentRow, await self._rows(mine.order_by(t.consents.c.number)))

    async def add_batch(self, row: BatchRecord) -> bool:
        """See `ports.Batches`."""
        return await self._insert(t.batches, _without_cursor(row))

    async def batch(self, digest: str) -> BatchRecord | None:
        """See `ports.Batches`."""
        return await self._one_batch(_BATCH.where(t.batches.c.digest == digest))

    async def batch_at(self, device: str, sequence: int) -> BatchRecord | None:
        """See `ports.Batches`."""
        place = _BATCH.where(t.batches.c.device == device, t.batches.c.sequence == sequence)
        return await self._one_batch(place)

    async def between(self, device: str, first: int, last: int) -> list[BatchRecord]:
        """See `ports.Batches`."""
        stretch = _BATCH.where(t.batches.c.device == device, t.batches.c.sequence.between(first, last))
        return _all(BatchRecord, await self._rows(stretch))

    async def last_batch(self, device: str) -> BatchRecord | None:
        """See `ports.Batches`."""
        mine = _BATCH.where(t.batches.c.device == device)
        return await self._one_batch(mine.order_by(t.batches.c.sequence.desc()).limit(1))

    async def page(self, after: int, limit: int) -> list[BatchRecord]:
        """See `ports.Batches`."""
        rows = _BATCH.where(t.batches.c.cursor > after).order_by(t.batches.c.cursor).limit(limit)
        return _all(BatchRecord, await self._rows(rows))

    async def add_pull(self, pull: Pull) -> None:
        """See `ports.Batches`."""
        await self._insert(t.pulls, _values(pull))

    async def entomb(self, row: ErasureRow, stored: Sequence[str], absent: Sequence[BatchRecord]) -> bool:
        """See `ports.Erasures`."""
        hour, b = row.received_hour, t.batches
        try:
            async with self._write() as connection:
                await connection.execute(insert(t.erasures).values(**_values(row)))
                for digest in stored:
                    live = update(b).where(b.c.digest == digest, b.c.erased_hour.is_(None))
                    await connection.execute(live.values(erased_hour=hour, received_hour=hour))
                for each in absent:
                    await connection.execute(insert(b).values(**_without_cursor(each)))
        except IntegrityError:
            return False
        return True

    async def unemptied(self) -> list[BatchRecord]:
        """See `ports.Erasures`."""
        left = _BATCH.where(t.batches.c.erased_hour.is_not(None), t.batches.c.size > 0)
        return _all(BatchRecord, await self._rows(left))

    async def emptied(self, digests: Sequence[str]) -> None:
        """See `ports.Erasures`."""
        async with self._write() as connection:
            for digest in digests:
                gone = update(t.batches).where(t.batches.c.digest == digest, t.batches.c.erased_hour.is_not(None))
                await connection.execute(gone.values(size=0))

    async def erasures(self) -> list[ErasureRow]:
        """See `ports.Erasures`."""
        return _all(ErasureRow, await self._rows(select(t.erasures).order_by(t.erasures.c.digest)))

    async def _one_batch(self, query: Select[Any]) -> BatchRecord | None:
        return _first(BatchRecord, await self._rows(query))

    async def _insert(self, table: Table, values: dict[str, Any]) -> bool:
        try:
            async with self._write() as connection:
                await connection.execute(insert(table).values(**values))
        except IntegrityError:
            return False
        return True

    async def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        async with self._read() as connection:
            found: Sequence[Row[Any]] = (await connection.execute(query)).all()
        return found

    async def _forget_order(self) -> None:
        # The write-ahead log holds a code's use next to the device that came of it until a checkpoint empties it.
        async with self._writing, self._read() as connection:
            await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StorageError(f"database: {type(error).__name__}") from None

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._writing, self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            raise StorageError(f"database: {type(error).__name__}") from None


_COUNTED = (t.documents, t.devices, t.consents, t.batches, t.pulls)
S = TypeVar("S", bound=Struct)
_BATCH: Select[Any] = select(t.batches)


def _values(row: DeviceRow | ConsentRow | BatchRecord | ErasureRow | Pull) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def _without_cursor(row: BatchRecord) -> dict[str, Any]:
    return {name: value for name, value in _values(row).items() if name != "cursor"}


def _all(kind: type[S], rows: Sequence[Row[Any]]) -> list[S]:
    return [kind(**row._asdict()) for row in rows]


def _first(kind: type[S], rows: Sequence[Row[Any]]) -> S | None:
    return next(iter(_all(kind, rows[:1])), None)
