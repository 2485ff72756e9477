"""A load generator in a process of its own: ready-made HTTP/1.1 requests over kept connections.

Requests are made and signed before the clock starts, so what is measured is the server (on the same cores).
Run as ``python -m benchmarks.wire.load FILE``; FILE is a pickled :class:`Load`; prints one JSON object.
"""

import asyncio
import json
import pickle
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    """One request, ready to be sent but for the ``Host`` header's line, which no server here looks at."""

    head: bytes
    body: bytes


@dataclass(frozen=True)
class Load:
    """What each connection sends, one after the other; connections are shared out over the servers."""

    urls: tuple[str, ...]
    lanes: tuple[tuple[Request, ...], ...]


def request(method: str, path: str, headers: dict[str, str], body: bytes) -> Request:
    """A request's bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return Request(("\r\n".join(lines) + "\r\n\r\n").encode(), body)


async def _lane(url: str, requests: tuple[Request, ...], statuses: dict[int, int], waits: list[float]) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    for each in requests:
        begun = time.monotonic()
        writer.write(each.head)
        writer.write(each.body)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        await reader.readexactly(length)
        statuses[status] = statuses.get(status, 0) + 1
        waits.append(time.monotonic() - begun)
    writer.close()


async def _run(load: Load) -> dict[str, object]:
    statuses: dict[int, int] = {}
    waits: list[float] = []
    begun = time.monotonic()
    lanes = (_lane(load.urls[n % len(load.urls)], requests, statuses, waits) for n, requests in enumerate(load.lanes))
    await asyncio.gather(*lanes)
    seconds = time.monotonic() - begun
    return {"seconds": seconds, "statuses": statuses, "p50_s": sorted(waits)[len(waits) // 2], "max_s": max(waits)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_run(pickle.loads(Path(sys.argv[1]).read_bytes())))))  # noqa: S301  # our own file
