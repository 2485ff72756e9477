"""The X11 backend: focus all the time, keys and pointer while hooked.

The server's order is the only judge of whose an event is: a raw event belongs to the window that has the focus at that
point of the one stream (DESIGN §5, "Input on X11"). XInput is negotiated as 2.0, not later: a 2.0 client hears no raw
event while another client holds a grab, and so no password of a screen locker or PIN dialog.
"""

import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

import xcffib
import xcffib.xinput

from agent.core.observe import PointerObserved, WindowInfo
from agent.native.base import Capabilities, Capability, Clock, DisplayLost, FocusChanged, NativeUnavailable, Signal
from agent.native.x11.clipboard import SELECTION_NOTIFY, owner_event
from agent.native.x11.events import (
    CONFIGURE,
    DESTROY,
    FOCUS_IN,
    FOCUS_OUT,
    KEYMAP,
    MAPPING,
    PROPERTY,
    REPARENT,
    UNMAP,
    bounds,
)
from agent.native.x11.focus import FocusTrack
from agent.native.x11.hook import Hook, read_raw
from agent.native.x11.keyboard import xkb_event
from agent.native.x11.link import GENERIC_EVENT, Link, Wire
from agent.native.x11.times import NS_IN_MS, Times, server_shares_clock
from agent.native.x11.windows import Windows, subject_of, window_of
from agent.native.xkb import Keymap, load
from schemas.events import Modality

INPUT = frozenset({Modality.KEYBOARD, Modality.POINTER})
XI_VERSION = (2, 0)
TOLD_BY_WINDOWS = ("_NET_WM_NAME", "WM_NAME", "_NET_WM_STATE")
"""Properties of a window that are part of its description and can change."""
LOST = "the X server closed the connection"
MAX_AT_ONCE = 32
"""Events that are read in one go, at about 0.1 ms each: an off, the leases of the sign, each step in which a program
tells of its focus, must be heard in between."""
SETTLED_NS = 50 * NS_IN_MS
"""Repeats are worked out up to this long ago: a release may still be on its way."""


