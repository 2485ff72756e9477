"""What the X11 tests share: a small window that tells which keys it got, and reading of signals."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from Xlib import X
from Xlib import error as x_error
from Xlib.display import Display
from Xlib.ext import xtest

from agent.core.observe import KeyObserved
from agent.native.base import Signal
from agent.native.x11 import X11Native
from tests.support.waiting import until
from tests.support.windows import Rectangle

EVENTS = X.KeyPressMask | X.KeyReleaseMask | X.ButtonPressMask | X.ButtonReleaseMask | X.FocusChangeMask


class Plain:
    """A window of one colour on a connection of its own, which writes down the key codes that it was sent."""

    def __init__(self, display: str, place: Rectangle, colour: int = 0x336699, *, unmanaged: bool = False) -> None:
        self.x = Display(display)
        root = self.x.screen().root
        self.window = root.create_window(
            place.x,
            place.y,
            place.width,
            place.height,
            0,
            self.x.screen().root_depth,
            background_pixel=colour,
            event_mask=EVENTS,
            override_redirect=unmanaged,
        )
        self.window.set_wm_name("plain")
        self.window.set_wm_class("plain", "Plain")
        self.id: int = self.window.id
        self.window.map()
        self.x.sync()
        until(lambda: self.window.get_attributes().map_state == X.IsViewable, what="the window to be shown")
        self.x.sync()

    def focus(self) -> None:
        """Take the keyboard at once, without asking the window manager."""
        self.window.set_input_focus(X.RevertToParent, X.CurrentTime)
        self.x.sync()

    def keys(self) -> list[int]:
        """Key codes of the presses that arrived since the last call."""
        return self._details(X.KeyPress)

    def buttons(self) -> list[int]:
        """Buttons released since the last call."""
        return self._details(X.ButtonRelease)

    def _details(self, kind: int) -> list[int]:
        self.x.sync()
        events = [self.x.next_event() for _ in range(self.x.pending_events())]
        return [event.detail for event in events if event.type == kind]

    def close(self) -> None:
        with suppress(x_error.ConnectionClosedError, OSError):
            self.x.close()


class Keys:
    """Presses and releases by key code."""

    def __init__(self, display: str) -> None:
        self.x = Display(display)

    def down(self, code: int) -> None:
        xtest.fake_input(self.x, X.KeyPress, code)
        self.x.sync()

    def up(self, code: int) -> None:
        xtest.fake_input(self.x, X.KeyRelease, code)
        self.x.sync()

    def tap(self, *codes: int) -> None:
        for code in codes:
            self.down(code)
            self.up(code)

    def button(self, number: int, *, down: bool) -> None:
        xtest.fake_input(self.x, X.ButtonPress if down else X.ButtonRelease, number)
        self.x.sync()

    def close(self) -> None:
        with suppress(x_error.ConnectionClosedError, OSError):
            self.x.close()


def read_until(native: X11Native, enough: Callable[[Sequence[Signal]], object]) -> list[Signal]:
    """Read until what was read is enough."""
    got: list[Signal] = []

    def look() -> bool:
        got.extend(native.read())
        return bool(enough(got))

    until(look, what="the backend to tell enough")
    return got


def everything(native: X11Native) -> list[Signal]:
    """All that the server has sent by now. It answers in order, so its answer to us comes after all of that."""
    native._link.confirm()
    got = list(native.read())
    while native._link.waiting:
        got.extend(native.read())
    return got


def wait_focus(native: X11Native, window: int | None) -> None:
    """Read until this window has the focus."""

    def there() -> bool:
        native.read()
        info = native.focused()
        return (info.window if info else None) == window

    until(there, what="the focus")


def presses(signals: Sequence[Signal]) -> list[KeyObserved]:
    return [s for s in signals if isinstance(s, KeyObserved) and s.down]


def typed(signals: Sequence[Signal]) -> str:
    """The text that the presses came to, with BackSpace and Return, which carry none, as control characters."""
    by_symbol = {0xFF08: "\b", 0xFF0D: "\n"}
    return "".join(p.text or by_symbol.get(p.keysym or 0, "") for p in presses(signals))


class Ticks:
    """A clock that tests can set wrong."""

    def __init__(self, skew_ns: int = 0) -> None:
        self.skew_ns = skew_ns

    def monotonic_ns(self) -> int:
        return time.monotonic_ns() + self.skew_ns

    def time_ns(self) -> int:
        return time.time_ns()
