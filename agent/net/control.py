"""The local socket between the daemon and the person's own programs: one JSON object a line, version 1.

Nothing that can be said here starts capture, agrees to anything or reads what was captured: a hostile program of the
same person can at most switch off and delete. Only the same user is served (peer credentials), from a socket in a
folder of mode 0700.

Requests: ``{"v":1,"op":"status"}``, ``"lease"`` (the indicator: ``"shown": true|false``, and where its badge's coded
stripe is: ``"badge": {"rect": [left, top, right, bottom]}``, physical pixels; on Wayland also
``"drawn"``, the nonce that the compositor says it has drawn), ``"reload"`` (switch or ledger changed
on disk: look again), ``"off"``, ``"stop"``, ``"site"`` (a browser's program: :class:`Said`), ``"delete"`` (what was
captured since ``"since_ns"``, Unix time in nanoseconds, 0 for ever; answered with ``{"v":1,"deletion":N}`` once it is
noted durably, and carried out after that), ``"seal"`` (close the batch that is open, so that the person can look at it
now), ``"carry"`` (carry out what the review program noted in the index). Each other gets
``{"v":1,"status":{…},"renew_ms":N|null}`` or ``{"v":1,"error":"…"}``. Whoever has sent a lease is told of each change
unasked, with ``"event":"status"`` added, so a
lease that is renewed is answered without ``status``. While a lease is wanted, answers to a lease and events carry
``"badge": {"nonce": "…", "around": [l,t,r,b]|null}``: what the stripe is to show (16 hexadecimal digits), and the
window that is being captured. A ``site`` is answered with ``{"v":1,"renew_ms":N|null}``: how often the page that has
the keys is to say so again; when that changes or is to be said at once, the same comes unasked, with
``"event":"site"``.
"""

import json
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import msgspec
from msgspec import Meta, Struct

from agent.core.sign import plausible
from agent.core.site import Claim
from agent.net.dial import MAX_REPLY_BYTES, DaemonNotRunning, ProtocolError, dial, say
from agent.net.local import check_path, local_socket
from schemas.events import Rect
from schemas.origin import is_origin
from schemas.status import Status

__all__ = [
    "MAX_CLIENTS",
    "MAX_COUNT",
    "MAX_LINES",
    "MAX_LINE_BYTES",
    "MAX_REPLY_BYTES",
    "MAX_TIME_NS",
    "Badge",
    "Client",
    "ControlClient",
    "DaemonNotRunning",
    "DeletionRefusedError",
    "Peer",
    "ProtocolError",
    "Request",
    "Said",
    "ask",
    "listen",
    "parse_request",
    "reply",
]

MAX_LINE_BYTES = 4096
"""Bytes of one request: the longest legitimate one is below 100."""
MAX_CLIENTS = 16
"""Connections at once: an indicator, a ceremony, a few shells, and one for each profile of a browser."""
MAX_COUNT = 2**53 - 1
"""The largest whole number that JavaScript tells exactly."""
MAX_LINES = 8
"""Requests that may arrive at once from one client: ours wait for each answer, and a lease that waits while the daemon
is busy is followed by another in 400 ms."""
MAX_TIME_NS = (1 << 63) - 1
"""Nanoseconds of Unix time: what the index can hold."""


