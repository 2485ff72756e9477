"""Bytes of the bus to messages and back (D-Bus Specification 0.43, "Message Format").

The bytes come from programs that nobody vouches for. dbus-fast writes messages; they are read, framed and limited here.
Nothing here is ever printed: a message may hold what a person wrote.
"""

import struct
from collections.abc import Callable
from typing import Any

from dbus_fast import Message, MessageFlag, MessageType
from dbus_fast.errors import DBusFastError
from msgspec import Struct

from agent.native.accessible.unmarshal import Nonsense, Reader, types_of

FIXED_BYTES = 16
"""Bytes of a header up to and with the length of its fields."""
MAX_MESSAGE_BYTES = 1 << 20
"""Bytes of one message. Names of a desktop's programs, or the children of one element, are far below; whoever sends
more is not listened to any more."""
READ_BYTES = 1 << 14
"""Bytes that are read from a bus at once; the usual size of what is held."""
ENDS = {ord("l"): "<", ord("B"): ">"}
"""First byte of a message: the order of its bytes."""
PROTOCOL = 1
FIELDS = {1: "o", 2: "s", 3: "s", 5: "u", 7: "s", 8: "g"}
"""Fields of a header that are read, by number, with their types: path, interface, member, reply's serial, sender,
signature. One of another type counts as absent."""


class BusBroken(Exception):  # noqa: N818  # it tells a state: the connection is of no further use
    """What came over the bus is not D-Bus, or the bus is gone."""


class Call(Struct, frozen=True):
    """A method to call."""

    to: str
    path: str
    interface: str
    member: str
    signature: str = ""
    body: tuple[Any, ...] = ()
    starts: bool = False  # the bus may start the program: only the accessibility bus its own registry


class Heard(Struct, frozen=True):
    """A message that came. Its values are of the types that its signature says."""

    kind: MessageType
    sender: str
    path: str
    interface: str
    member: str
    serial: int
    reply_to: int
    signature: str
    body: tuple[Any, ...]
    sealed: bytearray | None = None  # set: the body is empty here, and in these bytes, until somebody may look

    def __repr__(self) -> str:
        """Nothing of its content."""
        return f"<Heard {self.member}>"

    __str__ = __repr__


def call_bytes(call: Call, serial: int) -> bytes:
    """A call as bytes.

    Raises:
        BusBroken: a name or path in it is not one that D-Bus allows.
    """
    try:
        message = Message(
            destination=call.to,
            path=call.path,
            interface=call.interface,
            member=call.member,
            signature=call.signature,
            body=list(call.body),
            serial=serial,
            flags=MessageFlag.NONE if call.starts else MessageFlag.NO_AUTOSTART,
        )
        return bytes(message._marshall(False))  # noqa: SLF001  # semi-private, and the only way without its event loop
    except DBusFastError:
        raise BusBroken("not a name or path of D-Bus") from None


def size_of(start: bytes | bytearray) -> int:
    """The size of the message that begins with these 16 bytes.

    Raises:
        BusBroken: it is none, or too large.
    """
    end = ENDS.get(start[0])
    if end is None:
        raise BusBroken("not D-Bus")
    body, _, fields = struct.unpack_from(f"{end}4xIII", start)
    size = FIXED_BYTES + (fields + 7) // 8 * 8 + body
    if size > MAX_MESSAGE_BYTES:
        raise BusBroken("a message is too large")
    return int(size)


Seals = Callable[[str, str], bool]
"""Whether messages of this interface and member hold what nobody has a right to read yet."""


def read_message(frame: bytes | bytearray, seals: Seals | None = None) -> Heard | None:
    """One whole message; ``None`` for one that makes no sense, which is as if it had never come.

    Args:
        frame: its bytes; a sealed message keeps them, so they are the caller's no more.
        seals: tells which messages' bodies are not to be read now; none by default.
    """
    try:
        return _read(frame, seals)
    except (Nonsense, ValueError):  # a kind that there is not is a ValueError too
        return None


def opened(heard: Heard) -> tuple[Any, ...] | None:
    """The body of a sealed message; ``None`` if it makes no sense or was shredded."""
    if heard.sealed is None or not heard.sealed:
        return None
    try:
        whole = _read(heard.sealed, None)
    except (Nonsense, ValueError):
        return None
    return whole.body


def shred(heard: Heard) -> None:
    """Overwrite what a sealed message holds. Idempotent."""
    if heard.sealed is not None:
        heard.sealed[:] = bytes(len(heard.sealed))
        del heard.sealed[:]


def _read(frame: bytes | bytearray, seals: Seals | None) -> Heard:
    order = ENDS.get(frame[0]) if len(frame) >= FIXED_BYTES else None
    if order is None:
        raise Nonsense("not D-Bus")
    reader = Reader(frame, 0, order)
    _, kind, _, version, size, serial = (reader.read(code) for code in "yyyyuu")
    fields = {code: told.value for code, told in reader.read("a(yv)") if FIELDS.get(code) == told.signature}
    reader.align(8)
    if version != PROTOCOL or reader.at + size != len(frame):
        raise Nonsense("not the length that it says")
    signature = fields.get(8, "")
    sealed = None
    if seals is not None and seals(fields.get(2, ""), fields.get(3, "")):
        body: tuple[Any, ...] = ()
        sealed = frame if isinstance(frame, bytearray) else bytearray(frame)
    else:
        body = tuple(reader.read(part) for part in types_of(signature))
        if reader.at != len(frame):
            raise Nonsense("more than its signature says")
    return Heard(
        kind=MessageType(kind),
        sender=fields.get(7, ""),
        path=fields.get(1, ""),
        interface=fields.get(2, ""),
        member=fields.get(3, ""),
        serial=serial,
        reply_to=fields.get(5, 0),
        signature=signature,
        body=body,
        sealed=sealed,
    )


class Frames:
    """A stream of bytes, cut into messages. What was cut out is overwritten: it may hold what nobody may read.

    Args:
        seals: as :func:`read_message`.
    """

    def __init__(self, seals: Seals | None = None) -> None:
        self._held = bytearray(READ_BYTES)
        self._size = 0
        self._seals = seals

    def feed(self, data: bytes | memoryview) -> list[Heard]:
        """Take what came; gives the messages that are whole now.

        Raises:
            BusBroken: what came is not D-Bus.
        """
        self._make_room(len(data))
        self._held[self._size : self._size + len(data)] = data
        self._size += len(data)
        found: list[Heard] = []
        at = 0
        try:
            while self._size - at >= FIXED_BYTES:
                size = size_of(self._held[at : at + FIXED_BYTES])
                if self._size - at < size:
                    break
                frame = self._held[at : at + size]
                at += size
                heard = read_message(frame, self._seals)
                if heard is None or heard.sealed is not frame:
                    frame[:] = bytes(size)
                if heard is not None:
                    found.append(heard)
        finally:
            self._forget(at)
        return found

    def _make_room(self, more: int) -> None:
        if self._size + more > len(self._held):
            old, self._held = self._held, bytearray(self._size + more)
            self._held[: self._size] = memoryview(old)[: self._size]
            old[:] = bytes(len(old))

    def _forget(self, until: int) -> None:
        """Overwrite what was read, and bring the rest to the front."""
        rest = self._size - until
        held = memoryview(self._held)
        held[:rest] = held[until : self._size]  # moved, not copied elsewhere first
        held[rest : self._size] = bytes(self._size - rest)
        held.release()
        self._size = rest
