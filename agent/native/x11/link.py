"""A connection to the X server: events as they came over the wire, and the few requests that all parts need.

Events are taken as bytes and read by our own ``struct`` formats: that costs a tenth of making xcffib's objects of
them, and its reader of raw XInput events counts their valuators wrongly and reads past the end.
"""

import struct
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xcffib
import xcffib.res
import xcffib.xinput
import xcffib.xkb
import xcffib.xproto

from agent.native.base import NativeUnavailable
from agent.native.x11.readiness import Readiness
from schemas.status import ClosedReason

GENERIC_EVENT = 35
"""X11 core protocol: extension events that are longer than 32 bytes carry this type."""
ERROR = 0
"""The "event" that tells of a request that failed and whose answer nobody awaits: a window that is gone, mostly."""
SENT_BY_CLIENT = 0x80
"""Set in the type of an event that a client made with SendEvent: anybody can."""
EVENT_BYTES = 32
PROPERTY_WORDS = 1024
"""Longest property that is read, in 4-byte units: longer titles are cut, longer window lists do not occur."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One event. No ``repr`` of its bytes: they may be somebody's keys."""

    kind: int
    sent: bool  # by a client, so it may be a lie
    seq: int  # the last request of ours that the server had carried out
    data: bytes

    def __repr__(self) -> str:
        return f"<Wire {self.kind}>"


class Link:
    """An xcb connection.

    Raises:
        NativeUnavailable: There is no such display.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        display = environ.get("DISPLAY", "")
        if not display:
            raise NativeUnavailable(
                "no X display is named", "start this inside a graphical X11 session", ClosedReason.DISPLAY_LOST
            )
        try:
            self.xcb: Any = xcffib.connect(display)
        except xcffib.ConnectionException:
            raise NativeUnavailable(
                "the X display cannot be reached",
                "check DISPLAY and that this session may use it",
                ClosedReason.DISPLAY_LOST,
            ) from None
        screen = self.xcb.setup.roots[self.xcb.pref_screen]
        self.root: int = screen.root
        self._atoms: dict[str, int] = {}
        self._waiting: deque[Wire] = deque()
        self._ready = Readiness(self.xcb.get_file_descriptor())

    def __repr__(self) -> str:
        return "<Link>"

    @property
    def core(self) -> Any:
        """The core protocol's requests."""
        return self.xcb.core

    @property
    def pointer(self) -> int:
        """``xcb_connection_t *`` for C libraries."""
        return int(xcffib.ffi.cast("uintptr_t", self.xcb._conn))  # noqa: SLF001  # xcffib has no accessor

    @property
    def waiting(self) -> bool:
        """Whether events were moved into our own queue and not taken yet."""
        return bool(self._waiting)

    def fileno(self) -> int:
        """Readable when :meth:`take` has something, or when the server is gone."""
        return self._ready.fileno()

    def lost(self) -> bool:
        """Whether the connection broke."""
        return bool(self.xcb.has_error())

    def take(self, limit: int | None = None) -> list[Wire]:
        """Events that are here by now, oldest first. Never blocks.

        Args:
            limit: About how many at most; by default all. The last one is an input event if more are here: it tells
                its time, so that the times of those before it can be told from it.

        Raises:
            xcffib.ConnectionException: The server is gone.
        """
        self.keep()
        taken: list[Wire] = []
        while self._waiting and (limit is None or len(taken) < limit or taken[-1].kind != GENERIC_EVENT):
            taken.append(self._waiting.popleft())
        self._ready.raise_flag(up=bool(self._waiting))
        return taken

    def keep(self, without: frozenset[int] = frozenset()) -> None:
        """Move what is here into our own queue, except for those kinds, which also leave the queue."""
        while (wire := self._poll()) is not None:
            self._waiting.append(wire)
        if without:
            self._waiting = deque(w for w in self._waiting if w.kind not in without)
        self._ready.raise_flag(up=bool(self._waiting))

    def confirm(self) -> int:
        """Wait until the server has done all that was asked, and return the number of the last request."""
        cookie = self.core.GetInputFocus()
        cookie.reply()
        return int(cookie.sequence)

    def atom(self, name: str) -> int:
        """The number of a name."""
        if name not in self._atoms:
            self._atoms[name] = self.core.InternAtom(0, len(name), name).reply().atom
        return self._atoms[name]

    def ask_property(self, window: int, name: str) -> Any:
        """Ask for a property; give the cookie to :func:`property_bytes`."""
        return self.core.GetProperty(0, window, self.atom(name), 0, 0, PROPERTY_WORDS)

    def close(self) -> None:
        """Disconnect."""
        self._ready.close()
        self.xcb.disconnect()

    def _poll(self) -> Wire | None:
        while (found := xcffib.lib.xcb_poll_for_event(self.xcb._conn)) != xcffib.ffi.NULL:  # noqa: SLF001
            owned = xcffib.ffi.gc(found, xcffib.c_free)
            data = bytes(xcffib.ffi.buffer(owned, EVENT_BYTES))
            if data[0] != ERROR:
                return Wire(data[0] & ~SENT_BY_CLIENT, bool(data[0] & SENT_BY_CLIENT), int(owned.full_sequence), data)
        self.xcb.invalid()
        return None


def answer(cookie: Any) -> Any | None:
    """The reply, or ``None`` where the server refused: most often because the window is gone by now.

    Raises:
        xcffib.ConnectionException: The server is gone.
    """
    try:
        return cookie.reply()
    except xcffib.Error:
        return None


def property_bytes(cookie: Any) -> bytes:
    """A property's value; empty where there is none or no such window."""
    reply = answer(cookie)
    if reply is None or not reply.format:
        return b""
    return bytes(reply.value.raw[: reply.value_len * reply.format // 8])


def words(value: bytes) -> tuple[int, ...]:
    """A property of 32-bit numbers."""
    return struct.unpack(f"={len(value) // 4}I", value[: len(value) // 4 * 4])
