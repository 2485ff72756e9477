"""One connection to a message bus: never blocks, lives in the daemon's selector, and every call has a time limit.

D-Bus Specification 0.43, "Authentication Protocol" (EXTERNAL) and "Message Bus Specification". The greeting is sent in
one piece, as sd-bus does: the bus answers when it gets round to it, and nobody waits.
"""

import os
import selectors
import socket
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from functools import partial

from dbus_fast import MessageType
from msgspec import Struct

from agent.native.accessible.address import socket_paths
from agent.native.accessible.wire import READ_BYTES, BusBroken, Call, Frames, Heard, Seals, call_bytes
from agent.native.alarm import Alarm
from agent.native.base import Clock

if sys.platform != "linux":
    raise ImportError("the accessibility bus is Linux's")

LIMIT_NS = 1_500_000_000
"""Nanoseconds that a program has for an answer: on a busy machine it is often we, or the bus, who are late. What is
observed meanwhile waits in memory (:meth:`agent.daemon.detectors.Detector.open_since_ns`), so a longer limit costs
memory and no secret; the person is told that capture goes on for as long."""
MAX_OPEN = 512
"""Calls without an answer yet. A walk through a window has at most as many."""
MAX_READS = 16
"""Reads in one round of the loop, so that a program that floods the bus cannot keep the loop to itself."""
MAX_GREETING = 1024
"""Bytes of the bus's answer to the greeting: its word, and an identifier of 32 digits."""
BUS = "org.freedesktop.DBus"
BUS_PATH = "/org/freedesktop/DBus"

Answer = Heard | None
"""What a call came to, an error perhaps; ``None``: nothing within the limit."""
Talk = Generator[Sequence[Call], list[Answer], None]
"""A conversation: asks several things at once, goes on when all are answered or overdue."""


class _Asked(Struct):
    due_ns: int
    answered: Callable[[Answer], None]


