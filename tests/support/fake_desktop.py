"""A windowing system in memory: windows, focus, keys and pixels, behind the agent's own Protocols.

What a real one guarantees is kept here too: nothing is delivered without a hook, keys go to the focused window, and
signals come in the order in which things happened.
"""

import contextlib
import socket
from collections.abc import Sequence

import numpy as np

from agent.core.observe import (
    MODALITY_OF,
    ClipboardObserved,
    KeyObserved,
    Observation,
    PointerObserved,
    ScrollObserved,
    WindowInfo,
)
from agent.native.base import (
    Capabilities,
    Capability,
    Clock,
    DisplayLost,
    FocusChanged,
    Pixels,
    RawFrame,
    Signal,
)
from schemas.events import ClipboardType, ClockSource, Modality, Rect
from tests.support.fake_clock import FakeClock

BACKSPACE, DELETE, LEFT, RIGHT, RETURN, TAB, HOME, END = (
    0xFF08,
    0xFFFF,
    0xFF51,
    0xFF53,
    0xFF0D,
    0xFF09,
    0xFF50,
    0xFF57,
)
SHIFT_KEYCODE = 50
RECT: Rect = (100, 100, 900, 700)


def window(number: int = 1, *, executable: str | None = "/usr/bin/mail", title: str | None = "Inbox") -> WindowInfo:
    """A window of a program; by default of the simulated study's mail app."""
    return WindowInfo(
        window=number,
        pid=4_000 + number,
        executable=executable,
        started=number,
        wm_class="mail",
        title=title,
        rect=RECT,
        scale=1.0,
        fullscreen=False,
        composes=False,
    )


def key_seen(
    clock: Clock,
    text: str | None = None,
    *,
    keysym: int | None = None,
    down: bool = True,
    modifiers: int = 0,
    number: int = 1,
    keycode: int | None = None,
) -> KeyObserved:
    """A key event in window ``number`` at the clock's time."""
    symbol = keysym if keysym is not None else ord(text[0]) if text else None
    return KeyObserved(
        window=number,
        mono_ns=clock.monotonic_ns(),
        wall_ns=clock.time_ns(),
        clock=ClockSource.DRIVER,
        injected=False,
        down=down,
        repeat=False,
        usage=None,
        keycode=keycode if keycode is not None else (symbol or 0) % 248 + 8,
        keysym=symbol,
        text=text if down else None,
        modifiers=modifiers,
        locks=0,
        layout="us",
    )


def pointer_seen(clock: Clock, action: str = "move", x: int = 300, y: int = 300, number: int = 1) -> PointerObserved:
    """The pointer in window ``number``."""
    press = action != "move"
    return PointerObserved(
        window=number,
        mono_ns=clock.monotonic_ns(),
        wall_ns=clock.time_ns(),
        clock=ClockSource.POLL,
        injected=False,
        action={"move": "move", "down": "down", "up": "up"}[action],  # type: ignore[arg-type]
        button=1 if press else None,
        buttons=1 if action == "down" else 0,
        x=x,
        y=y,
        modifiers=0,
    )


def scroll_seen(clock: Clock, dy: float = 1.0, number: int = 1) -> ScrollObserved:
    """A notch of the wheel in window ``number``."""
    return ScrollObserved(
        window=number,
        mono_ns=clock.monotonic_ns(),
        wall_ns=clock.time_ns(),
        clock=ClockSource.DRIVER,
        injected=False,
        dx=0.0,
        dy=dy,
        unit="notch",
        x=300,
        y=300,
        modifiers=0,
    )


def clipboard_seen(clock: Clock, action: str = "copy", number: int = 1) -> ClipboardObserved:
    """Some text was copied, cut or pasted in window ``number``."""
    return ClipboardObserved(
        window=number,
        mono_ns=clock.monotonic_ns(),
        wall_ns=clock.time_ns(),
        clock=ClockSource.HOOK,
        injected=False,
        action={"copy": "copy", "cut": "cut", "paste": "paste"}[action],  # type: ignore[arg-type]
        content_type=ClipboardType.TEXT,
    )


