"""A client with a key, or without one, that means harm: it is refused by name, others are served, nothing grows."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from schemas.base import digest
from tests.support.collectors import Collector, running
from tests.support.devices import Device, World

TINY = 3_000
GROWTH_KIB = 40 << 10
"""KiB that the collector may gain by so many tiny requests; each of them is gone when it is answered."""


def resident_kib(collector: Collector) -> int:
    lines = Path(f"/proc/{collector.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def reason(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["reason"]


@pytest.fixture(scope="module")
def device(collector: Collector, world: World) -> Device:
    return collector.join(world)


def test_one_device_that_floods_is_told_when_to_come_again_and_others_are_served(tmp_path: Path) -> None:
    world = World.make("flood")
    with running(tmp_path, world) as collector, httpx.Client(base_url=collector.url, trust_env=False) as line:
        hostile, honest = collector.join(world), collector.join(world)
        path = f"/v1/uploads/{digest(b'nothing')}"
        replies: list[httpx.Response] = []
        while len(replies) < 2_000 and (not replies or replies[-1].status_code != 429):
            replies.append(line.head(path, headers=hostile.headers("HEAD", collector.url + path)))
        assert replies[-1].status_code == 429, len(replies)
        assert int(replies[-1].headers["retry-after"]) >= 1
        assert collector.put(honest, honest.envelope()).status_code == 201
        refused = collector.put(hostile, hostile.envelope())
        assert reason(refused) == (429, "rate_limited")


def test_many_tiny_requests_leave_nothing_behind(tmp_path: Path) -> None:
    world = World.make("tiny")
    with running(tmp_path, world) as collector, httpx.Client(base_url=collector.url, trust_env=False) as line:
        for _ in range(300):
            line.post("/v1/consents", content=b"x")
        before = resident_kib(collector)
        statuses = {line.post("/v1/consents", content=b"x").status_code for _ in range(TINY)}
        assert statuses == {401}
        assert resident_kib(collector) - before < GROWTH_KIB


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_the_same_signed_bytes_are_served_once(collector: Collector, device: Device, size: int) -> None:
    envelope = device.envelope(frames=bytes(size))
    path, body = f"/v1/batches/{envelope.digest}", envelope.to_bytes()
    headers = device.headers("PUT", collector.url + path, body)
    assert collector.call("PUT", path, body, headers).status_code == 201
    assert reason(collector.call("PUT", path, body, headers)) == (409, "replayed")


def test_a_signature_for_one_thing_is_none_for_another(collector: Collector, device: Device) -> None:
    one, two = device.envelope(keep=False), device.envelope(frames=b"2", keep=False)
    paths = [f"/v1/batches/{e.digest}" for e in (one, two)]
    headers = device.headers("PUT", collector.url + paths[0], one.to_bytes())
    other_body = collector.call("PUT", paths[0], two.to_bytes(), headers)
    other_path = collector.call("PUT", paths[1], one.to_bytes(), headers)
    assert [reason(r)[1] for r in (other_body, other_path)] == ["bad_signature"] * 2


def test_consent_is_nobody_elses_to_give(collector: Collector, world: World, device: Device) -> None:
    victim = collector.join(world)
    forged = collector.consent(device, victim.withdraw())
    assert forged.status_code in {403, 401, 400, 409, 422}, forged.text
    borrowed = collector.put(device, device.envelope(keep=False, consent=victim.ledger[0].digest))
    assert reason(borrowed) == (422, "unknown_consent")
    invented = collector.put(device, device.envelope(keep=False, consent=digest(b"I agreed")))
    assert reason(invented) == (422, "unknown_consent")


def test_a_batch_for_other_readers_is_refused(collector: Collector, device: Device) -> None:
    for readers in (
        device.readers()[:1],
        [*device.readers(), World.make("stranger").researchers[0].identity.recipient],
    ):
        assert reason(collector.put(device, device.envelope(readers=readers, keep=False))) == (422, "wrong_recipients")


TRICKS = [
    "/v1/batches/../../../etc/passwd",
    "/v1/batches/..%2f..%2f..%2fetc%2fpasswd",
    "/v1/uploads/%2e%2e%2f%2e%2e%2freceipt.key",
    "//v1//batches//",
    "/v1/batches/" + "a" * 64 + "%00.txt",
    "/v1/batches/" + "A" * 64,
    "/v1/batches/" + "a" * 8_000,
    "/v1/uploads/" + "a" * 63 + "/",
    "/.git/config",
    "/v1/batches/;/../receipt.key",
]


@pytest.mark.parametrize("path", TRICKS, ids=range(len(TRICKS)))
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "HEAD"])
def test_odd_paths_lead_nowhere(collector: Collector, device: Device, method: str, path: str) -> None:
    before = sorted(collector.data.rglob("*"))
    address = urlsplit(collector.url)
    headers = device.headers(method, collector.url + path)
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Content-Length: 0", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=20) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = connection.recv(4096)
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 307")), answer[:100]
    assert b"root:" not in answer
    assert sorted(collector.data.rglob("*")) == before


@pytest.mark.parametrize("head", [b"X: " + b"a" * 1_000_000, b"\r\n".join(b"X%d: y" % n for n in range(20_000))])
def test_giant_heads_are_cut_off(collector: Collector, head: bytes) -> None:
    address = urlsplit(collector.url)
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=20) as connection:
        try:
            connection.sendall(b"GET /v1/study HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
            answer = connection.recv(4096)
        except OSError:  # cut off while still sending
            answer = b""
    assert not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 5"))
    assert collector.call("GET", "/healthz").status_code == 200
