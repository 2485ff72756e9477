"""The indicator's line to the daemon: never blocks, and is there again when the daemon is.

While no daemon runs nothing is polled: the kernel tells when something appears in the socket's folder.
"""

import json
import socket
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Struct
from PySide6.QtCore import QFileSystemWatcher, QObject, QSocketNotifier, QTimer, Signal

from agent.disk.places import OWNER_ONLY_DIR
from agent.net.control import MAX_REPLY_BYTES
from agent.net.local import local_socket
from schemas.events import Rect
from schemas.status import Status

READ_BYTES = 65536
RETRY_MS = 200
"""A socket's file appears a moment before anybody listens."""
RETRIES = 10
"""Then it is a file that a dead daemon left; the folder changes when a new one comes."""


class BadgeAsked(Struct, frozen=True):
    """What the badge is to show."""

    nonce: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]
    around: Rect | None = None  # the window that is being captured, physical pixels of the desktop


class Told(Struct, frozen=True):
    """What the daemon said."""

    status: Status
    renew_ms: int | None  # milliseconds after which a lease should be renewed; None: none is wanted
    badge: BadgeAsked | None = None


class _Line(Struct):
    v: Literal[1]
    renew_ms: int | None
    status: Status | msgspec.UnsetType = msgspec.UNSET  # not sent where it is as it was
    badge: BadgeAsked | None = None


class Link(QObject):
    """A connection that makes itself again."""

    joined = Signal()
    lost = Signal()
    told = Signal(object)
    """Carries a :class:`Told`; not sent for an answer that repeats the one before."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._socket: socket.socket | None = None
        self._notifier: QSocketNotifier | None = None
        self._incoming = b""
        self._last_line = b""
        self._status: Status | None = None
        self._tries = 0
        self._retry = QTimer(self, singleShot=True, interval=RETRY_MS)
        self._retry.timeout.connect(self._join)
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._appeared)

    def start(self) -> None:
        """Connect, now or as soon as a daemon is there."""
        self._path.parent.mkdir(mode=OWNER_ONLY_DIR, parents=True, exist_ok=True)
        self._watcher.addPath(str(self._path.parent))
        self._join()

    def send(self, op: str, **fields: object) -> None:
        """Say something; lost if nobody is there to hear it."""
        if self._socket is None:
            return
        try:
            self._socket.sendall(json.dumps({"v": 1, "op": op, **fields}).encode() + b"\n")
        except OSError:  # gone, or so stuck that its buffer is full
            self._part()

    def close(self) -> None:
        """Hang up for good."""
        self._watcher.removePath(str(self._path.parent))
        self._retry.stop()
        self._hang_up()

    def _appeared(self) -> None:
        self._tries = 0
        self._join()

    def _join(self) -> None:
        if self._socket is not None:
            return
        connection = local_socket()
        connection.setblocking(False)
        try:
            connection.connect(str(self._path))
        except OSError:
            connection.close()
            self._tries += 1
            if self._path.exists() and self._tries <= RETRIES:
                self._retry.start()
            return
        self._socket, self._incoming, self._last_line, self._tries = connection, b"", b"", 0
        self._status = None
        self._notifier = QSocketNotifier(connection.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read)
        self.joined.emit()

    def _read(self) -> None:
        if self._socket is None:
            return
        try:
            data = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        *lines, self._incoming = (self._incoming + data).split(b"\n")
        for line in lines:
            self._take(line)
        if not data or len(self._incoming) > MAX_REPLY_BYTES:
            self._part()

    def _take(self, line: bytes) -> None:
        if line == self._last_line:  # the usual answer to a lease: nothing has changed
            return
        self._last_line = line
        try:
            heard = msgspec.json.decode(line, type=_Line)
            if heard.status is not msgspec.UNSET:
                self._status = heard.status
        except ValueError:  # also msgspec's: an error reply, or another version
            return
        if self._status is not None:
            self.told.emit(Told(self._status, heard.renew_ms, heard.badge))

    def _part(self) -> None:
        if self._socket is not None:
            self._hang_up()
            self.lost.emit()
            self._join()

    def _hang_up(self) -> None:
        if self._notifier is not None:
            self._notifier.setEnabled(False)
            self._notifier.deleteLater()
            self._notifier = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
