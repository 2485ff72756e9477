"""The rows store, the same on SQLite and on a real PostgreSQL: constraints hold, also among requests that race."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from collector import schema
from collector.errors import SchemaBehindError, StorageError
from collector.ports import Ledger
from collector.postgres import PostgresLedger
from collector.rows import BatchRecord, ConsentRow, DeviceRow, DocumentRow, Enrolled, ErasureRow, Pull
from collector.settings import choose_ledger
from collector.sql import SqlLedger
from collector.sqlite import SqliteLedger
from collector.tables import metadata
from schemas.base import digest
from tests.support.databases import PostgresServer, database_in

D = [digest(bytes([n])) for n in range(40)]
NOW = 1_000_000


Ledgers = Callable[[], Ledger]
"""Gives one more collector's view of the same rows."""


@pytest.fixture(params=["sqlite", "postgres"])
def ledgers(request: pytest.FixtureRequest, tmp_path: Path) -> Ledgers:
    """An empty rows store of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/ledger.db"
    else:
        url = database_in(request.getfixturevalue("postgres_server"))
    anyio.run(migrated, url)
    return lambda: choose_ledger(url)


async def migrated(url: str) -> None:
    ledger = choose_ledger(url)
    await ledger.migrate()
    await ledger.close()


def with_ledger(ledgers: Ledgers, work: Callable[[Ledger], Awaitable[None]]) -> None:
    async def go() -> None:
        async with opened(ledgers) as ledger:
            await work(ledger)

    anyio.run(go)


@asynccontextmanager
async def opened(ledgers: Ledgers) -> AsyncIterator[Ledger]:
    ledger = ledgers()
    await ledger.open()
    try:
        yield ledger
    finally:
        await ledger.close()


async def at_once(*works: Callable[[], Awaitable[object]]) -> list[object]:
    answers: list[object] = []

    async def run(work: Callable[[], Awaitable[object]]) -> None:
        answers.append(await work())

    async with anyio.create_task_group() as group:
        for work in works:
            group.start_soon(run, work)
    return answers


def device_row(number: int) -> DeviceRow:
    return DeviceRow(D[number], D[number + 20], b"body", 0)


def document(number: int, version: int, kind: str = "policy") -> DocumentRow:
    return DocumentRow(D[number], f"application/vnd.overt.{kind}.v1+json", "study", version, b"body")


def test_documents_keep_their_order_and_version(ledgers: Ledgers) -> None:
    async def work(ledger: Ledger) -> None:
        assert await ledger.add_document(document(3, 1), (), 0)
        assert await ledger.add_document(document(1, 2), (), 0)
        assert not await ledger.add_document(document(3, 3), (), 0)  # digest taken
        assert not await ledger.add_document(document(4, 2), (), 0)  # version taken
        assert await ledger.add_document(document(5, 0, "enrolment-codes"), (D[0],), NOW)
        assert await ledger.add_document(document(6, 0, "enrolment-codes"), (D[0], D[1]), NOW)
        assert [(n.digest, n.version) for n in await ledger.document_names()][:2] == [(D[3], 1), (D[1], 2)]
        assert await ledger.document(D[3]) == document(3, 1)
        assert await ledger.document(D[9]) is None

    with_ledger(ledgers, work)


def test_a_code_enrols_one_of_many_that_race(ledgers: Ledgers) -> None:
    async def work(ledger: Ledger) -> None:
        await ledger.add_document(document(0, 0, "enrolment-codes"), (D[0],), NOW + 1)
        answers = await at_once(*(lambda n=n: ledger.enrol(D[0], NOW, device_row(n)) for n in range(10)))
        assert sorted(str(a) for a in answers) == ["Enrolled.BAD_CODE"] * 9 + ["Enrolled.STORED"]
        assert len(await ledger.devices()) == 1

    with_ledger(ledgers, work)


def test_a_device_that_is_taken_uses_up_no_code(ledgers: Ledgers) -> None:
    async def work(ledger: Ledger) -> None:
        await ledger.add_document(document(0, 0, "enrolment-codes"), (D[0], D[1]), NOW + 1)
        assert await ledger.enrol(D[0], NOW, device_row(1)) is Enrolled.STORED
        assert await ledger.enrol(D[1], NOW, device_row(1)) is Enrolled.TAKEN
        assert await ledger.enrol(D[1], NOW + 1, device_row(2)) is Enrolled.BAD_CODE  # expired
        assert await ledger.enrol(D[1], NOW, device_row(2)) is Enrolled.STORED

    with_ledger(ledgers, work)


def test_a_place_in_a_chain_is_taken_once(ledgers: Ledgers) -> None:
    async def work(ledger: Ledger) -> None:
        rows = [BatchRecord(D[n], D[30], 0, 10, 0) for n in range(10)]
        answers = await at_once(*(lambda r=r: ledger.add_batch(r) for r in rows))
        assert sum(map(bool, answers)) == 1
        assert await ledger.add_batch(BatchRecord(D[11], D[30], 1, 10, 0))
        assert not await ledger.add_batch(BatchRecord(D[11], D[31], 0, 10, 0))  # digest taken
        last = await ledger.last_batch(D[30])
        assert last is not None
        assert (last.digest, await ledger.batch(D[11]), await ledger.batch_at(D[30], 1)) == (
            D[11],
            last,
            last,
        )
        assert [row.cursor for row in await ledger.page(0, 10)] == sorted({r.cursor for r in await ledger.page(0, 9)})
        assert await ledger.page(last.cursor, 10) == []

    with_ledger(ledgers, work)


def test_consents_and_pulls(ledgers: Ledgers) -> None:
    async def work(ledger: Ledger) -> None:
        for number in (0, 1, 2):
            assert await ledger.add_consent(ConsentRow(D[0], number, D[number + 1], b"body", 0))
        assert not await ledger.add_consent(ConsentRow(D[0], 2, D[9], b"body", 0))
        assert [row.number for row in await ledger.consents(D[0], since=1)] == [1, 2]
        await ledger.add_pull(Pull(D[0], D[1], "reason", NOW))
        counts = await ledger.counts()
        assert (counts.consents, counts.pulls, counts.batches, counts.batch_bytes) == (3, 1, 0, 0)
        assert await ledger.faults() == []

    with_ledger(ledgers, work)


def test_codes_that_are_known_stay_used(ledgers: Ledgers) -> None:
    async def work(ledger: Ledger) -> None:
        await ledger.add_document(document(0, 0, "enrolment-codes"), (D[0],), NOW + 1)
        assert await ledger.enrol(D[0], NOW, device_row(1)) is Enrolled.STORED
        await ledger.add_document(document(1, 0, "enrolment-codes"), (D[0], D[1]), NOW + 9)
        assert await ledger.enrol(D[0], NOW, device_row(2)) is Enrolled.BAD_CODE
        assert await ledger.enrol(D[1], NOW, device_row(2)) is Enrolled.STORED

    with_ledger(ledgers, work)


def test_tombstones_keep_their_place(ledgers: Ledgers) -> None:
    async def work(ledger: Ledger) -> None:
        for n in range(3):
            await ledger.add_batch(BatchRecord(D[n], D[30], n, 10, 0))
        absent = BatchRecord(D[3], D[30], 3, 0, 3_600, erased_hour=3_600)
        assert await ledger.entomb(ErasureRow(D[10], D[30], b"request", 3_600), [D[0], D[2]], [absent])
        assert [r.digest for r in await ledger.unemptied()] == [D[0], D[2]]
        await ledger.emptied([D[0], D[1]])
        assert [(r.sequence, r.size, r.erased_hour) for r in await ledger.between(D[30], 0, 9)] == [
            (0, 0, 3_600),
            (1, 10, None),  # not erased, so not emptied
            (2, 10, 3_600),
            (3, 0, 3_600),
        ]
        known = ErasureRow(D[10], D[30], b"request", 7_200)
        assert not await ledger.entomb(known, [D[1]], [])  # all or nothing
        assert not await ledger.entomb(ErasureRow(D[11], D[30], b"other", 0), [D[1]], [absent])
        assert (await ledger.between(D[30], 1, 1))[0].erased_hour is None
        assert [r.digest for r in await ledger.erasures()] == [D[10]]
        assert not await ledger.add_batch(BatchRecord(D[3], D[30], 3, 10, 0))

    with_ledger(ledgers, work)


def test_who_reads_page_after_page_misses_nothing_that_comes_meanwhile(ledgers: Ledgers) -> None:
    """Cursors become visible in their order, whatever the order in which writers of several collectors commit."""
    seen, done = list[str](), 0

    async def write(ledger: Ledger, device: int) -> None:
        nonlocal done
        for n in range(25):
            assert await ledger.add_batch(BatchRecord(digest(bytes([device, n])), D[device], n, 1, 0))
        done += 1

    async def read(ledger: Ledger) -> None:
        after, last = 0, False
        while not last:
            last = done == 8
            for row in await ledger.page(after, 7):
                assert row.cursor > after
                after, last = row.cursor, False
                seen.append(row.digest)

    async def go() -> None:
        async with (
            opened(ledgers) as reader,
            opened(ledgers) as one,
            opened(ledgers) as two,
            anyio.create_task_group() as group,
        ):
            for device in range(8):
                group.start_soon(write, (one, two)[device % 2], device)
            group.start_soon(read, reader)

    anyio.run(go)
    assert sorted(seen) == sorted(digest(bytes([d, n])) for d in range(8) for n in range(25))


def test_a_hole_in_a_chain_is_a_fault(ledgers: Ledgers) -> None:
    async def work(ledger: Ledger) -> None:
        for n in (0, 1, 3):
            await ledger.add_batch(BatchRecord(D[n], D[30], n, 10, 0))
        assert await ledger.faults() == ["1 chains have a place missing"]

    with_ledger(ledgers, work)


def test_the_schema_is_what_the_tables_say(ledgers: Ledgers) -> None:
    async def work(ledger: Ledger) -> None:
        assert isinstance(ledger, SqlLedger)
        async with ledger._engine.connect() as connection:
            different = await connection.run_sync(lambda c: compare_metadata(MigrationContext.configure(c), metadata))
        assert different == []
        assert await ledger.migrate() == schema.newest()

    with_ledger(ledgers, work)


def test_a_database_of_a_newer_version_is_left_alone(ledgers: Ledgers) -> None:
    async def spoil() -> None:
        ledger = ledgers()
        assert isinstance(ledger, SqlLedger)
        async with ledger._write() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(StorageError, match="newer version"):
            await ledger.migrate()
        with pytest.raises(StorageError, match=r"9999|newer version"):
            await ledger.open()
        await ledger.close()

    anyio.run(spoil)


def test_nothing_in_postgres_tells_which_code_enrolled_which_device(postgres_server: PostgresServer) -> None:
    """Not even the numbers of the transactions, nor where rows lie."""
    url = database_in(postgres_server)

    async def go() -> None:
        ledger = PostgresLedger(url.replace("postgresql:", "postgresql+asyncpg:"))
        await ledger.migrate()
        await ledger.open()
        await ledger.add_document(document(0, 0, "enrolment-codes"), D[:10], NOW + 1)
        for n in (7, 2, 5):
            assert await ledger.enrol(D[n], NOW, device_row(10 + n)) is Enrolled.STORED
        before = await _marks(ledger)
        await ledger.tidy()
        after = await _marks(ledger)
        await ledger.close()
        assert len({mark for mark, _ in before}) == 3  # as many transactions as enrolments: they would tell
        assert len({mark for mark, _ in after}) == 1
        assert [place for _, place in after] == sorted(place for _, place in after)

    anyio.run(go)


async def _marks(ledger: PostgresLedger) -> list[tuple[str, str]]:
    """Of each used code, in the order of digests: its transaction and where it lies."""
    async with ledger._read() as connection:
        found = await connection.execute(
            text(
                "SELECT xmin::text, lpad(split_part(ctid::text, ',', 2), 6, '0') FROM codes WHERE used ORDER BY digest"
            )
        )
        return [(str(row[0]), str(row[1])) for row in found]


def test_postgres_without_its_schema_serves_nothing(postgres_server: PostgresServer) -> None:
    async def go() -> None:
        ledger = choose_ledger(database_in(postgres_server))
        with pytest.raises(SchemaBehindError):
            await ledger.open()
        await ledger.close()

    anyio.run(go)


@pytest.mark.parametrize("end", ["?host=/nowhere", "?host=127.0.0.1&port=1"])
def test_a_postgres_that_is_not_there_is_a_storage_error_without_its_password(end: str) -> None:
    async def go() -> None:
        ledger = choose_ledger(f"postgresql://somebody:a-password@/overt{end}")
        with pytest.raises(StorageError) as raised:
            await ledger.ready()
        assert "a-password" not in str(raised.value)
        assert "a-password" not in repr(ledger)
        await ledger.close()

    anyio.run(go)


def test_rows_outlive_the_process_and_are_flushed_on_commit(tmp_path: Path) -> None:
    async def work() -> None:
        ledger = SqliteLedger(f"sqlite+aiosqlite:///{tmp_path}/ledger.db")
        await ledger.open()
        await ledger.add_document(document(0, 1), (), 0)
        async with ledger._read() as connection:
            mode = (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar()
            flush = (await connection.exec_driver_sql("PRAGMA synchronous")).scalar()
        assert (mode, flush) == ("wal", 2)
        await ledger.close()
        again = SqliteLedger(f"sqlite+aiosqlite:///{tmp_path}/ledger.db")
        await again.open()
        assert len(await again.document_names()) == 1
        await again.close()

    anyio.run(work)


def test_a_database_that_is_none_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"this is no database" * 100)

    async def work() -> None:
        ledger = SqliteLedger(f"sqlite+aiosqlite:///{tmp_path}/ledger.db")
        with pytest.raises(StorageError):
            await ledger.open()
        await ledger.close()

    anyio.run(work)
