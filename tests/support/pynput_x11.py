"""pynput's own listeners on a real X server, behind :class:`agent.native.pynput_source.PynputNative`.

For the contract tests: what runs on macOS and Windows runs here, but for the listeners' and the watcher's last lines.
pynput connects to ``$DISPLAY`` when it is imported and whenever it starts, so that must name the test's display.
"""

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from Xlib import X
from Xlib import error as x_error
from Xlib.display import Display

from agent.native.base import Capabilities, Capability, DisplayLost, FocusChanged
from agent.native.pynput_source import PynputNative, Sight
from agent.native.strokes import ButtonHeard, Heard, KeyHeard, WheelHeard, lag_of_ms
from agent.native.usage import usage_of_x
from agent.native.x11 import X11Native
from agent.native.x11.pointer import BUTTONS, NOTCHES
from schemas.events import Button, Modality
from tests.support.waiting import until
from tests.support.windows import ancestors, geometry, managed_ids

GONE = (x_error.ConnectionClosedError, x_error.XError, OSError)


START_OF_DATA = 4
"""The RECORD extension's first word to who listens."""


class X11Watcher:
    """Focus by our own X11 backend, in a thread as on the other systems; the rest by asking the server."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._display = environ["DISPLAY"]
        self._native = X11Native(environ, time)
        self._x = Display(self._display)
        self._lock = threading.Lock()
        self._stop, self._stopped = os.pipe()
        self._thread: threading.Thread | None = None

    def start(self, news: Callable[[Sight], None]) -> Sight:
        self._native.read()
        first = Sight(self._native.focused(), 0)
        self._thread = threading.Thread(target=self._run, args=(news,), daemon=True)
        self._thread.start()
        return first

    def asked(self) -> int | None:
        with self._lock, contextlib.suppress(*GONE):
            focus = self._x.get_input_focus().focus
            managed = managed_ids(self._x)
            line = ancestors(self._x, focus.id) if hasattr(focus, "id") else []
            return next((window for window in line if window in managed), None)
        return None

    def over(self, window: int, x: int, y: int) -> bool:
        with self._lock, contextlib.suppress(*GONE):
            root = self._x.screen().root
            child = root.translate_coords(root, x, y).child
            place = geometry(self._display, window)
            inside = place.x <= x < place.x + place.width and place.y <= y < place.y + place.height
            return inside and hasattr(child, "id") and child.id in ancestors(self._x, window)
        return False

    def pointer(self) -> tuple[int, int] | None:
        with self._lock, contextlib.suppress(*GONE):
            at = self._x.screen().root.query_pointer()
            return at.root_x, at.root_y
        return None

    def stop(self) -> None:
        if self._thread is None:
            return
        os.write(self._stopped, b"!")
        self._thread.join()
        self._thread = None
        for end in (self._stop, self._stopped):
            os.close(end)
        shut(self._x)

    def _run(self, news: Callable[[Sight], None]) -> None:
        with contextlib.closing(self._native) as native:
            waiting: list[Any] = [native, self._stop]
            while self._stop not in select.select(waiting, [], [])[0]:
                for signal in native.read():
                    if isinstance(signal, FocusChanged):
                        news(Sight(signal.window, signal.mono_ns))
                    elif isinstance(signal, DisplayLost):
                        news(Sight(None, time.monotonic_ns(), signal.why))
                        return


def listeners() -> tuple[Any, Any]:
    """Give pynput's keyboard and mouse listeners for X11, each of which also gives the raw event that it was told."""
    from pynput.keyboard import _xorg as keyboard  # noqa: PLC0415  # connects to the display
    from pynput.mouse import _xorg as mouse  # noqa: PLC0415

    class Keys(keyboard.Listener):  # type: ignore[misc]
        def _handle_message(self, display: Any, event: Any, injected: bool) -> None:  # noqa: FBT001
            key = self._event_to_key(display, event)
            self.raw(event, getattr(key, "char", None) or getattr(getattr(key, "value", None), "char", None), injected)

        def _run(self) -> None:
            with contextlib.suppress(*GONE):
                super()._run()

        def _stop_platform(self) -> None:
            disable(self)

        def _handler(self, events: Any) -> None:
            begun(self, events)
            super()._handler(events)

    class Buttons(mouse.Listener):  # type: ignore[misc]
        _EVENTS = (X.ButtonPress, X.ButtonRelease)  # no moves

        def _handle_message(self, _display: Any, event: Any, injected: bool) -> None:  # noqa: FBT001
            self.raw(event, None, injected)

        def _run(self) -> None:
            with contextlib.suppress(*GONE):
                super()._run()

        def _stop_platform(self) -> None:
            disable(self)

        def _handler(self, events: Any) -> None:
            begun(self, events)
            super()._handler(events)

    return Keys, Buttons


