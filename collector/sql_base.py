"""The ground of the rows store on SQLAlchemy Core: reading, and transactions that are durable at their end."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Row, Select, Table
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from collector.errors import StorageError

S = TypeVar("S", bound=Struct)


class SqlBase:
    """Rows over an engine.

    Args:
        engine: connects on its own when it is first used.
    """

    faults_of_engine: tuple[type[Exception], ...] = (SQLAlchemyError, OSError)
    """What a database that cannot be reached or used raises; timeouts are among them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        async with self._read() as connection:
            found: Sequence[Row[Any]] = (await connection.execute(query)).all()
        return found

    async def _before_cursor(self, connection: AsyncConnection) -> None:
        """A transaction is about to take cursors: see `page`."""

    def _add_unknown(self, table: Table) -> Any:
        """An insert that leaves rows as they are whose key is taken."""
        raise NotImplementedError

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                yield connection
        except self.faults_of_engine as error:
            raise StorageError(f"database: {type(error).__name__}") from None

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except self.faults_of_engine as error:
            raise StorageError(f"database: {type(error).__name__}") from None


def values(row: Struct) -> dict[str, Any]:
    """A row's columns."""
    return {name: getattr(row, name) for name in row.__struct_fields__}


def every(kind: type[S], rows: Sequence[Row[Any]]) -> list[S]:
    """Rows as what the ports speak of."""
    return [kind(**row._asdict()) for row in rows]


def first(kind: type[S], rows: Sequence[Row[Any]]) -> S | None:
    """The first of them, if there is any."""
    return next(iter(every(kind, rows[:1])), None)