class X11Native:
    """A :class:`agent.native.base.Native` for X11.

    A focused window's changes of title are told while its keys are hooked, and otherwise when it gets focus or moves:
    the events that would tell of them also come at every key that is typed into it.

    Requests wait for the server's answer, so every method lasts as long as another client holds the server grabbed.

    Args:
        environ: ``DISPLAY`` and the locale.
        clock: The time.

    Raises:
        NativeUnavailable: There is no display, or it lacks XInput 2 or XKB.
    """

    name = "x11"

    def __init__(self, environ: Mapping[str, str], clock: Clock) -> None:
        self._environ = environ
        self._keymap: Keymap | None = None
        self._link = Link(environ)
        self._lost = self._told_lost = self._closed = False
        try:
            self._begin(clock)
        except xcffib.XcffibException:
            self._link.close()
            raise NativeUnavailable(
                "the X server lacks XInput 2 or went away", "use an X server with XInput 2"
            ) from None

    def __repr__(self) -> str:
        return "<X11Native>"

    def _begin(self, clock: Clock) -> None:
        told = self._link.xcb(xcffib.xinput.key).XIQueryVersion(*XI_VERSION).reply()
        if (told.major_version, told.minor_version) != XI_VERSION:
            raise xcffib.XcffibException
        self._xkb_event = xkb_event(self._link)
        self._clipboard_kinds = frozenset({SELECTION_NOTIFY, owner_event(self._link)})
        self._input_kinds = frozenset({GENERIC_EVENT, self._xkb_event, KEYMAP}) | self._clipboard_kinds
        self._times = Times(clock, trusted=server_shares_clock(self._link, clock))
        self._windows = Windows(self._link)
        self._focus = FocusTrack()
        self._asked: deque[tuple[int, int | None]] = deque()
        self._hook: Hook | None = None
        self._windows.refresh()
        self._focus.told(self._windows.ask_focus()[1])
        self._shown: int | None = None
        self._info: WindowInfo | None = None
        self._changed = False
        self._show()
        self._link.keep()

    def capabilities(self) -> Capabilities:
        """Everything, if libxkbcommon is there to read keys with."""
        keyboard, why = Capability.OFFERED, "X11 tells keys, pointer and pixels of the window that has focus"
        try:
            load()
        except NativeUnavailable as missing:
            keyboard, why = Capability.REFUSED, missing.why
        return Capabilities(keyboard=keyboard, pointer=Capability.OFFERED, screen=Capability.OFFERED, why=why)

    def fileno(self) -> int:
        """Readable when :meth:`read` has something."""
        return self._link.fileno()

    def read(self) -> Sequence[Signal]:
        """What arrived, in the server's order. Does not wait for events.

        After a burst it gives some, and :meth:`fileno` stays readable until the rest is read.
        """
        signals: list[Signal] = []
        if self._closed or self._told_lost:
            return signals
        try:
            self._times.sample()
            left = MAX_AT_ONCE
            while left > 0 and (wires := self._link.take(left)):
                left -= len(wires)
                self._times.sample()
                signals.extend(self._fold(wires))  # keeps what it yielded before the server went
            if not self._link.waiting:
                signals.extend(self._settle())
        except xcffib.ConnectionException:
            self._lost = True
        if self._lost:
            self._told_lost = True
            self._forget_hook()
            self._info = None
            signals.append(DisplayLost(why=LOST))
        return signals

    def focused(self) -> WindowInfo | None:
        """The window that has input focus as far as was read; ``None`` if that cannot be told."""
        return self._info

    def hook(self, window: int, modalities: frozenset[Modality]) -> None:
        """Start observing; ends an earlier hook first.

        Raises:
            NativeUnavailable: The server is gone, or tells no keymap.
        """
        self.unhook()
        wanted = modalities & INPUT
        if self._lost or self._closed:
            raise NativeUnavailable(LOST, "start the agent again when the session is back")
        if not wanted:
            return
        self._hook = Hook(self._link, self._windows, self._times, window)
        try:
            self._hook.start(wanted, self._read_keys() if Modality.KEYBOARD in wanted else None)
            self._changed = True  # titles were not heard of until now
            self._link.keep()
        except NativeUnavailable:
            self.unhook()
            raise
        except xcffib.ConnectionException:
            self._lost = True
            self._forget_hook()
            raise NativeUnavailable(LOST, "start the agent again when the session is back") from None

    def unhook(self) -> None:
        """Stop observing. When it returns, the server has confirmed it and what it sent before is thrown away."""
        if self._hook is None:
            return
        try:
            self._hook.stop()
            self._link.confirm()
            self._link.keep(without=self._input_kinds)
        except xcffib.ConnectionException:
            self._lost = True
        self._forget_hook()

    def hooked(self) -> frozenset[Modality]:
        """What is hooked now."""
        return self._hook.modalities if self._hook else frozenset()

    def poll_pointer(self) -> PointerObserved | None:
        """The pointer's position if it moved over the hooked window, or a release: see the Protocol."""
        hook, info = self._hook, self._focused_hook()
        if hook is None or info is None or hook.pointer is None or self._lost:
            return None
        try:
            self._times.sample()
            look = hook.pointer.look()
            self._link.keep()
            # What came before the answer may have been a change of focus or geometry: read() goes first.
            return None if self._link.waiting else hook.poll(look, info)
        except xcffib.ConnectionException:
            self._lost = True
            return None

    def close(self) -> None:
        """Unhook and disconnect. Idempotent."""
        if not self._closed:
            self.unhook()
            self._closed = True
            self._info = None
            if self._keymap:
                self._keymap.close()
            self._link.close()

    def _read_keys(self) -> Keymap:
        """The keymap, which is loaded at the first hook and kept: its compose table alone takes milliseconds."""
        self._keymap = self._keymap or Keymap(self._link.pointer, self._environ)
        return self._keymap

    def _fold(self, wires: list[Wire]) -> Iterator[Signal]:
        for wire, bound in zip(wires, bounds(wires, self._xkb_event, self._times), strict=True):
            while self._asked and wire.seq >= self._asked[0][0]:
                self._focus.told(self._asked.popleft()[1])
                yield from self._follow(bound)
            if self._hook and self._focused_hook():
                yield from self._hook.repeats(bound)
            yield from self._input(wire)
            self._structure(wire)
            yield from self._follow(bound)

    def _settle(self) -> Iterator[Signal]:
        """Nothing is left to read: what was asked is now the truth, and what depends on time alone is told."""
        while self._asked:
            self._focus.told(self._asked.popleft()[1])
        yield from self._follow(self._times.now)
        if self._changed:
            self._changed = False
            before = self._info
            self._show()
            if self._info != before:
                yield FocusChanged(window=self._info, mono_ns=self._times.in_order(self._times.now))
        if self._hook and self._focused_hook():
            yield from self._hook.repeats(self._times.now - SETTLED_NS)
            yield from self._hook.lifts()
        if self._hook:
            yield from self._hook.unanswered()
        self._link.keep()

    def _input(self, wire: Wire) -> Iterator[Signal]:
        hook = self._hook
        if hook is not None and wire.kind in self._clipboard_kinds:
            yield from hook.told(wire.kind, wire.data, self._focused_hook(), sent=wire.sent)
        if hook is None or wire.sent:
            return
        if wire.kind == GENERIC_EVENT:
            yield from hook.raw(wire.seq, read_raw(wire.data), self._focused_hook())
        elif hook.keyboard and wire.kind == self._xkb_event:
            hook.keyboard.told(wire.data)
        elif hook.keyboard and wire.kind == KEYMAP:
            hook.keyboard.told_down(wire.data)
        elif hook.pointer and wire.kind == MAPPING:
            hook.pointer.read_mapping()

    def _structure(self, wire: Wire) -> None:
        """Focus and geometry. Any client can send a fake event: only harmless ones are taken from clients."""
        if wire.kind == PROPERTY:
            self._property(window_of(wire.data), wire.data)
        elif wire.kind == CONFIGURE:  # window managers send these: ICCCM §4.1.5
            self._changed |= subject_of(wire.data) == self._shown
        elif wire.sent:
            return
        elif wire.kind in {FOCUS_IN, FOCUS_OUT}:
            mode, detail = wire.data[8], wire.data[1]
            self._focus.event(window_of(wire.data), mode, detail, gained=wire.kind == FOCUS_IN)
        elif wire.kind in {UNMAP, DESTROY}:
            self._focus.gone(subject_of(wire.data))
        elif wire.kind == REPARENT and self._hook and subject_of(wire.data) == self._hook.window:
            self._hook.read_frame()

    def _property(self, window: int, data: bytes) -> None:
        atom = int.from_bytes(data[8:12], sys.byteorder)
        if window != self._link.root:
            self._changed |= window == self._shown and atom in {self._link.atom(name) for name in TOLD_BY_WINDOWS}
        elif atom == self._link.atom("_NET_CLIENT_LIST"):
            self._windows.refresh()
            self._asked.append(self._windows.ask_focus())
        elif atom == self._link.atom("RESOURCE_MANAGER"):
            self._windows.read_scale()
            self._changed = True

    def _follow(self, mono_ns: int) -> Iterator[FocusChanged]:
        if self._focus.window == self._shown:
            return
        if self._hook and self._shown == self._hook.window:
            self._hook.lose()
        self._show()
        yield FocusChanged(window=self._info, mono_ns=self._times.in_order(mono_ns))

    def _show(self) -> None:
        self._shown = self._focus.window
        self._info = self._windows.describe(self._shown) if self._shown is not None else None

    def _focused_hook(self) -> WindowInfo | None:
        """The hooked window, if it has focus at this point of the stream."""
        return self._info if self._hook and self._shown == self._hook.window else None

    def _forget_hook(self) -> None:
        if self._hook:
            self._hook.free()
        self._hook = None
