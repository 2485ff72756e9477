"""The rows store in one file: SQLite in WAL, with every commit flushed to disk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from sqlalchemy import Table, event, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from collector.limits import BUSY_S
from collector.sql import SqlLedger

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

    async def open(self) -> None:
        """See `ports.Ledger`."""
        await self.migrate()

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
