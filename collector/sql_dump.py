"""The part of the rows store that gives all rows out and takes them in again, the same for every database."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from collector import tables as t
from collector.limits import DUMPED_AT_ONCE
from collector.sql_base import SqlBase

LEFT_OUT = (t.visits, t.nonces)
"""Visits to pages, and signatures whose nonces these are, are over by the time anything is restored."""
DUMPED = tuple(table for table in t.metadata.sorted_tables if table not in LEFT_OUT)
Rows = Sequence[dict[str, Any]]


class SqlDump(SqlBase):
    """See `ports.Dump`."""

    async def dump(self) -> AsyncIterator[tuple[str, Rows]]:
        """See `ports.Dump`. All tables as they are at one moment."""
        async with self._write() as connection:  # one transaction, one view of all tables
            await self._one_view(connection)
            for table in DUMPED:
                found = await connection.stream(select(table).order_by(*table.primary_key.columns))
                async for part in found.mappings().partitions(DUMPED_AT_ONCE):
                    yield str(table.name), [{str(name): value for name, value in row.items()} for row in part]

    async def load(self, name: str, rows: Rows) -> None:
        """See `ports.Dump`."""
        table = next(table for table in DUMPED if table.name == name)
        async with self._write() as connection:
            await connection.execute(insert(table), list(rows))

    async def loaded(self) -> None:
        """See `ports.Dump`."""
        async with self._write() as connection:
            for table in DUMPED:
                counter = table.primary_key.columns[0]
                if str(counter.type) in {"BIGINT", "INTEGER"} and counter.autoincrement and len(table.primary_key) == 1:
                    await self._count_on(connection, str(table.name), str(counter.name))

    async def empty(self) -> bool:
        """See `ports.Dump`."""
        found = [(await self._rows(select(func.count()).select_from(table)))[0][0] for table in DUMPED]
        return not any(found)

    async def _one_view(self, connection: AsyncConnection) -> None:
        """Let this transaction see one moment."""

    async def _count_on(self, connection: AsyncConnection, table: str, column: str) -> None:
        """Let a column that counts by itself go on after what was loaded."""


async def count_on_in_postgres(connection: AsyncConnection, table: str, column: str) -> None:
    """A sequence does not know of rows that came with their numbers."""
    there = text("SELECT pg_get_serial_sequence(:table, :column)")
    name = (await connection.execute(there, {"table": table, "column": column})).scalar()
    if name is not None:
        newest = f"SELECT max({column}) FROM {table}"  # noqa: S608  # our own names
        await connection.execute(text(f"SELECT setval('{name}', ({newest}))"))
