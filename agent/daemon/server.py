"""The daemon's end of the local socket: serves clients, and keeps what they say of the sign."""

import logging
import selectors
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from agent.core import sign
from agent.net.control import MAX_CLIENTS, Client, ProtocolError, Request, Said, listen, parse_request
from agent.net.local import same_user

LEASE_NS = sign.LEASE_NS
RENEW_MS = 400
"""Milliseconds after which the indicator should renew: two tries in a lease's time."""
READY_RENEW_MS = 2_000
SOL_LOCAL, LOCAL_PEERPID = 0, 2
"""macOS: <sys/un.h>."""
"""The same while the app in front keeps the gate closed: a lease then holds longer, and wake-ups drain batteries."""
_log = logging.getLogger(__name__)

Answer = Callable[[Request], dict[str, Any]]


class SiteDesk(Protocol):
    """Takes what browsers' programs say."""

    def take(self, client: Client, said: Said) -> dict[str, Any]:
        """Give the reply; raises ``ProtocolError`` for who is not to be believed."""
        ...

    def forget(self, client: Client) -> None:
        """It is gone."""
        ...


class ControlServer:
    """Accepts clients and answers them.

    Args:
        path: of the socket.
        selector: the daemon's; clients are registered with a callback as data.
        answer: makes the reply to a request.
        monotonic_ns: clock of leases.
        lost: called when a client that held a lease is gone.
        renewed: makes the reply to a lease of a client that has leased before; ``answer`` where it is not given.
    """

    def __init__(
        self,
        path: Path,
        selector: selectors.BaseSelector,
        answer: Answer,
        *,
        monotonic_ns: Callable[[], int],
        lost: Callable[[], None],
        renewed: Answer | None = None,
    ) -> None:
        self._path = path
        self._selector = selector
        self._answer = answer
        self._monotonic_ns = monotonic_ns
        self._lost = lost
        self._renewed = renewed or answer
        self.clients: set[Client] = set()
        self.sites: SiteDesk | None = None
        """Takes what browsers say; without it nobody does."""
        self._socket = listen(path)
        selector.register(self._socket, selectors.EVENT_READ, self._accept)

    def leasing(self) -> list[Client]:
        """Clients whose last lease said that the icon is visible, however long ago."""
        return [c for c in self.clients if c.shown_ns is not None]

    def lease_until_ns(self) -> int | None:
        """Until when the newest lease holds; ``None`` if nobody says that the icon is visible."""
        shown = [c.shown_ns for c in self.clients if c.shown_ns is not None]
        return max(shown) + LEASE_NS if shown else None

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message to every client that ever sent a lease."""
        for client in [c for c in self.clients if c.leases]:
            self._send(client, message)

    def close(self) -> None:
        """Hang up and remove the socket."""
        for client in list(self.clients):
            self._drop(client)
        self._selector.unregister(self._socket)
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _accept(self, _mask: int) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return
        if not same_user(connection):
            connection.close()
            return
        if len(self.clients) >= MAX_CLIENTS:
            self._make_room()
        client = Client(connection)
        client.heard_ns = self._monotonic_ns()
        client.pid = peer_pid(connection)
        self.clients.add(client)
        self._selector.register(client, selectors.EVENT_READ, lambda mask: self._serve(client, mask))

    def _make_room(self) -> None:
        """Hang up on whoever has been silent longest, so that nobody can keep the others out; the sign goes last."""
        self._drop(min(self.clients, key=lambda c: (c.seen_ns is not None, c.heard_ns)))

    def _serve(self, client: Client, mask: int) -> None:
        try:
            if mask & selectors.EVENT_WRITE:
                client.flush()
            if mask & selectors.EVENT_READ:
                client.heard_ns = self._monotonic_ns()
                for line in client.receive():
                    self._take(client, line)
        except OSError:
            self._drop(client)
            return
        self._watch(client)

    def _take(self, client: Client, line: bytes) -> None:
        try:
            request = parse_request(line)
        except ProtocolError as error:
            client.send({"v": 1, "error": str(error)})
            return
        if request.site is not None:
            self._site(client, request.site)
            return
        known = client.leases
        if request.op == "lease":
            self._lease(client, request)
            client.send(self._renewed(request) if known else self._answer(request))
        else:
            client.send(self._answer(request))

    def _site(self, client: Client, said: Said) -> None:
        try:
            answer = self.sites.take(client, said) if self.sites is not None else {"v": 1, "renew_ms": None}
        except ProtocolError as error:
            answer = {"v": 1, "error": str(error)}
        client.send(answer)

    def _lease(self, client: Client, request: Request) -> None:
        client.leases = True
        client.shown_ns = self._monotonic_ns() if request.shown else None
        badge = request.badge if request.shown else None
        client.badge = badge.rect if badge is not None else None
        client.drawn = bytes.fromhex(badge.drawn) if badge is not None and badge.drawn else None
        if client.badge is None:
            client.seen_ns = None

    def send(self, client: Client, message: dict[str, Any]) -> None:
        """Send a client a message that it did not ask for."""
        self._send(client, message)

    def _send(self, client: Client, message: dict[str, Any]) -> None:
        try:
            client.send(message)
        except OSError:
            self._drop(client)
            return
        self._watch(client)

    def _watch(self, client: Client) -> None:
        if client in self.clients:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.wants_to_write else 0)
            self._selector.modify(client, wanted, lambda mask: self._serve(client, mask))

    def _drop(self, client: Client) -> None:
        if client not in self.clients:
            return
        self.clients.discard(client)
        self._selector.unregister(client)
        client.close()
        if self.sites is not None:
            self.sites.forget(client)
        if client.shown_ns is not None:
            self._lost()


def peer_pid(connection: socket.socket) -> int | None:
    """The process at the other end, by the kernel (SO_PEERCRED, LOCAL_PEERPID); ``None`` where it does not tell."""
    if sys.platform == "darwin":
        return connection.getsockopt(SOL_LOCAL, LOCAL_PEERPID)
    if sys.platform != "linux":
        return None
    size = struct.calcsize("3i")
    pid, _, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(pid)