class Bus:
    """A connection.

    Args:
        address: of the bus.
        clock: the time.
        selector: the daemon's.
        heard: takes signals.
        lost: called once when the bus went away or talks nonsense, after which the connection is closed.
        seals: tells which messages come sealed (:class:`agent.native.accessible.wire.Heard`); whoever hears one opens
            or shreds it.

    Raises:
        BusBroken: nobody listens there.
    """

    def __init__(
        self,
        address: str,
        clock: Clock,
        selector: selectors.BaseSelector,
        heard: Callable[[Heard], None],
        lost: Callable[[], None],
        seals: Seals | None = None,
    ) -> None:
        self._clock, self._selector, self._heard, self._lost = clock, selector, heard, lost
        self._asked: dict[int, _Asked] = {}
        self._alarm = Alarm()
        self._talks: list[Talk] = []
        self._serial = 0
        self._greeting: bytearray | None = bytearray()
        self._frames = Frames(seals)
        self._inbox = bytearray(READ_BYTES)
        try:
            self._socket = _connect(address)
        except BusBroken:
            self._alarm.close()
            raise
        selector.register(self._socket, selectors.EVENT_READ, self._readable)
        selector.register(self._alarm, selectors.EVENT_READ, self._ring)
        uid = str(os.getuid()).encode().hex()
        self._send(f"\0AUTH EXTERNAL {uid}\r\nBEGIN\r\n".encode())
        self.call(Call(BUS, BUS_PATH, BUS, "Hello"), lambda _: None)

    @property
    def closed(self) -> bool:
        """Whether it is of no further use."""
        return self._socket.fileno() < 0

    def call(self, call: Call, answered: Callable[[Answer], None], limit_ns: int = LIMIT_NS) -> None:
        """Call a method. ``answered`` is called once, later, unless the connection is closed before."""
        self._serial += 1
        self._asked[self._serial] = _Asked(self._clock.monotonic_ns() + limit_ns, answered)
        # A program may have told a path or name that is none: then there will be no answer.
        with suppress(BusBroken):
            if len(self._asked) <= MAX_OPEN:
                self._send(call_bytes(call, self._serial))
        self._wind()

    def talk(self, talk: Talk, whole_ns: int | None = None) -> None:
        """Hold a conversation; each of its questions may last as long as the limit, or all of it ``whole_ns``."""
        self._talks.append(talk)
        self._go_on(talk, None, None if whole_ns is None else self._clock.monotonic_ns() + whole_ns)

    def close(self) -> None:
        """Leave the bus: it forgets match rules and registrations at once. Idempotent."""
        if self.closed:
            return
        for end in (self._socket, self._alarm):
            self._selector.unregister(end)
            end.close()
        self._asked.clear()
        talks, self._talks = self._talks, []
        for talk in talks:
            with suppress(ValueError):  # the one that is just speaking ends by itself
                talk.close()

    def _ring(self, _mask: int) -> None:
        """Give up calls that are overdue, once what is here was read: under a burst it is we who are late."""
        self._alarm.rang()
        self._readable(0)
        if self.closed:
            return
        now_ns = self._clock.monotonic_ns()
        for serial in [s for s, asked in self._asked.items() if asked.due_ns <= now_ns]:
            if (asked := self._asked.pop(serial, None)) is not None:
                asked.answered(None)
        self._wind()

    def _wind(self) -> None:
        if not self.closed:
            self._alarm.set(min((asked.due_ns for asked in self._asked.values()), default=None))

    def _go_on(self, talk: Talk, answers: list[Answer] | None, until_ns: int | None) -> None:
        try:
            calls = next(talk) if answers is None else talk.send(answers)
        except StopIteration:
            self._talks = [t for t in self._talks if t is not talk]
            return
        if self.closed:
            talk.close()
            return
        if not calls:
            raise ValueError("a conversation asks something")
        found: list[Answer] = [None] * len(calls)
        left = len(calls)

        def answered(index: int, answer: Answer) -> None:
            nonlocal left
            found[index] = answer
            left -= 1
            if left == 0:
                self._go_on(talk, found, until_ns)

        limit_ns = LIMIT_NS if until_ns is None else until_ns - self._clock.monotonic_ns()
        for index, call in enumerate(calls):
            self.call(call, partial(answered, index), limit_ns)

    def _send(self, data: bytes) -> None:
        with suppress(OSError):
            if self._socket.send(data) == len(data):
                return
        # Two hundred kilobytes unread by the bus, or no bus at all: told by the next read, never from inside a call.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _readable(self, _mask: int) -> None:
        try:
            for _ in range(MAX_READS):
                size = self._socket.recv_into(self._inbox)
                try:
                    self._take(memoryview(self._inbox)[:size])
                finally:
                    self._inbox[:size] = bytes(size)
                if self.closed or size < READ_BYTES:
                    break
            self._wind()
        except BlockingIOError:
            return
        except (BusBroken, OSError):
            if not self.closed:
                self.close()
                self._lost()

    def _take(self, data: bytes | memoryview) -> None:
        if not data:
            raise BusBroken("the bus is gone")
        if self._greeting is not None:
            self._greeting += data
            line, end, rest = bytes(self._greeting).partition(b"\r\n")
            if (end and not line.startswith(b"OK ")) or len(line) > MAX_GREETING:
                raise BusBroken("the bus does not let us in")
            if not end:
                return
            self._greeting, data = None, rest
        for message in self._frames.feed(data):
            if self.closed:
                return
            self._dispatch(message)

    def _dispatch(self, message: Heard) -> None:
        if message.kind in (MessageType.METHOD_RETURN, MessageType.ERROR):
            asked = self._asked.pop(message.reply_to, None)
            if asked is not None:
                asked.answered(message)
        elif message.kind is MessageType.SIGNAL:
            self._heard(message)


def _connect(address: str) -> socket.socket:
    for path in socket_paths(address):
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        try:
            made.connect(path)
        except OSError:
            made.close()
            continue
        return made
    raise BusBroken("no bus at this address")
