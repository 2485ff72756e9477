"""Two collectors over one PostgreSQL and one S3, killed in turn, and the store with them: exactly once, and erased."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import anyio
import httpx
import pytest

from collector.settings import choose_ledger
from schemas.envelope import Envelope
from tests.collector.test_erasure import asking, of
from tests.support.buckets import KEYS, Bucket, bucket
from tests.support.collectors import Collector
from tests.support.databases import PostgresServer, database_in
from tests.support.devices import Device, World

Pair = tuple[Collector, Collector]


@pytest.fixture(scope="module")
def store() -> Iterator[Bucket]:
    with bucket() as made:
        yield made


@pytest.fixture
def world() -> World:
    return World.make("fleet")


@pytest.fixture
def pair(tmp_path: Path, world: World, store: Bucket, postgres_server: PostgresServer) -> Iterator[Pair]:
    url = database_in(postgres_server)
    anyio.run(migrated, url)
    options = ("--database", url, "--blobs", store.url, "--receipt-key", str(tmp_path / "receipt.key"))
    with ExitStack() as stack:
        made = [stack.enter_context(Collector(tmp_path / n, world.trust, *options, **KEYS)) for n in ("one", "two")]
        made[0].publish_all(world)
        yield made[0], made[1]


async def migrated(url: str) -> None:
    ledger = choose_ledger(url)
    await ledger.migrate()
    await ledger.close()


def deliver(pair: Pair, device: Device, envelope: Envelope) -> list[httpx.Response]:
    """The same batch to both, as when the first reply was lost."""
    return [collector.put(device, envelope) for collector in pair]


def test_what_one_takes_the_other_knows_and_erases(pair: Pair, world: World) -> None:
    one, two = pair
    device = one.join(world)
    made = [device.envelope(device.make.typing("w")) for _ in range(4)]
    for number, envelope in enumerate(made):
        first, again = deliver((pair[number % 2], pair[1 - number % 2]), device, envelope)
        assert (first.status_code, again.status_code, again.content) == (201, 200, first.content)
    reader = world.researchers[0]
    assert one.listing(reader) == two.listing(reader)
    assert [row["digest"] for row in two.listing(reader)] == [e.digest for e in made]
    assert one.get(reader, f"/v1/batches/{made[1].digest}").content == made[1].to_bytes()
    assert two.signed(device, "POST", "/v1/erasures", asking(device, of(made[1])).to_bytes()).status_code == 201
    assert one.get(reader, f"/v1/batches/{made[1].digest}").status_code == 410
    assert one.stop() == two.stop() == 0


def test_a_collector_and_the_store_that_die_lose_nothing(pair: Pair, world: World, store: Bucket) -> None:
    one, two = pair
    device = one.join(world)
    kept = device.envelope(device.make.typing("kept"))
    assert one.put(device, kept).status_code == 201
    one.kill()
    late = device.envelope(device.make.typing("late"))
    store.kill()
    assert two.put(device, late).status_code == 503  # not acknowledged, so it comes again
    store.start()
    one.start()
    assert [reply.status_code for reply in deliver((two, one), device, late)] == [201, 200]
    rows = one.listing(world.researchers[0])
    assert [row["digest"] for row in rows] == [kept.digest, late.digest]
    for envelope in (kept, late):
        assert two.get(world.researchers[0], f"/v1/batches/{envelope.digest}").content == envelope.to_bytes()


def test_what_one_has_served_the_other_refuses(pair: Pair, world: World) -> None:
    """The same signed bytes, sent to the second collector: not even a reader's request is served twice."""
    one, _ = pair
    device = one.join(world)
    envelope = device.envelope(device.make.typing("w"))
    asked = [
        ("PUT", f"/v1/batches/{envelope.digest}", envelope.to_bytes(), device.headers),
        ("GET", "/v1/batches", b"", world.researchers[0].headers),
    ]
    for method, path, body, sign in asked:
        headers = sign(method, one.url + path, body)  # the authority is not covered
        first, again = (collector.call(method, path, body, headers) for collector in pair)
        assert first.status_code in {200, 201}, first.text
        assert (again.status_code, again.json()["reason"]) == (409, "replayed")
