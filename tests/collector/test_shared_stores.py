"""Retention and backup where both stores are others' servers: a real PostgreSQL and a real S3 store."""

from pathlib import Path

import anyio
import pytest

from collector.backup import back_up, restore
from collector.house import House, build_house
from collector.ports import Blobs
from collector.receipts import load_key
from collector.settings import Settings, choose_blobs, choose_ledger, make_data_folder
from tests.collector.test_retention import DAY_S, Clock, sent
from tests.support.buckets import KEYS, Bucket, bucket
from tests.support.databases import PostgresServer, database_in
from tests.support.devices import World

pytestmark = pytest.mark.soak


def place(folder: Path, server: PostgresServer, store: Bucket) -> Settings:
    """A deployment that holds nothing yet."""
    make_data_folder(folder)
    blobs = store.url.replace("/blobs?", f"/{folder.name}?")
    return Settings(folder, database=database_in(server), blobs=blobs)


async def open_at(settings: Settings, world: World, clock: Clock) -> House:
    ledger, blobs = choose_ledger(settings.database_url), choose_blobs(settings.blobs_url)
    await ledger.migrate()
    made = build_house(ledger, blobs, load_key(settings.key_file), [world.trust], clock, settings.data)
    await blobs.open()
    await ledger.open()
    return made


async def whole(blobs: Blobs, name: str, size: int) -> bytes:
    return b"".join([chunk async for chunk in blobs.read(name, 0, size)])


def test_what_is_over_its_time_goes_from_s3_and_the_rest_comes_back_from_a_backup(
    tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)

    async def work(store: Bucket) -> None:
        world = World.make("shared stores")
        clock = Clock(world.now_ns / 1e9)
        old, new = (place(tmp_path / name, postgres_server, store) for name in ("old", "new"))
        made = await open_at(old, world, clock)
        for document in world.publications():
            await made.publishing.publish(document)
        gone = await sent(made, world, 3)
        clock.now_s += (world.manifest.retention_days + 1) * DAY_S
        assert await made.retention.sweep() == 3
        assert [await made.blobs.size(e.digest) for e in gone.envelopes] == [None] * 3
        clock.now_s = world.now_ns / 1e9  # when codes still enrol
        kept = await sent(made, world, 2)

        done = await back_up(old, tmp_path / "copy", rows_only=False)
        assert (done.copied, done.missing) == (2, 0)
        await made.ledger.close()
        back = await restore(new, tmp_path / "copy", None, newest=True)
        assert (back.blobs, back.left_out, back.missing) == (2, 0, 0)

        again = await open_at(new, world, clock)
        for envelope in kept.envelopes:
            data = envelope.to_bytes()
            assert await whole(again.blobs, envelope.digest, len(data)) == data
        assert [await again.blobs.size(e.digest) for e in gone.envelopes] == [None] * 3
        envelope = kept.envelope()  # it goes on where it was
        await again.intake.batch(kept.fingerprint, envelope.digest, envelope.to_bytes())
        await again.ledger.close()

    with bucket() as store:
        anyio.run(work, store)
