"""The server's time as ours.

X servers stamp input with milliseconds of ``CLOCK_MONOTONIC`` (Xorg and Xvfb: ``GetTimeInMillis``), cut to 32 bits: it
wraps every 49.7 days. That is verified once for each connection; where it does not hold (a server on another machine),
an event's time is that of its arrival.
"""

import struct

import xcffib.xproto

from agent.native.base import Clock
from agent.native.x11.link import Link
from schemas.events import ClockSource

NS_IN_MS = 1_000_000
WRAP_MS = 2**32
LONGEST_LAG_MS = 60_000
"""An event that seems to have waited longer is not believed: its time is that of its arrival."""
COARSE_MS = 10
"""Servers may take a coarse clock, which lags by a kernel tick: 10 ms at 100 Hz."""
PROPERTY_NOTIFY = 28
TIME_AT = 12
"""PropertyNotify: window, atom, then the time."""


class Times:
    """Gives each event its monotonic and its Unix time. ``now`` and the offset are sampled once for each read."""

    def __init__(self, clock: Clock, *, trusted: bool) -> None:
        self._clock = clock
        self.trusted = trusted
        self.latest = 0
        self.sample()

    def sample(self) -> None:
        """Read both clocks."""
        self.now = self._clock.monotonic_ns()
        self._offset = self._clock.time_ns() - self.now

    def of_server(self, server_ms: int) -> tuple[int, ClockSource]:
        """When the server took an event in, never later than now; and who says so."""
        lag_ms = (self.now // NS_IN_MS - server_ms) % WRAP_MS
        if not self.trusted or lag_ms > LONGEST_LAG_MS:
            return self.now, ClockSource.HOOK
        return (self.now // NS_IN_MS - lag_ms) * NS_IN_MS, ClockSource.DRIVER

    def in_order(self, mono_ns: int) -> int:
        """The same time, or that of the signal before it: the server's order is the truth, its clock is coarse."""
        self.latest = max(self.latest, mono_ns)
        return self.latest

    def wall(self, mono_ns: int) -> int:
        """A monotonic time as Unix time."""
        return mono_ns + self._offset


def server_shares_clock(link: Link, clock: Clock) -> bool:
    """Whether the server's time is this machine's monotonic clock, found by asking for it once.

    An empty change to a property of a window of our own brings a PropertyNotify with the server's time.
    """
    window = link.xcb.generate_id()
    mask = [xcffib.xproto.EventMask.PropertyChange]
    link.core.CreateWindow(
        0, window, link.root, -1, -1, 1, 1, 0, xcffib.xproto.WindowClass.InputOnly, 0, xcffib.xproto.CW.EventMask, mask
    )
    before = clock.monotonic_ns() // NS_IN_MS - COARSE_MS
    link.core.ChangeProperty(
        xcffib.xproto.PropMode.Append, window, link.atom("WM_CLASS"), xcffib.xproto.Atom.STRING, 8, 0, b""
    )
    link.core.DestroyWindow(window)
    link.confirm()
    after = clock.monotonic_ns() // NS_IN_MS
    stamps = [w.data for w in link.take() if w.kind == PROPERTY_NOTIFY]
    return any((struct.unpack_from("=I", s, TIME_AT)[0] - before) % WRAP_MS <= after - before for s in stamps)
