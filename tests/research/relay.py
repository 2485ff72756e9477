"""A relay between a client and a collector that lets through only so many bytes of batches, then holds its breath."""

import socket
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

READ_BYTES = 4096


class Relay:
    """Forwards TCP connections one to one, and notes the request lines and Range headers that it sees.

    Args:
        url: the collector's address.
        allowance: bytes from the collector that pass on each connection; later ones wait until the relay is closed.
            None for no limit.
        cut: break the connection there instead of waiting.
    """

    def __init__(self, url: str, allowance: int | None = None, *, cut: bool = False) -> None:
        parts = urlsplit(url)
        self._target = (str(parts.hostname), int(parts.port or 80))
        self._allowance = allowance
        self._cut = cut
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._server]
        self._threads: list[threading.Thread] = []
        self._closed = threading.Event()
        self.requests: list[str] = []
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        for each in self._open:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            finally:
                each.close()
        for thread in self._threads:
            thread.join()

    def _run(self, work: "object", *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            self._open += [client, server]
            self._run(self._up, client, server)
            self._run(self._down, server, client)

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        try:
            while data := client.recv(READ_BYTES):
                lines = data.decode("latin-1").split("\r\n")
                self.requests += [x for x in lines if x.startswith("GET ") or x.lower().startswith("range:")]
                server.sendall(data)
        except OSError:
            pass

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        left = self._allowance
        try:
            while data := server.recv(READ_BYTES):
                if left is not None:
                    data, left = data[:left], max(0, left - len(data))
                client.sendall(data)
                if left == 0:
                    break
            if left == 0 and not self._cut:
                self._closed.wait()
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
