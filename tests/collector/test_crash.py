"""kill -9 while devices upload: nothing lost, nothing twice, nothing acknowledged that is not there."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx

from schemas.envelope import Envelope
from tests.support.collectors import Collector, running
from tests.support.devices import Device, World
from tests.support.waiting import until

DEVICES, BATCHES, KILLS = 4, 12, 6


class Fleet:
    """Devices that send each batch until it is acknowledged."""

    def __init__(self, collector: Collector, world: World) -> None:
        self.collector = collector
        self.acknowledged: list[str] = []
        self.up = threading.Event()
        self.up.set()
        self.devices = [collector.join(world) for _ in range(DEVICES)]
        self.sent = {d.fingerprint: [seal(d, n) for n in range(BATCHES)] for d in self.devices}

    def run(self, device: Device) -> None:
        for envelope in self.sent[device.fingerprint]:
            until(lambda e=envelope: self.attempt(device, e), 60, "a batch to be acknowledged")  # type: ignore[misc]

    def attempt(self, device: Device, envelope: Envelope) -> bool:
        self.up.wait(60)
        try:
            reply = self.collector.put(device, envelope)
        except httpx.TransportError:
            return False
        if reply.status_code not in (200, 201):
            # Signed in the second before a restart: the collector cannot know whether it served it.
            assert reply.status_code == 503, reply.text
            return False
        self.acknowledged.append(envelope.digest)
        return True

    def kill_after(self, acknowledged: int) -> None:
        """Kill and restart once so many batches are acknowledged; some request is in the middle of something."""
        until(lambda: len(self.acknowledged) >= acknowledged, 60, "uploads to go on")
        self.up.clear()
        self.collector.kill()
        self.collector.start()
        self.up.set()


def seal(device: Device, number: int) -> Envelope:
    size = (0, 300_000, 2_000_000)[number % 3]
    return device.envelope(device.make.typing("w"), frames=device.world.rng.randbytes(size))


def test_exactly_once_through_kill_9(tmp_path: Path) -> None:
    world = World.make("crash")
    with running(tmp_path, world) as collector, ThreadPoolExecutor(DEVICES) as pool:
        fleet = Fleet(collector, world)
        futures: list[Future[None]] = [pool.submit(fleet.run, device) for device in fleet.devices]
        for kill in range(1, KILLS + 1):
            fleet.kill_after(kill * DEVICES * BATCHES // (KILLS + 2))
        for future in futures:
            future.result()
        expected = {e.digest: e for chain in fleet.sent.values() for e in chain}
        rows = collector.listing(world.researchers[0])
        assert sorted(str(row["digest"]) for row in rows) == sorted(expected)
        for name, envelope in expected.items():
            pulled = collector.get(world.researchers[0], f"/v1/batches/{name}")
            assert pulled.content == envelope.to_bytes()
        assert set(fleet.acknowledged) == set(expected)


def test_what_is_acknowledged_survives_a_kill_at_once(tmp_path: Path) -> None:
    world = World.make("acknowledged")
    with running(tmp_path, world) as collector:
        device = collector.join(world)
        for number in range(4):
            envelope = seal(device, number)
            first = collector.put(device, envelope)
            collector.kill()
            collector.start()
            again = collector.put(device, envelope)
            assert (first.status_code, again.status_code, again.content) == (201, 200, first.content)


def test_a_blob_without_a_row_is_harmless(tmp_path: Path) -> None:
    world = World.make("blob only")
    with running(tmp_path, world) as collector:
        device = collector.join(world)
        envelope = device.envelope()
        place = collector.data / "blobs" / envelope.digest[:2] / envelope.digest
        place.write_bytes(envelope.to_bytes()[:100])  # even a damaged one
        half = collector.data / "blobs" / "half-written" / "1-1"
        half.write_bytes(b"left by a crash")
        assert collector.listing(world.researchers[0]) == []
        collector.kill()
        collector.start()
        assert not half.exists()
        assert collector.put(device, envelope).status_code == 201
        assert place.read_bytes() == envelope.to_bytes()


def test_an_old_request_is_not_served_by_a_new_process(tmp_path: Path) -> None:
    world = World.make("replay")
    with running(tmp_path, world) as collector:
        path = "/v1/batches"
        headers = world.researchers[0].headers("GET", collector.url + path)
        created = int(headers["Signature-Input"].split("created=")[1].split(";")[0])
        assert collector.call("GET", path, headers=headers).status_code == 200
        collector.kill()
        until(lambda: int(time.time()) > created, what="the next second")
        collector.start()
        assert collector.call("GET", path, headers=headers).status_code == 503
        assert collector.get(world.researchers[0], path).status_code == 200


def test_a_missing_blob_is_told_and_not_made_up(tmp_path: Path) -> None:
    world = World.make("missing")
    with running(tmp_path, world) as collector:
        device = collector.join(world)
        envelope = device.envelope()
        collector.put(device, envelope).raise_for_status()
        (collector.data / "blobs" / envelope.digest[:2] / envelope.digest).unlink()
        assert collector.get(world.researchers[0], f"/v1/batches/{envelope.digest}").status_code == 503
