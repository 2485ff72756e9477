"""The rows store on SQLAlchemy Core: what SQLite and PostgreSQL have in common.

`sqlite` and `postgres` add what only one of them needs. Every change is one transaction, durable when it returns.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from collector import schema
from collector import tables as t
from collector.errors import StorageError
from collector.migrations.backfill import KINDS as PUBLISHED_KINDS
from collector.rows import (
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
from collector.sql_dump import SqlDump
from collector.sql_log import note_in_log
from collector.sql_retention import SqlRetention, without_cursor
from collector.sql_visits import SqlVisits
from schemas.access import Pulled, pull_digest
from schemas.log import LogKind

_NAME: tuple[Any, ...] = (
    t.documents.c.digest,
    t.documents.c.kind,
    t.documents.c.study,
    func.coalesce(t.documents.c.version, 0).label("version"),
)


class SqlLedger(SqlAccess, SqlRetention, SqlVisits, SqlDump):
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
                await note_in_log(connection, log_kind(row.kind), row.digest)
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

    async def devices(self, after: str = "", limit: int | None = None) -> list[DeviceRow]:
        """See `ports.Devices`."""
        found = select(t.devices).where(t.devices.c.device > after).order_by(t.devices.c.device).limit(limit)
        return every(DeviceRow, await self._rows(found))

    async def ledgers(self, devices: Sequence[str]) -> list[ConsentRow]:
        """See `ports.Devices`."""
        theirs = select(t.consents).where(t.consents.c.device.in_(devices))
        return every(ConsentRow, await self._rows(theirs.order_by(t.consents.c.device, t.consents.c.number)))

    async def add_consent(self, row: ConsentRow) -> bool:
        """See `ports.Devices`."""
        try:
            async with self._write() as connection:
                await connection.execute(insert(t.consents).values(**values(row)))
                await note_in_log(connection, LogKind.CONSENT, row.digest, row.device)
        except IntegrityError:
            return False
        return True

    async def consents(self, device: str, since: int = 0) -> list[ConsentRow]:
        """See `ports.Devices`."""
        mine = select(t.consents).where(t.consents.c.device == device, t.consents.c.number >= since)
        return every(ConsentRow, await self._rows(mine.order_by(t.consents.c.number)))

    async def add_batch(self, row: BatchRecord, consents: int | None = None) -> bool:
        """See `ports.Batches`."""
        raise NotImplementedError

    async def first_time(self, nonce: str) -> bool:
        """See `ports.Signed`."""
        raise NotImplementedError

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
        read = Pulled(at_s=pull.at_s, researcher=pull.researcher, reason=pull.reason, batch=pull.digest)
        whose = select(t.batches.c.device).where(t.batches.c.digest == pull.digest)
        async with self._write() as connection:
            await connection.execute(insert(t.pulls).values(**values(pull)))
            device = (await connection.execute(whose)).scalar()
            await note_in_log(connection, LogKind.PULL, pull_digest(read), device)

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

    async def erasures(self, devices: Sequence[str] | None = None) -> list[ErasureRow]:
        """See `ports.Erasures`."""
        found = select(t.erasures).order_by(t.erasures.c.digest)
        if devices is not None:
            found = found.where(t.erasures.c.device.in_(devices))
        return every(ErasureRow, await self._rows(found))

    async def _one_batch(self, query: Select[Any]) -> BatchRecord | None:
        return first(BatchRecord, await self._rows(query))

    async def _enrolled(self) -> None:
        """A device was enrolled just now."""


def _upgrade(connection: Connection) -> None:
    if not schema.known(schema.present(connection)):
        raise StorageError("database: it was made by a newer version of this program")
    schema.upgrade(connection)


def log_kind(media_type: str) -> LogKind:
    """As what the log knows a published document."""
    return next(kind for name, kind in PUBLISHED_KINDS.items() if f".{name}." in media_type)


_COUNTED = (t.documents, t.devices, t.consents, t.batches, t.pulls)
BATCH: Select[Any] = select(t.batches)
"""All of a batch's row."""


def batch_values(row: BatchRecord, consents: int | None) -> Select[Any]:
    """A row to insert, or none if the device's consent ledger has another number of entries by now."""
    given = without_cursor(row)
    chosen = select(*(literal(value, t.batches.c[name].type).label(name) for name, value in given.items()))
    if consents is None:
        return chosen
    held = select(func.count()).select_from(t.consents).where(t.consents.c.device == row.device).scalar_subquery()
    return chosen.where(held == consents)


BATCH_COLUMNS = tuple(name for name in BatchRecord.__struct_fields__ if name != "cursor")
"""What `batch_values` gives, in order."""