class Badge(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the indicator says that its badge's coded stripe is. The daemon believes its eyes, if it has any."""

    rect: Rect  # physical pixels of the desktop
    drawn: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")] | None = None  # on Wayland: the nonce that was drawn


class Said(Struct, frozen=True, forbid_unknown_fields=True):
    """What a browser's extension says: which listed page has the keys. Believed for the client's own parent only."""

    browser: int  # process id of the browser
    seq: Annotated[int, Meta(ge=0, le=MAX_COUNT)]  # counts up with each message
    at: Annotated[int, Meta(ge=0, le=MAX_COUNT)]  # Unix time in milliseconds at which it was so
    state: Literal["page", "elsewhere", "private"]
    origin: str | None = None  # of the page; with "page" only
    secret: bool | None = None  # whether the field that has the keys asks for a secret; with "page" only

    def __repr__(self) -> str:
        """Nothing of which site it is."""
        return "<Said>"

    __str__ = __repr__


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """What a client may say."""

    v: Literal[1]
    op: Literal["status", "lease", "reload", "off", "stop", "site", "delete", "seal", "carry"]
    shown: bool = False  # with lease: the icon is really visible now
    badge: Badge | None = None  # with lease: where the badge is
    site: Said | None = None  # with site
    since_ns: Annotated[int, Meta(ge=0, le=MAX_TIME_NS)] | None = None  # with delete, and only there


class DeletionRefusedError(Exception):
    """The daemon could not note a deletion durably. Its message is the daemon's."""


class Peer(Protocol):
    """One connected client, as the daemon sees it."""

    leases: bool  # it has sent a lease, so it is told of changes

    def send(self, message: dict[str, Any]) -> None:
        """Queue a message."""
        ...


def parse_request(line: bytes) -> Request:
    """Read a request.

    Raises:
        ProtocolError: anything else.
    """
    try:
        request = msgspec.json.decode(line, type=Request)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise ProtocolError("not a request of version 1") from None
    if (request.op == "delete") != (request.since_ns is not None):
        raise ProtocolError("not a request of version 1")
    if request.badge is not None and not plausible(request.badge.rect):
        raise ProtocolError("not a request of version 1")
    if (request.op == "site") is not (request.site is not None) or not _sound(request.site):
        raise ProtocolError("not a request of version 1")
    return request


def _sound(said: Said | None) -> bool:
    if said is None:
        return True
    if said.state == "page":
        return is_origin(said.origin or "") and said.secret is not None
    return said.origin is None and said.secret is None


def reply(
    status: Status | None, renew_ms: int | None, badge: Mapping[str, Any] | None = None, *, event: bool = False
) -> dict[str, Any]:
    """A message to a client.

    Args:
        status: ``None`` where the client knows it.
        renew_ms: how often a lease is wanted, if at all.
        badge: what the badge is to show, for those who lease.
        event: it is told unasked.
    """
    message: dict[str, Any] = {"v": 1, "renew_ms": renew_ms}
    if status is not None:
        message["status"] = msgspec.to_builtins(status)
    if badge is not None:
        message["badge"] = dict(badge)
    return message | {"event": "status"} if event else message


class Client:
    """A connected client on the daemon's side. Non-blocking."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.leases = False
        self.shown_ns: int | None = None  # monotonic time of the last lease that said "shown"
        self.badge: Rect | None = None  # where its badge is, by that lease
        self.drawn: bytes | None = None  # what it shows there, by the compositor's word to it
        self.pid: int | None = None  # of the program at the other end, by the kernel
        self.seen_ns: int | None = None  # monotonic time at which its badge was last seen on the screen
        self.claim: Claim | None = None  # what it last said of a browser's site
        self.site_seq = -1
        self.heard_ns = 0  # monotonic time at which it last said something
        self._incoming = b""
        self._outgoing = b""

    def fileno(self) -> int:
        """For selectors."""
        return self.connection.fileno()

    @property
    def wants_to_write(self) -> bool:
        """True if a message is still to be sent."""
        return bool(self._outgoing)

    def receive(self) -> list[bytes]:
        """The lines that arrived.

        Raises:
            ConnectionError: the client is gone, sends a line too long, or floods.
        """
        try:
            data = self.connection.recv(MAX_LINE_BYTES)
        except BlockingIOError:
            return []
        if not data:
            raise ConnectionResetError
        *lines, self._incoming = (self._incoming + data).split(b"\n")
        if len(self._incoming) > MAX_LINE_BYTES:
            raise ConnectionAbortedError("line too long")
        if len(lines) > MAX_LINES:
            raise ConnectionAbortedError("too many requests at once")
        return lines

    def send(self, message: dict[str, Any]) -> None:
        """Queue a message, and send what can be sent.

        Raises:
            ConnectionError: the client does not read.
        """
        self._outgoing += json.dumps(message, ensure_ascii=False).encode() + b"\n"
        if len(self._outgoing) > MAX_REPLY_BYTES:
            raise ConnectionAbortedError("client does not read")
        self.flush()

    def flush(self) -> None:
        """Send what can be sent without waiting."""
        try:
            self._outgoing = self._outgoing[self.connection.send(self._outgoing) :]
        except BlockingIOError:
            return

    def close(self) -> None:
        """Hang up."""
        self.connection.close()


def listen(path: Path) -> socket.socket:
    """A listening socket of mode 0600 that replaces one whose daemon died.

    Raises:
        OSError: another daemon listens there, of whatever version, or the path is too long for a socket.
    """
    check_path(path)
    if path.exists():
        try:
            ask(path, "status")
        except DaemonNotRunning:
            path.unlink(missing_ok=True)
        except ProtocolError:
            raise OSError("an overt daemon of another version is running for this user") from None
        else:
            raise OSError("another overt daemon is running for this user")
    server = local_socket()
    mask = os.umask(0o177)
    try:
        server.bind(str(path))
    finally:
        os.umask(mask)
    server.listen(MAX_CLIENTS)
    server.setblocking(False)
    return server


class ControlClient:
    """A program's end of the socket, blocking, for CLI and ceremony."""

    def __init__(self, path: Path, connect: Callable[[], socket.socket] | None = None) -> None:
        self._connect = connect or (lambda: dial(path))

    def call(self, op: str, **fields: Any) -> Status:
        """Say something and return the daemon's status after it.

        Raises:
            DaemonNotRunning: nobody answers.
            ProtocolError: somebody answers who is not the daemon of this version.
        """
        try:
            return msgspec.convert(self._say(op, **fields)["status"], Status)
        except (ValueError, KeyError):
            raise ProtocolError("the daemon speaks another version") from None

    def delete(self, since_ns: int) -> int:
        """Have what was captured since a time (Unix, ns; 0: ever) deleted; gives the number of the wish in the index.

        Raises:
            DaemonNotRunning: nobody answers.
            DeletionRefusedError: the wish could not be noted durably.
            ProtocolError: as :meth:`call`.
        """
        answer = self._say("delete", since_ns=since_ns)
        number, error = answer.get("deletion"), answer.get("error")
        if isinstance(number, int):
            return number
        if answer.get("refused") is True and isinstance(error, str):
            raise DeletionRefusedError(error)
        raise ProtocolError("the daemon speaks another version")

    def _say(self, op: str, **fields: Any) -> dict[str, Any]:
        return say(self._connect, op, **fields)


def ask(path: Path, op: str, **fields: Any) -> Status:
    """One call on a connection of its own. Raises as :meth:`ControlClient.call`."""
    return ControlClient(path).call(op, **fields)
