"""The rows store in one file: SQLite in WAL, with every commit flushed to disk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from anyio import to_thread
from sqlalchemy import Table, create_engine, event, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from collector import tables as t
from collector.errors import StorageError
from collector.limits import BUSY_S
from collector.rows import BatchRecord
from collector.sql import BATCH_COLUMNS, SqlLedger, batch_values
from collector.together import Together

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # in WAL, NORMAL would lose acknowledged commits with the power
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # what is erased is overwritten
)


class SqliteLedger(SqlLedger):
    """The rows store in one file, for one collector. Its schema is brought up to date when it is opened.

    Args:
        url: `sqlite+aiosqlite:///PATH`.
    """

    def __init__(self, url: str) -> None:
        super().__init__(create_async_engine(url, connect_args={"timeout": BUSY_S}))
        event.listen(self._engine.sync_engine, "connect", _set_up)
        self._writing = anyio.Lock()  # SQLite has one writer: waiting here is fairer than its busy loop
        # One thread's work for a whole group of rows, where aiosqlite would change threads at every step of each.
        self._direct = create_engine(
            url.replace("+aiosqlite", "", 1), connect_args={"timeout": BUSY_S, "check_same_thread": False}
        )
        event.listen(self._direct, "connect", _set_up)
        self._batches = Together(self._add_batches, self._writing)

    async def open(self) -> None:
        """See `ports.Ledger`."""
        await self.migrate()

    async def close(self) -> None:
        """Close all connections."""
        await to_thread.run_sync(self._direct.dispose)
        await super().close()

    async def add_batch(self, row: BatchRecord, consents: int | None = None) -> bool:
        """See `ports.Batches`. Rows that come while others are being flushed share the next flush."""
        return await self._batches.add((row, consents))

    async def first_time(self, nonce: str) -> bool:
        """See `ports.Signed`. One collector alone serves from this file, and remembers by itself."""
        del nonce
        return True

    async def faults(self) -> list[str]:
        """What SQLite's own check finds, and chains with holes."""
        async with self._read() as connection:
            rows = (await connection.execute(text("PRAGMA integrity_check"))).all()
        return [str(row[0]) for row in rows if row[0] != "ok"] + await super().faults()

    async def tidy(self) -> None:
        """See `ports.Ledger`. The write-ahead log holds a code's use next to the device that came of it."""
        async with self._writing, self._read() as connection:
            await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    async def _enrolled(self) -> None:
        await self.tidy()

    async def _add_batches(self, rows: list[tuple[BatchRecord, int | None]]) -> list[bool]:
        try:
            return await to_thread.run_sync(self._insert_all, rows)
        except self.faults_of_engine as error:
            raise StorageError(f"database: {type(error).__name__}") from None

    def _insert_all(self, rows: list[tuple[BatchRecord, int | None]]) -> list[bool]:
        with self._direct.begin() as connection:
            adding = insert(t.batches).on_conflict_do_nothing()
            done = [connection.execute(adding.from_select(BATCH_COLUMNS, batch_values(*row))) for row in rows]
            return [each.rowcount == 1 for each in done]

    def _add_unknown(self, table: Table) -> Any:
        return insert(table).on_conflict_do_nothing()

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[AsyncConnection]:
        async with self._writing, super()._write() as connection:
            yield connection


def _set_up(connection: Any, record: Any) -> None:
    del record
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()
