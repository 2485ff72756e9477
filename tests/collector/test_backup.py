"""Backup and restore, on real stores: all that was there is there again, and what was erased is not."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import anyio
import pytest

from collector import backup as work
from collector.backup import back_up, restore
from collector.doctor import examine
from collector.rowsfile import BackupError
from collector.settings import Settings
from schemas.wire import RefusalReason as R
from tests.collector.test_access import erase, record
from tests.collector.test_api import refused
from tests.collector.test_ledger import migrated
from tests.collector.test_log import fetch, key_of
from tests.support.collectors import Collector, running
from tests.support.databases import PostgresServer, database_in
from tests.support.devices import World


def overt_collector(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "collector.cli", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def files_below(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_a_restored_collector_is_the_same_and_what_was_erased_stays_away(tmp_path: Path) -> None:
    world = World.make("backup")
    copy, rows = tmp_path / "backup", tmp_path / "rows-only"
    with running(tmp_path, world) as collector:
        device = collector.join(world)
        for _ in range(4):
            collector.put(device, device.envelope()).raise_for_status()
        kept, gone = device.envelopes[3], device.envelopes[:2]
        first = overt_collector("backup", "--data", str(collector.data), "--to", str(copy), "--json")
        assert json.loads(first.stdout)["copied"] == 4
        erase(collector, device, 2)
        newer = overt_collector("backup", "--data", str(collector.data), "--to", str(rows), "--rows-only")
        assert newer.returncode == 0
        before = record(collector, device)
        checkpoint, key = fetch(collector, "checkpoint"), key_of(collector)
    place = tmp_path / "new"
    arguments = ("restore", "--from", str(copy), "--data", str(place), "--rows", str(rows / "rows"), "--json")
    done = overt_collector(*arguments)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["blobs"], told["left_out"], told["missing"]) == (2, 2, 0)
    assert not {e.digest for e in gone} & files_below(place)
    with Collector(place, world.trust) as again:
        assert (fetch(again, "checkpoint"), key_of(again)) == (checkpoint, key)
        assert record(again, device) == before
        assert again.get(world.researchers[0], f"/v1/batches/{kept.digest}").content == kept.to_bytes()
        refused(again.get(world.researchers[0], f"/v1/batches/{gone[0].digest}"), 410, R.ERASED)
        again.put(device, device.envelope()).raise_for_status()
        again.consent(device, device.withdraw()).raise_for_status()
    assert all(finding.ok for finding in anyio.run(examine, Settings(place)) if finding.check != "disk")
    assert overt_collector(*arguments).returncode == 1  # it is not empty any more


def test_the_next_backup_takes_away_what_was_erased(tmp_path: Path) -> None:
    world = World.make("backup again")
    with running(tmp_path, world) as collector:
        device = collector.join(world)
        for _ in range(2):
            collector.put(device, device.envelope()).raise_for_status()
        settings, copy = Settings(collector.data), tmp_path / "backup"

        async def once() -> work.BackedUp:
            return await back_up(settings, copy, rows_only=False)

        anyio.run(once)
        erase(collector, device, 1)
        done = anyio.run(once)
        assert (done.copied, done.kept, done.removed, done.missing) == (0, 1, 1, 0)
        assert device.envelopes[0].digest not in files_below(copy)


def test_old_rows_altered_rows_and_full_places_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World.make("backup refused")
    copy = tmp_path / "backup"
    with running(tmp_path, world) as collector:
        settings = Settings(collector.data)

        async def make() -> None:
            await back_up(settings, copy, rows_only=False)

        anyio.run(make)

    async def into(name: str, *, newest: bool) -> None:
        await restore(Settings(tmp_path / name), copy, None, newest=newest)

    later = time.time() + 7200
    monkeypatch.setattr("time.time", lambda: later)
    with pytest.raises(BackupError, match="older than an hour"):
        anyio.run(lambda: into("old", newest=False))
    anyio.run(lambda: into("said", newest=True))
    with pytest.raises(BackupError, match="not empty"):
        anyio.run(lambda: into("said", newest=True))
    data = (copy / "rows").read_bytes()
    for wrong in (data[:-10], data[:200] + bytes([data[200] ^ 1]) + data[201:], b"", data + b"x"):
        (copy / "rows").write_bytes(wrong)
        with pytest.raises(BackupError):
            anyio.run(lambda: into("altered", newest=True))
    assert not (tmp_path / "altered").exists()


def test_from_sqlite_to_postgres(tmp_path: Path, postgres_server: PostgresServer) -> None:
    """The same backup fits either database; counters go on after it."""
    world = World.make("backup to postgres")
    with running(tmp_path, world) as collector:
        device = collector.join(world)
        collector.put(device, device.envelope()).raise_for_status()
        collector.get(world.researchers[0], f"/v1/batches/{device.envelopes[0].digest}").raise_for_status()
        before, settings = record(collector, device), Settings(collector.data)

        async def make() -> None:
            await back_up(settings, tmp_path / "backup", rows_only=False)

        anyio.run(make)
    url = database_in(postgres_server)
    anyio.run(migrated, url)
    place = tmp_path / "new"

    async def bring() -> work.Restored:
        return await restore(Settings(place, url), tmp_path / "backup", None, newest=False)

    assert anyio.run(bring).blobs == 1
    with Collector(place, world.trust, "--database", url) as again:
        assert record(again, device) == before
        again.put(device, device.envelope()).raise_for_status()
        again.get(world.researchers[0], f"/v1/batches/{device.envelopes[1].digest}").raise_for_status()
        assert len(record(again, device).pulls) == 2
    shutil.rmtree(place)
