"""The rows store: constraints hold, also among requests that race each other."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from collector.errors import StorageError
from collector.ports import BatchRecord, ConsentRow, DeviceRow, DocumentRow, Enrolled, Pull
from collector.sqlite import SqliteLedger
from schemas.base import digest

D = [digest(bytes([n])) for n in range(40)]
NOW = 1_000_000


@asynccontextmanager
async def ledger_at(folder: Path) -> AsyncIterator[SqliteLedger]:
    ledger = SqliteLedger(f"sqlite+aiosqlite:///{folder}/ledger.db")
    await ledger.open()
    try:
        yield ledger
    finally:
        await ledger.close()


def with_ledger(folder: Path, work: Callable[[SqliteLedger], Awaitable[None]]) -> None:
    async def go() -> None:
        async with ledger_at(folder) as ledger:
            await work(ledger)

    anyio.run(go)


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
    return DocumentRow(D[number], kind, "study", version, b"body")


def test_documents_keep_their_order_and_version(tmp_path: Path) -> None:
    async def work(ledger: SqliteLedger) -> None:
        assert await ledger.add_document(document(3, 1), (), 0)
        assert await ledger.add_document(document(1, 2), (), 0)
        assert not await ledger.add_document(document(3, 3), (), 0)  # digest taken
        assert not await ledger.add_document(document(4, 2), (), 0)  # version taken
        assert await ledger.add_document(document(5, 0, "codes"), (D[0],), NOW)
        assert await ledger.add_document(document(6, 0, "codes"), (D[0], D[1]), NOW)
        assert [(n.digest, n.version) for n in await ledger.document_names()][:2] == [(D[3], 1), (D[1], 2)]
        assert await ledger.document(D[3]) == document(3, 1)
        assert await ledger.document(D[9]) is None

    with_ledger(tmp_path, work)


def test_a_code_enrols_one_of_many_that_race(tmp_path: Path) -> None:
    async def work(ledger: SqliteLedger) -> None:
        await ledger.add_document(document(0, 0, "codes"), (D[0],), NOW + 1)
        answers = await at_once(*(lambda n=n: ledger.enrol(D[0], NOW, device_row(n)) for n in range(10)))
        assert sorted(str(a) for a in answers) == ["Enrolled.BAD_CODE"] * 9 + ["Enrolled.STORED"]
        assert len(await ledger.devices()) == 1

    with_ledger(tmp_path, work)


def test_a_device_that_is_taken_uses_up_no_code(tmp_path: Path) -> None:
    async def work(ledger: SqliteLedger) -> None:
        await ledger.add_document(document(0, 0, "codes"), (D[0], D[1]), NOW + 1)
        assert await ledger.enrol(D[0], NOW, device_row(1)) is Enrolled.STORED
        assert await ledger.enrol(D[1], NOW, device_row(1)) is Enrolled.TAKEN
        assert await ledger.enrol(D[1], NOW + 1, device_row(2)) is Enrolled.BAD_CODE  # expired
        assert await ledger.enrol(D[1], NOW, device_row(2)) is Enrolled.STORED

    with_ledger(tmp_path, work)


def test_a_place_in_a_chain_is_taken_once(tmp_path: Path) -> None:
    async def work(ledger: SqliteLedger) -> None:
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

    with_ledger(tmp_path, work)


def test_consents_and_pulls(tmp_path: Path) -> None:
    async def work(ledger: SqliteLedger) -> None:
        for number in (0, 1, 2):
            assert await ledger.add_consent(ConsentRow(D[0], number, D[number + 1], b"body", 0))
        assert not await ledger.add_consent(ConsentRow(D[0], 2, D[9], b"body", 0))
        assert [row.number for row in await ledger.consents(D[0], since=1)] == [1, 2]
        await ledger.add_pull(Pull(D[0], D[1], "reason", NOW))
        counts = await ledger.counts()
        assert (counts.consents, counts.pulls, counts.batches, counts.batch_bytes) == (3, 1, 0, 0)
        assert await ledger.faults() == []

    with_ledger(tmp_path, work)


def test_rows_outlive_the_process_and_are_flushed_on_commit(tmp_path: Path) -> None:
    async def write(ledger: SqliteLedger) -> None:
        await ledger.add_document(document(0, 1), (), 0)
        async with ledger._read() as connection:
            mode = (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar()
            flush = (await connection.exec_driver_sql("PRAGMA synchronous")).scalar()
        assert (mode, flush) == ("wal", 2)

    async def read(ledger: SqliteLedger) -> None:
        assert len(await ledger.document_names()) == 1

    with_ledger(tmp_path, write)
    with_ledger(tmp_path, read)


def test_a_database_that_is_none_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"this is no database" * 100)

    async def work(ledger: SqliteLedger) -> None:
        del ledger

    with pytest.raises(StorageError):
        with_ledger(tmp_path, work)