def shut(connection: Display) -> None:
    """Close a connection, also to a server that is gone, where python-xlib leaves the socket open."""
    with contextlib.suppress(*GONE):
        connection.close()
    connection.display.socket.close()


def there() -> bool:
    """Whether the display can still be reached."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(f"/tmp/.X11-unix/X{os.environ['DISPLAY'].lstrip(':')}") == 0  # noqa: S108


def disable(listener: Any) -> None:
    """Unhook. pynput asks on the connection on which its thread waits, and so only at the next event."""
    if not there():
        return  # python-xlib leaves the socket of a failed connection open
    with contextlib.closing(Display()) as x:
        x.record_disable_context(listener._context)
        x.sync()


def begun(listener: Any, events: Any) -> None:
    """The hook exists when the server says so; pynput says that it is ready before that."""
    if events.category == START_OF_DATA:
        listener.begun.set()


class X11Ears:
    """pynput's listeners."""

    def __init__(self, watcher: X11Watcher) -> None:
        self._watcher = watcher
        self.running: list[Any] = []

    def start(self, modalities: frozenset[Modality], window: int, heard: Callable[[Heard], None]) -> None:
        def raw(event: Any, text: str | None, injected: bool) -> None:  # noqa: FBT001
            one = self._one(event, text, window, injected=bool(injected))
            if one is not None:
                heard(one)

        keys, buttons = listeners()
        wanted = [keys] * (Modality.KEYBOARD in modalities) + [buttons] * (Modality.POINTER in modalities)
        self.running = [kind() for kind in wanted]
        for listener in self.running:
            listener.raw, listener.begun = raw, threading.Event()
            listener.start()
            listener.wait()
            until(listener.begun.is_set, what="pynput's hook")

    def alive(self) -> bool:
        return all(listener.is_alive() for listener in self.running)

    def stop(self) -> None:
        running, self.running = self.running, []
        for listener in running:
            with contextlib.suppress(*GONE):
                listener.stop()
        for listener in running:
            threading.Thread.join(listener, 10)
            for connection in (listener._display_stop, listener._display_record):
                shut(connection)

    def _one(self, event: Any, text: str | None, window: int, *, injected: bool) -> Heard | None:
        down = event.type in {X.KeyPress, X.ButtonPress}
        lag = lag_of_ms(time.monotonic_ns() // 1_000_000, event.time)
        if event.type in {X.KeyPress, X.KeyRelease}:
            code = event.detail
            return KeyHeard(down=down, usage=usage_of_x(code), keycode=code, text=text, injected=injected, lag_ns=lag)
        over = self._watcher.over(window, event.root_x, event.root_y)
        button = BUTTONS.get(event.detail, Button(0))
        if button:
            return ButtonHeard(
                down=down, button=button, x=event.root_x, y=event.root_y, over=over, injected=injected, lag_ns=lag
            )
        if down and event.detail in NOTCHES:
            dx, dy = NOTCHES[event.detail]
            return WheelHeard(dx=dx, dy=dy, x=event.root_x, y=event.root_y, over=over, injected=injected, lag_ns=lag)
        return None


def open_pynput(environ: Mapping[str, str]) -> PynputNative:
    """Open pynput's source on the display that ``environ`` and ``$DISPLAY`` name."""
    watcher = X11Watcher(environ)
    yes = Capability.OFFERED
    told = Capabilities(keyboard=Capability.PARTIAL, pointer=yes, screen=Capability.REFUSED, why="a test's")
    return PynputNative("pynput", watcher, X11Ears(watcher), time, lambda: told)
