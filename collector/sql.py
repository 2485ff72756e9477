"""The rows store on SQLAlchemy Core: what SQLite and PostgreSQL have in common.

`sqlite` and `postgres` add what only one of them needs. Every change is one transaction, durable when it returns.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from collector import schema
from collector import tables as t
from collector.errors import StorageError
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
from collector.sql_access import SqlAccess
from collector.sql_base import every, first, values

_NAME: tuple[Any, ...] = (
    t.documents.c.digest,
    t.documents.c.kind,
    t.documents.c.study,
    func.coalesce(t.documents.c.version, 0).label("version"),
)


class SqlLedger(SqlAccess):
    """The rows store over an engine. A kind of database is a subclass."""

    async def migrate(self) -> str:
        """See `ports.Ledger`."""
        async with self._write() as connection:
            await connection.run_sync(_upgrade)
        return schema.newest()

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
        """A schema that is not this program's, and chains with a place missing: devices number batches from 0."""
        async with self._read() as connection:
            step = await connection.run_sync(schema.present)
        if step != schema.newest():
            return [f"its schema is {step or 'missing'}, not {schema.newest()}"]
        count, last = func.count(), func.max(t.batches.c.sequence)
        holes = select(t.batches.c.device).group_by(t.batches.c.device).having(count != last + 1)
        found = (await self._rows(select(func.count()).select_from(holes.subquery())))[0][0]
        return [f"{found} chains have a place missing"] if found else []

    async def document_names(self) -> list[DocumentName]:
        """See `ports.Published`."""
        return every(DocumentName, await self._rows(select(*_NAME).order_by(t.documents.c.position)))

    async def document(self, digest: str) -> DocumentRow | None:
        """See `ports.Published`."""
        rows = await self._rows(select(*_NAME, t.documents.c.body).where(t.documents.c.digest == digest))
        return first(DocumentRow, rows)

    async def add_document(self, row: DocumentRow, codes: Sequence[str], expires_s: int) -> bool:
        """See `ports.Published`. Codes that are known stay as they are: a used one is not made new again."""
        named = {"digest": row.digest, "kind": row.kind, "study": row.study, "body": row.body}
        try:
            async with self._write() as connection:
                await connection.execute(insert(t.documents).values(**named, version=row.version or None))
                new = [{"digest": c, "expires_s": expires_s, "used": False} for c in sorted({*codes})]
                if new:
                    await connection.execute(self._add_unknown(t.codes), new)
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
                await connection.execute(insert(t.devices).values(**values(row)))
        except IntegrityError:
            return Enrolled.TAKEN
        await self._enrolled()
        return Enrolled.STORED

    async def device(self, device: str) -> DeviceRow | None:
        """See `ports.Devices`."""
        rows = await self._rows(select(t.devices).where(t.devices.c.device == device))
        return first(DeviceRow, rows)

    async def devices(self) -> list[DeviceRow]:
        """See `ports.Devices`."""
        return every(DeviceRow, await self._rows(select(t.devices).order_by(t.devices.c.device)))

    async def add_consent(self, row: ConsentRow) -> bool:
        """See `ports.Devices`."""
        return await self._insert(t.consents, values(row))

    async def consents(self, device: str, since: int = 0) -> list[ConsentRow]:
        """See `ports.Devices`."""
        mine = select(t.consents).where(t.consents.c.device == device, t.consents.c.number >= since)
        return every(ConsentRow, await self._rows(mine.order_by(t.consents.c.number)))

    async def add_batch(self, row: BatchRecord) -> bool:
        """See `ports.Batches`."""
        try:
            async with self._write() as connection:
                await self._before_cursor(connection)
                await connection.execute(insert(t.batches).values(**_without_cursor(row)))
        except IntegrityError:
            return False
        return True

    async def batch(self, digest: str) -> BatchRecord | None:
        """See `ports.Batches`."""
        return await self._one_batch(BATCH.where(t.batches.c.digest == digest))

    async def batch_at(self, device: str, sequence: int) -> BatchRecord | None:
        """See `ports.Batches`."""
        place = BATCH.where(t.batches.c.device == device, t.batches.c.sequence == sequence)
        return await self._one_batch(place)

    async def between(self, device: str, first: int, last: int) -> list[BatchRecord]:
        """See `ports.Batches`."""
        stretch = BATCH.where(t.batches.c.device == device, t.batches.c.sequence.between(first, last))
        return every(BatchRecord, await self._rows(stretch))

    async def last_batch(self, device: str) -> BatchRecord | None:
        """See `ports.Batches`."""
        mine = BATCH.where(t.batches.c.device == device)
        return await self._one_batch(mine.order_by(t.batches.c.sequence.desc()).limit(1))

    async def page(self, after: int, limit: int) -> list[BatchRecord]:
        """See `ports.Batches`."""
        rows = BATCH.where(t.batches.c.cursor > after).order_by(t.batches.c.cursor).limit(limit)
        return every(BatchRecord, await self._rows(rows))

    async def add_pull(self, pull: Pull) -> None:
        """See `ports.Batches`."""
        await self._insert(t.pulls, values(pull))

    async def entomb(self, row: ErasureRow, stored: Sequence[str], absent: Sequence[BatchRecord]) -> bool:
        """See `ports.Erasures`."""
        hour, b = row.received_hour, t.batches
        try:
            async with self._write() as connection:
                await self._before_cursor(connection)
                await connection.execute(insert(t.erasures).values(**values(row)))
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
        left = BATCH.where(t.batches.c.erased_hour.is_not(None), t.batches.c.size > 0)
        return every(BatchRecord, await self._rows(left))

    async def emptied(self, digests: Sequence[str]) -> None:
        """See `ports.Erasures`."""
        async with self._write() as connection:
            for digest in digests:
                gone = update(t.batches).where(t.batches.c.digest == digest, t.batches.c.erased_hour.is_not(None))
                await connection.execute(gone.values(size=0))

    async def erasures(self) -> list[ErasureRow]:
        """See `ports.Erasures`."""
        return every(ErasureRow, await self._rows(select(t.erasures).order_by(t.erasures.c.digest)))

    async def _one_batch(self, query: Select[Any]) -> BatchRecord | None:
        return first(BatchRecord, await self._rows(query))

    async def _enrolled(self) -> None:
        """A device was enrolled just now."""


def _upgrade(connection: Connection) -> None:
    if not schema.known(schema.present(connection)):
        raise StorageError("database: it was made by a newer version of this program")
    schema.upgrade(connection)


_COUNTED = (t.documents, t.devices, t.consents, t.batches, t.pulls)
BATCH: Select[Any] = select(t.batches)
"""All of a batch's row."""


def _without_cursor(row: BatchRecord) -> dict[str, Any]:
    return {name: value for name, value in values(row).items() if name != "cursor"}
