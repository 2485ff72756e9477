"""Wayland's wire protocol, as far as a client needs it that shows one small picture.

After the Wayland book, "Wire protocol" (``wayland.xml`` 1.22): native byte order, 32-bit words, a head of object and of
opcode with size; arguments are integers, texts, objects, and file descriptors beside the bytes. Never blocks but in
:meth:`Connection.roundtrip`, which has a time limit.
"""

import array
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

if sys.platform != "linux":
    raise ImportError("Wayland is Linux's")

HEAD = struct.Struct("=II")
WORD = 4
MAX_MESSAGE_BYTES = 4096
"""Bytes of one message: libwayland's own limit."""
READ_BYTES = 1 << 14
ROUNDTRIP_S = 2.0
"""Seconds for the compositor to answer: it draws in between."""
DISPLAY, REGISTRY = 1, 2
SYNC, GET_REGISTRY = 0, 1
ERROR, DELETE_ID = 0, 1
GLOBAL, GLOBAL_REMOVE = 0, 1
BIND = 0

Heard = Callable[[int, "Arguments"], None]
"""Takes an event's opcode and arguments."""


class CompositorGone(Exception):  # noqa: N818  # it tells a state
    """There is no compositor, it hung up, said that we are wrong, or talks nonsense."""


class Global(Struct, frozen=True):
    """Something that the compositor offers."""

    name: int
    interface: str
    version: int


class Arguments:
    """Reads an event's arguments, one after another.

    Raises (each method):
        CompositorGone: there are not so many.
    """

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def uint(self) -> int:
        """An unsigned number, or an object."""
        end = self._at + WORD
        if end > len(self._data):
            raise CompositorGone("an event ends too early")
        value = int.from_bytes(self._data[self._at : end], sys.byteorder)
        self._at = end
        return value

    def text(self) -> str:
        """A text."""
        size = self.uint()
        end = self._at + size
        if size == 0 or end > len(self._data) or self._data[end - 1] != 0:
            raise CompositorGone("a text without an end")
        found = self._data[self._at : end - 1].decode(errors="replace")
        self._at = end + -size % WORD
        return found


class Connection:
    """A client's connection.

    Args:
        environ: which compositor: ``WAYLAND_DISPLAY``, ``XDG_RUNTIME_DIR``.

    Raises:
        CompositorGone: nobody listens there.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._socket = _connect(environ)
        self._last_id = DISPLAY
        self._heard: dict[int, Heard] = {DISPLAY: self._of_display}
        self._held = b""
        self.globals: dict[str, Global] = {}
        """By interface; of several of one kind, the first."""
        try:
            self.send(DISPLAY, GET_REGISTRY, self.new(self._of_registry))
            self.roundtrip()
        except CompositorGone:
            self.close()
            raise

    def __repr__(self) -> str:
        return "<Connection>"

    def fileno(self) -> int:
        """Readable when :meth:`read` has something."""
        return self._socket.fileno()

    def new(self, heard: Heard | None = None) -> int:
        """A number for a new object, whose events go to ``heard``."""
        self._last_id += 1
        self._heard[self._last_id] = heard or (lambda _opcode, _arguments: None)
        return self._last_id

    def bind(self, interface: str, version: int, heard: Heard | None = None) -> int | None:
        """Bind what the compositor offers by this name, at this version; ``None``: it does not."""
        offered = self.globals.get(interface)
        if offered is None or offered.version < version:
            return None
        made = self.new(heard)
        self.send(REGISTRY, BIND, offered.name, interface, version, made)
        return made

    def send(self, target: int, opcode: int, *arguments: int | str, fds: tuple[int, ...] = ()) -> None:
        """Send a request.

        Raises:
            CompositorGone: it cannot be sent.
        """
        body = b"".join(map(_packed, arguments))
        message = HEAD.pack(target, (HEAD.size + len(body)) << 16 | opcode) + body
        beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            if self._socket.sendmsg([message], beside) != len(message):
                raise CompositorGone("the compositor does not read")
        except OSError:
            raise CompositorGone("the compositor is gone") from None

    def read(self) -> None:
        """Take what came.

        Raises:
            CompositorGone: it hung up, said that we are wrong, or talks nonsense.
        """
        try:
            data = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            raise CompositorGone("the compositor is gone")
        self._held += data
        while len(self._held) >= HEAD.size:
            target, word = HEAD.unpack_from(self._held)
            size = word >> 16
            if not HEAD.size <= size <= MAX_MESSAGE_BYTES or size % WORD:
                raise CompositorGone("not Wayland")
            if len(self._held) < size:
                break
            body, self._held = self._held[HEAD.size : size], self._held[size:]
            if (heard := self._heard.get(target)) is not None:
                heard(word & 0xFFFF, Arguments(body))

    def roundtrip(self) -> None:
        """Wait until the compositor has done all that it was asked.

        Raises:
            CompositorGone: it did not within :data:`ROUNDTRIP_S`.
        """
        done: list[int] = []
        self.send(DISPLAY, SYNC, self.new(lambda _opcode, _arguments: done.append(1)))
        until = time.monotonic() + ROUNDTRIP_S
        while not done:
            if not select.select([self._socket], [], [], max(0.0, until - time.monotonic()))[0]:
                raise CompositorGone("the compositor does not answer")
            self.read()

    def close(self) -> None:
        """Hang up: all that was shown is gone. Idempotent."""
        self._socket.close()

    def _of_display(self, opcode: int, arguments: Arguments) -> None:
        if opcode == ERROR:
            raise CompositorGone("the compositor says that we are wrong")
        if opcode == DELETE_ID:
            self._heard.pop(arguments.uint(), None)

    def _of_registry(self, opcode: int, arguments: Arguments) -> None:
        name = arguments.uint()
        if opcode == GLOBAL:
            interface = arguments.text()
            self.globals.setdefault(interface, Global(name, interface, arguments.uint()))
        elif opcode == GLOBAL_REMOVE:
            self.globals = {key: one for key, one in self.globals.items() if one.name != name}


def offered(environ: Mapping[str, str]) -> frozenset[str]:
    """What a compositor offers, by interface; nothing where there is none."""
    with suppress(CompositorGone):
        connection = Connection(environ)
        found = frozenset(connection.globals)
        connection.close()
        return found
    return frozenset()


def _packed(argument: int | str) -> bytes:
    if isinstance(argument, int):
        return (argument & 0xFFFF_FFFF).to_bytes(WORD, sys.byteorder)
    data = argument.encode() + b"\0"
    return len(data).to_bytes(WORD, sys.byteorder) + data + bytes(-len(data) % WORD)


def _connect(environ: Mapping[str, str]) -> socket.socket:
    name, runtime = environ.get("WAYLAND_DISPLAY", ""), environ.get("XDG_RUNTIME_DIR", "")
    if not name or not (runtime or Path(name).is_absolute()):
        raise CompositorGone("this session names no compositor")
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    try:
        made.connect(str(Path(runtime) / name))
    except OSError:
        made.close()
        raise CompositorGone("no compositor listens there") from None
    return made
