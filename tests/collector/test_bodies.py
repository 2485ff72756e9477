"""Many, large and slow requests: bounded memory, bounded time, and nobody else is kept waiting."""

import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from collector import wire
from collector.bodies import Incoming, Seats
from collector.limits import BUFFERED_BYTES
from schemas import envelope
from schemas.envelope import Envelope
from tests.support.collectors import Collector, running
from tests.support.devices import Device, World
from tests.support.waiting import until

UPLOADS, PAYLOAD = 64, bytes(16 << 20)
MOST_BYTES = 200 << 20


def test_a_long_body_lies_in_a_file_without_a_name(tmp_path: Path) -> None:
    async def go() -> None:
        body, chunk = Incoming(tmp_path), b"sealed" * 10_000
        for _ in range(10):
            await body.add(chunk)
            assert len(body._held) < BUFFERED_BYTES
        assert (body.length, await body.whole()) == (600_000, chunk * 10)
        assert os.listdir(tmp_path) == []  # noqa: PTH208  # a test may look
        body.close()

    anyio.run(go)


def test_a_short_body_touches_no_disk(tmp_path: Path) -> None:
    async def go() -> None:
        body = Incoming(tmp_path / "nowhere")
        await body.add(b"short")
        assert await body.whole() == b"short"
        body.close()

    anyio.run(go)


def test_seats_are_counted_in_bytes_and_given_in_turn() -> None:
    seats, order, held, most = Seats(100), list[int](), 0, 0

    async def sit(number: int, length: int) -> None:
        nonlocal held, most
        async with seats.take(length):
            order.append(number)
            held += min(length, 100)
            most = max(most, held)
            await anyio.lowlevel.checkpoint()
            held -= min(length, 100)

    async def go() -> None:
        async with anyio.create_task_group() as group:
            for number, length in enumerate((60, 30, 500, 10, 10, 70)):
                group.start_soon(sit, number, length)
                await anyio.lowlevel.checkpoint()

    anyio.run(go)
    assert (order, most <= 100) == ([0, 1, 2, 3, 4, 5], True)


@contextmanager
def impatient() -> Iterator[tuple[str, int]]:
    """A server with our protocol and a trivial application, in a thread."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("served")(scope, receive, send)

    sock = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=wire.ImpatientProtocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    until(lambda: server.started, 60, "the server to serve")
    try:
        yield sock.getsockname()
    finally:
        server.should_exit = True
        thread.join()
        sock.close()


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost: x\r\n", b"GET / HTTP/1.1\r\nhost: x\r\n\r\nG"]
)
def test_a_head_that_does_not_come_whole_is_given_up(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(wire, "HEAD_S", 0.5)
    with impatient() as address, closing(socket.create_connection(address, 60)) as client:
        client.sendall(sent)
        heard = b""
        while chunk := client.recv(1000):  # ends when the server closes
            heard += chunk
    assert (b"served" in heard) == (b"\r\n\r\n" in sent)


def test_a_head_of_megabytes_is_refused(collector: Collector) -> None:
    host, port = collector.url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), 60)) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 60_000)
        assert client.recv(100).startswith(b"HTTP/1.1 400")
    assert collector.call("GET", "/healthz").status_code == 200


def test_who_is_nobody_is_refused_before_the_body_is_kept(collector: Collector, world: World) -> None:
    """Signed for another body: known after the head for its sender, after the body for the rest."""
    device = collector.join(world)
    made = device.envelope(keep=False)
    path, body = f"/v1/batches/{made.digest}", made.to_bytes()
    headers = device.headers("PUT", collector.url + path, body)
    reply = collector.call("PUT", path, body[:-1] + b"x", headers)
    assert (reply.status_code, reply.json()["reason"]) == (401, "bad_signature")
    assert collector.put(device, made).status_code == 201


def heavy(device: Device) -> Envelope:
    fields = device.envelope(keep=False).header.model_dump()
    fields |= {"payload_sha256": hashlib.sha256(PAYLOAD).hexdigest(), "payload_bytes": len(PAYLOAD)}
    return envelope.build(envelope.EnvelopeHeader.model_validate(fields), PAYLOAD, device.key)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_64_uploads_of_16_mib_at_once_take_200_mb(tmp_path: Path) -> None:
    world = World.make("memory", codes=UPLOADS)
    with running(tmp_path, world) as collector, ThreadPoolExecutor(UPLOADS) as pool:
        collector.client.timeout = 300
        made = [(device, heavy(device)) for device in (collector.join(world) for _ in range(UPLOADS))]
        replies = list(pool.map(lambda pair: collector.put(*pair).status_code, made))
        assert collector._process is not None
        status = Path(f"/proc/{collector._process.pid}/status").read_text()
        peak = next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM"))
    assert set(replies) == {201}
    print(f"peak: {peak >> 20} MiB")  # noqa: T201  # for whoever runs it
    assert peak <= MOST_BYTES