class FakeDesktop:
    """A desktop with a hook that can be set on one window; implements :class:`agent.native.base.Native`."""

    name = "fake"

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.hooks_made = 0
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)
        self._signals: list[Signal] = []
        self._focused: WindowInfo | None = None
        self._grabs = False
        self._hooked: frozenset[Modality] = frozenset()
        self._on: int | None = None
        self._moved: PointerObserved | None = None
        self.closed = False

    # --- what a test does ---

    def focus(self, info: WindowInfo | None) -> None:
        """Give a window (or none) input focus."""
        self._focused, self._grabs = info, False
        self._say(FocusChanged(window=info, mono_ns=self.clock.monotonic_ns()))

    def press(self, text: str | None = None, *, keysym: int | None = None) -> None:
        """Press and release a key in the focused window."""
        if self._focused is not None:
            for down in (True, False):
                self._observed(key_seen(self.clock, text, keysym=keysym, down=down, number=self._focused.window))

    def type(self, text: str) -> None:
        """Press and release a key for each character."""
        for char in text:
            self.press(char)

    def click(self, x: int = 300, y: int = 300) -> None:
        """Press and release the left button in the focused window."""
        if self._focused is not None:
            for action in ("down", "up"):
                self._observed(pointer_seen(self.clock, action, x, y, self._focused.window))

    def clip(self, action: str) -> None:
        """Copy, cut or paste some text in the focused window."""
        if self._focused is not None:
            self._observed(clipboard_seen(self.clock, action, self._focused.window))

    def move(self, x: int, y: int) -> None:
        """Move the pointer over the focused window; seen by the next poll."""
        if self._focused is not None and Modality.POINTER in self._hooked and self._on == self._focused.window:
            self._moved = pointer_seen(self.clock, "move", x, y, self._focused.window)

    def die(self) -> None:
        """The display server goes away."""
        self._say(DisplayLost(why="connection closed"))

    # --- agent.native.base.Native ---

    def capabilities(self) -> Capabilities:
        """Everything."""
        yes = Capability.OFFERED
        return Capabilities(keyboard=yes, pointer=yes, screen=yes, why="a desktop in memory")

    def fileno(self) -> int:
        """Readable while there are signals."""
        return self._near.fileno()

    def read(self) -> Sequence[Signal]:
        """All signals, in order."""
        with contextlib.suppress(BlockingIOError):
            self._near.recv(65536)
        signals, self._signals = self._signals, []
        return signals

    def focused(self) -> WindowInfo | None:
        """The window with focus."""
        return self._focused

    def grabbed(self) -> bool:
        """Whether :meth:`grab` took the keyboard."""
        return self._grabs

    def grab(self) -> None:
        """Another program takes the keyboard for itself alone."""
        self.focus(None)
        self._grabs = True

    def hook(self, window: int, modalities: frozenset[Modality]) -> None:
        """Deliver input of a window from now on."""
        self._on, self._hooked = window, modalities & {Modality.KEYBOARD, Modality.POINTER}
        self.hooks_made += 1

    def unhook(self) -> None:
        """Deliver no input."""
        self._on, self._hooked, self._moved = None, frozenset(), None

    def poll_pointer(self) -> PointerObserved | None:
        """The last move since the last look."""
        moved, self._moved = self._moved, None
        return moved

    def hooked(self) -> frozenset[Modality]:
        """What is delivered."""
        return self._hooked

    def close(self) -> None:
        """Disconnect. Idempotent."""
        self.unhook()
        if not self.closed:
            self.closed = True
            self._near.close()
            self._far.close()

    def _observed(self, seen: Observation) -> None:
        if seen.window == self._on and MODALITY_OF[type(seen)] in self._hooked:
            self._say(seen)

    def _say(self, signal: Signal) -> None:
        self._signals.append(signal)
        with contextlib.suppress(BlockingIOError):
            self._far.send(b"!")


class FakeGrabber:
    """Windows' pixels; implements :class:`agent.native.base.WatchingGrabber`.

    Every picture handed out is in ``given``, and every window that was to be watched in ``attended``.
    """

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.screens: dict[int, Pixels] = {}
        self.covered: tuple[Rect, ...] = ()
        self.painted: tuple[Rect, ...] | None = None
        self.fault: Exception | None = None
        self.given: list[Pixels] = []
        self.attended: list[int | None] = []
        self.heeded = 0
        self.closed = False
        self._new: set[int] = set()
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)

    def paint(self, number: int, pixels: Pixels) -> None:
        """What a window shows from now on."""
        self.screens[number] = pixels
        self._new.add(number)
        if not self.closed:
            self._far.send(b"!")

    def attend(self, window: int | None) -> None:
        """Write down what is to be watched."""
        self.attended.append(window)

    def fileno(self) -> int:
        """Readable when something was painted."""
        return -1 if self.closed else self._near.fileno()

    def heed(self) -> None:
        """Count, and be readable no more."""
        if self.fault is not None:
            raise self.fault
        if not self.closed:
            with contextlib.suppress(BlockingIOError):
                self.heeded += bool(self._near.recv(65536))

    def changed(self, window: int) -> bool:
        """Whether it was painted since the last picture."""
        return window in self._new

    def grab(self, window: int) -> RawFrame | None:
        """A copy of the window's pixels; ``None`` for a window that is not there."""
        if self.fault is not None:
            raise self.fault
        if window not in self.screens:
            return None
        self._new.discard(window)
        pixels = np.array(self.screens[window], np.uint8)
        self.given.append(pixels)
        height, width = pixels.shape[:2]
        now = self.clock.monotonic_ns()
        return RawFrame(
            pixels=pixels,
            rect=(0, 0, width, height),
            scale=1.0,
            start_ns=now,
            end_ns=now + 1_000_000,
            covered=self.covered,
            painted=self.painted,
        )

    def close(self) -> None:
        """Disconnect."""
        if not self.closed:
            self.closed = True
            self._near.close()
            self._far.close()
