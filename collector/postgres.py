"""The rows store in PostgreSQL, shared by any number of collectors.

Cursors are taken in the order of the sequence but become visible in the order of commits: a reader who had seen cursor
6 would never come back for a 5 that was committed later. So whoever takes a cursor holds a shared lock until the
commit, and a page is read after a moment in which nobody held it.
"""

from typing import Any

import asyncpg
from sqlalchemy import Connection, Row, Select, Table, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from collector import schema
from collector import tables as t
from collector.errors import SchemaBehindError, StorageError
from collector.limits import CONNECT_S, NONCE_MEMORY_S, POOLED_CONNECTIONS, STATEMENT_S
from collector.rows import BatchRecord
from collector.sql import BATCH, BATCH_COLUMNS, SqlLedger, batch_values
from collector.sql_base import every
from collector.sql_dump import count_on_in_postgres

_CURSORS = 0x6F766572  # names our advisory lock among a database's others: "over"
_SCHEMA = 0x6F766573
_LOG = 0x6F766574
_SERVER_SETTINGS = {
    "application_name": "overt-collector",
    "synchronous_commit": "on",  # a commit returns when it is durable, whatever the server's default is
    "statement_timeout": f"{STATEMENT_S}s",
    "idle_in_transaction_session_timeout": f"{STATEMENT_S}s",  # a process that hangs must not hold its locks
}
_REMEMBER = text(
    "WITH unhurried AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS done)"
    " INSERT INTO nonces (digest) SELECT CAST(:nonce AS varchar) FROM unhurried"
    " ON CONFLICT DO NOTHING RETURNING digest"
)
_FORGET = text("DELETE FROM nonces WHERE seen_at < now() - make_interval(secs => :memory)")
_CHECKS = (
    ("SHOW fsync", "off", "fsync is off: what is acknowledged would not survive a power cut"),
    ("SHOW full_page_writes", "off", "full_page_writes is off: a torn page would lose what was acknowledged"),
)


class PostgresLedger(SqlLedger):
    """The rows store in PostgreSQL. Its schema is changed by `migrate` alone, never by serving.

    Args:
        url: `postgresql+asyncpg://...`, as SQLAlchemy takes it.
    """

    # asyncpg's own come through unwrapped while it connects
    faults_of_engine = (*SqlLedger.faults_of_engine, asyncpg.PostgresError, asyncpg.InterfaceError)

    def __init__(self, url: str) -> None:
        args = {"timeout": CONNECT_S, "command_timeout": STATEMENT_S, "server_settings": _SERVER_SETTINGS}
        engine = create_async_engine(
            url, connect_args=args, pool_size=POOLED_CONNECTIONS, max_overflow=0, hide_parameters=True
        )
        super().__init__(engine)
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")  # one statement, one way to the server

    async def open(self) -> None:
        """See `ports.Ledger`. A server that does not flush is refused: `201` would be a lie."""
        async with self._read() as connection:
            step = await connection.run_sync(schema.present)
            for question, wrong, fault in _CHECKS:
                if (await connection.execute(text(question))).scalar() == wrong:
                    raise StorageError(f"database: {fault}")
        if step != schema.newest():
            raise SchemaBehindError(f"database: its schema is {step or 'missing'}, not {schema.newest()}")
        await self.tidy()

    async def migrate(self) -> str:
        """See `ports.Ledger`. Several at once are one after the other."""
        async with self._write() as connection:
            await connection.run_sync(_upgrade_alone)
        return schema.newest()

    async def faults(self) -> list[str]:
        """Broken indexes, pages whose checksums do not fit, and chains with holes."""
        broken = text("SELECT count(*) FROM pg_index WHERE NOT indisvalid")
        torn = text("SELECT coalesce(sum(checksum_failures), 0) FROM pg_stat_database")
        async with self._read() as connection:
            counts = [(await connection.execute(query)).scalar() or 0 for query in (broken, torn)]
        told = zip(counts, ("indexes are not valid", "pages do not fit their checksums"), strict=True)
        return [f"{count} {words}" for count, words in told if count] + await super().faults()

    async def tidy(self) -> None:
        """See `ports.Ledger`.

        Each row carries the number of the transaction that wrote it, and lies where that transaction put it: a code's
        use and the device that came of it would tell of each other. Afterwards all used codes are of one transaction,
        and lie in the order of their digests.
        """
        async with self._write() as connection:
            await connection.execute(text("UPDATE codes SET used = true WHERE used"))
            await connection.execute(text("CLUSTER codes USING codes_pkey"))
            await connection.execute(_FORGET, {"memory": NONCE_MEMORY_S})

    async def add_batch(self, row: BatchRecord, consents: int | None = None) -> bool:
        """See `ports.Batches`. One statement: the lock is had before a cursor is taken, and held until the commit."""
        lock = select(literal_column(f"pg_advisory_xact_lock_shared({_CURSORS})").label("held")).cte("lock")
        values = batch_values(row, consents).where(select(func.count()).select_from(lock).scalar_subquery() > 0)
        adding = insert(t.batches).from_select(BATCH_COLUMNS, values).on_conflict_do_nothing()
        return await self._in_one(adding.returning(t.batches.c.cursor))

    async def first_time(self, nonce: str) -> bool:
        """See `ports.Signed`. Its commit is not waited for: a crash of the server may forget the last second's."""
        return await self._in_one(_REMEMBER.bindparams(nonce=nonce))

    async def _in_one(self, statement: Any) -> bool:
        """Run one statement as its own transaction; True if it gives a row."""
        try:
            async with self._single.connect() as connection:
                return (await connection.execute(statement)).first() is not None
        except self.faults_of_engine as error:
            raise StorageError(f"database: {type(error).__name__}") from None

    async def page(self, after: int, limit: int) -> list[BatchRecord]:
        """See `ports.Batches`."""
        wanted = BATCH.where(t.batches.c.cursor > after).order_by(t.batches.c.cursor).limit(limit)
        return every(BatchRecord, await self._settled(wanted))

    async def _settled(self, query: Select[Any]) -> list[Row[Any]]:
        async with self._write() as connection:
            await connection.execute(select(_lock("pg_advisory_xact_lock")))
            # A statement sees what was committed before it began: the lock has to be had by then.
            return list((await connection.execute(query)).all())

    async def _before_cursor(self, connection: AsyncConnection) -> None:
        await connection.execute(select(_lock("pg_advisory_xact_lock_shared")))

    async def _one_view(self, connection: AsyncConnection) -> None:
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))

    async def _count_on(self, connection: AsyncConnection, table: str, column: str) -> None:
        await count_on_in_postgres(connection, table, column)

    async def _alone(self, connection: AsyncConnection) -> None:
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOG})"))

    def _add_unknown(self, table: Table) -> Any:
        return insert(table).on_conflict_do_nothing()


def _lock(function: str) -> Any:
    return text(f"{function}({_CURSORS})")


def _upgrade_alone(connection: Connection) -> None:
    connection.execute(text(f"SELECT pg_advisory_xact_lock({_SCHEMA})"))
    if not schema.known(schema.present(connection)):
        raise StorageError("database: it was made by a newer version of this program")
    schema.upgrade(connection)
