"""Long uploads in parts, by the agent's own client against a real collector: resumed, torn, moved, unknown."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from agent.net.collector import PART_BYTES, Refused, Unreachable
from agent.net.collector import Collector as Client
from schemas.envelope import Envelope
from schemas.wire import RefusalReason
from tests.agent.net.http_rig import Asked, Reply, Site
from tests.collector.test_erasure import asking, of
from tests.support.collectors import Collector, running
from tests.support.devices import Device, World


@pytest.fixture(scope="module")
def device(collector: Collector, world: World) -> Device:
    return collector.join(world)


def long(device: Device) -> Envelope:
    return device.envelope(frames=device.world.rng.randbytes(int(2.5 * PART_BYTES)))


@contextmanager
def client(url: str, device: Device) -> Iterator[Client]:
    made = Client(url, device.key, now_s=time.time, entropy=os.urandom)
    try:
        yield made
    finally:
        made.close()


def head(collector: Collector, device: Device, envelope: Envelope) -> int:
    reply = collector.signed(device, "HEAD", f"/v1/uploads/{envelope.digest}")
    assert reply.status_code == 204
    return int(reply.headers["upload-offset"])


def patch(
    collector: Collector, device: Device, envelope: Envelope, offset: int, part: bytes, *, last: bool = False
) -> httpx.Response:
    path = f"/v1/uploads/{envelope.digest}"
    headers = device.headers("PATCH", collector.url + path, part)
    headers |= {"upload-offset": str(offset), "upload-complete": "?1" if last else "?0"}
    return collector.call("PATCH", path, part, headers)


def test_a_long_batch_arrives_whole_and_leaves_no_parts(collector: Collector, world: World, device: Device) -> None:
    envelope = long(device)
    with client(collector.url, device) as one:
        one.batch(envelope.digest, envelope.to_bytes())
    stored = collector.get(world.researchers[0], f"/v1/batches/{envelope.digest}")
    assert stored.content == envelope.to_bytes()
    assert list((collector.data / "parts").iterdir()) == []


def test_it_goes_on_where_it_broke_off(collector: Collector, world: World, device: Device) -> None:
    envelope = long(device)
    data = envelope.to_bytes()
    assert patch(collector, device, envelope, 0, data[:PART_BYTES]).status_code == 204
    assert head(collector, device, envelope) == PART_BYTES
    collector.kill()
    collector.start()
    sent: list[int] = []
    with client(collector.url, device) as one:
        one.pace = sent.append
        one.batch(envelope.digest, data)
    assert sum(sent) == len(data) - PART_BYTES
    assert collector.get(world.researchers[0], f"/v1/batches/{envelope.digest}").content == data


def test_a_part_in_the_wrong_place_changes_nothing(collector: Collector, device: Device) -> None:
    envelope = device.envelope(frames=b"x" * PART_BYTES, keep=False)
    reply = patch(collector, device, envelope, 5, b"part")
    assert (reply.status_code, reply.json()["reason"]) == (409, "wrong_offset")
    assert head(collector, device, envelope) == 0
    assert patch(collector, device, envelope, 64 << 20, b"part").status_code == 413


def test_what_was_torn_is_refused_and_begins_anew(collector: Collector, device: Device) -> None:
    envelope = device.envelope(keep=False)
    data = envelope.to_bytes()
    assert patch(collector, device, envelope, 0, b"torn" + data[4:], last=True).status_code == 400
    assert head(collector, device, envelope) == 0
    assert patch(collector, device, envelope, 0, data, last=True).status_code == 201


def test_one_device_sees_and_changes_nothing_of_anothers(collector: Collector, world: World, device: Device) -> None:
    other, envelope = collector.join(world), device.envelope(keep=False)
    assert patch(collector, device, envelope, 0, b"begun").status_code == 204
    assert head(collector, other, envelope) == 0
    assert collector.call("HEAD", f"/v1/uploads/{envelope.digest}").status_code == 401


def test_what_a_device_begins_next_takes_the_place_of_what_it_had_begun(collector: Collector, device: Device) -> None:
    one, two = device.envelope(keep=False), device.envelope(frames=b"2", keep=False)
    assert patch(collector, device, one, 0, b"begun").status_code == 204
    assert patch(collector, device, two, 0, b"begun").status_code == 204
    assert (head(collector, device, one), head(collector, device, two)) == (0, 5)


def test_a_collector_of_before_gets_it_whole(world: World) -> None:
    def old(asked: Asked) -> Reply:
        return Reply(503 if asked.method == "PUT" else 404)

    device = world.device()
    with Site(old) as site, client(site.url, device) as one:
        with pytest.raises(Unreachable):
            one.batch("a" * 64, bytes(PART_BYTES + 1))
        assert [(a.method, len(a.body)) for a in site.asked] == [("HEAD", 0), ("PUT", PART_BYTES + 1)]


def test_erasing_takes_parts_along(tmp_path: Path) -> None:
    world = World.make("parts")
    with running(tmp_path, world) as collector:
        device = collector.join(world)
        stored, begun = device.envelope(), device.envelope(frames=b"2", keep=False)
        collector.put(device, stored).raise_for_status()
        assert patch(collector, device, begun, 0, b"begun").status_code == 204
        with client(collector.url, device) as one, pytest.raises(Refused) as refused:
            one.batch("0" * 64, stored.to_bytes())
        assert refused.value.refusal.reason is RefusalReason.MALFORMED

        request = asking(device, of(stored)).to_bytes()
        assert collector.signed(device, "POST", "/v1/erasures", request).status_code == 201
        assert list((collector.data / "parts").iterdir()) == []
