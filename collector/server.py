"""Serving: uvicorn on a socket of our own, so that a free port can be chosen and told."""

import ctypes
import json
import logging
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from collector.errors import CollectorError
from collector.limits import KEEP_ALIVE_S, MAX_CONNECTIONS, MAX_HEAD_BYTES, SHUTDOWN_S
from collector.logs import note
from collector.wire import ImpatientProtocol

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # mallopt(3)
LARGE_BLOCK_BYTES = 256 << 10
"""Bytes from which on a freed block goes back to the system: above what a usual request needs."""
ARENAS = 2
"""Arenas of glibc's allocator: Python's threads take turns anyway."""
BACKLOG = 512
"""Connections that may wait to be accepted: as many as are served at once."""


class AddressError(CollectorError):
    """The address cannot be listened on."""

    remedy = "Choose another --host or --port; --port 0 takes a free one."


class StartError(CollectorError):
    """The stores did not open."""


class _Server(uvicorn.Server):
    """Tells when it is ready to serve."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so.

        Raises:
            StartError: the stores did not open.
        """
        try:
            await super().startup(sockets)
        except SystemExit:  # uvicorn's way, with an exit code of its own
            raise StartError("the collector's stores did not open") from None
        self._ready()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        AddressError: somebody else has the port, or the host is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # The protocol has to be said: without it asyncio does not turn Nagle's delay off (40 ms a reply).
        sock = socket.socket(family, kind, protocol or socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        raise AddressError(f"cannot listen on {host} port {port}: {error.strerror}") from None
    return sock


def _return_memory() -> None:
    """Have glibc give large blocks back at once, and keep few arenas.

    By itself it learns from the first large block that is freed to keep such blocks, in an arena for each thread: 64
    uploads of 16 MiB, few of them in memory at a time, left 340 MiB behind.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return  # another C library, with ways of its own
    mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)
    mallopt(_M_ARENA_MAX, ARENAS)


def serve(app: FastAPI, sock: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; running requests may end first.

    Raises:
        StartError: the stores did not open.
    """
    config = uvicorn.Config(
        app,
        http=ImpatientProtocol,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        log_config=None,
        log_level=logging.CRITICAL,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    _return_memory()
    server = _Server(config, ready)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn raises it again at the end: an orderly stop exits with 0
    server.run(sockets=[sock])
    note("stopped")


def url_of(sock: socket.socket) -> str:
    """The address to connect to."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def announce(url: str, ready_file: Path | None, *, as_json: bool) -> None:
    """Say on standard output, and in a file if one is wanted, that the collector serves."""
    line = json.dumps({"format": 1, "event": "listening", "url": url}) if as_json else f"listening on {url}"
    print(line, flush=True)  # noqa: T201  # the one line that whoever started it waits for
    if ready_file:
        half = ready_file.with_name(f".{ready_file.name}.half-written")
        half.write_text(url + "\n")
        half.replace(ready_file)
