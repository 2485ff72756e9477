"""Focus on macOS: Accessibility tells the app in front, the window server's list tells its windows, front to back.

Not NSWorkspace's notifications and ``frontmostApplication``: those change only while the main thread runs a run loop,
and the daemon's does not. Accessibility asks the window server itself, from any thread.
"""

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from agent.core.observe import WindowInfo
from agent.native.layers import Listed, Scene, find, front_of, physical, scene, top_at
from agent.native.pynput_source import Sight

LOOK_S = 0.1
"""Seconds between two looks at the focus; each event asks besides, at its own time."""
NORMAL_LAYER = 0
"""CGWindowLevel of apps' own windows (kCGNormalWindowLevel)."""


def parse(row: Any, scale: float) -> Listed | None:
    """A row of CGWindowListCopyWindowInfo; ``None`` for one that cannot be seen or lacks what every window has."""
    try:
        bounds, alpha = row["kCGWindowBounds"], float(row.get("kCGWindowAlpha", 1))
        rect = physical(bounds["X"], bounds["Y"], bounds["Width"], bounds["Height"], scale)
        normal = int(row["kCGWindowLayer"]) == NORMAL_LAYER
        title = row.get("kCGWindowName")
        number, pid = int(row["kCGWindowNumber"]), int(row["kCGWindowOwnerPID"])
    except (KeyError, TypeError, ValueError):
        return None
    return Listed(number, pid, rect, normal, str(title) if title else None) if alpha > 0 else None


if sys.platform == "darwin":
    import AppKit
    import HIServices
    import Quartz

    from agent.native.darwin.secure import secure_input

    class DarwinWatcher:
        """A :class:`agent.native.pynput_source.Watcher` for macOS."""

        def __init__(self) -> None:
            self._system = HIServices.AXUIElementCreateSystemWide()
            self._thread: threading.Thread | None = None
            self._end = threading.Event()

        def start(self, news: Callable[[Sight], None]) -> Sight:
            """See the Protocol."""
            first = self._sight()
            self._thread = threading.Thread(target=self._run, args=(news, first), name="focus", daemon=True)
            self._thread.start()
            return first

        def asked(self) -> int | None:
            """See the Protocol. ``None`` while secure input is on: a password field has the keyboard."""
            front = self._front()
            return front.window if front else None

        def over(self, window: int, x: int, y: int) -> bool:
            """See the Protocol."""
            return top_at(listed(), (x, y)) == window

        def pointer(self) -> tuple[int, int] | None:
            """See the Protocol."""
            at, scale = Quartz.CGEventGetLocation(Quartz.CGEventCreate(None)), main_scale()
            return int(at.x * scale), int(at.y * scale)

        def stop(self) -> None:
            """See the Protocol."""
            self._end.set()
            if self._thread is not None:
                self._thread.join()
                self._thread = None

        def _run(self, news: Callable[[Sight], None], last: Sight) -> None:
            while not self._end.wait(LOOK_S):
                now = self._sight()
                if now.window != last.window:
                    last = now
                    news(now)

        def _sight(self) -> Sight:
            front = self._front()
            return Sight(describe(front) if front else None, time.monotonic_ns())

        def _front(self) -> Listed | None:
            if secure_input():
                return None
            error, app = HIServices.AXUIElementCopyAttributeValue(self._system, "AXFocusedApplication", None)
            if error or app is None:
                return None
            error, pid = HIServices.AXUIElementGetPid(app, None)
            return None if error else front_of(listed(), pid)

    def describe(front: Listed) -> WindowInfo | None:
        """Everything about a window; ``None`` if its app is gone."""
        app = AppKit.NSRunningApplication.runningApplicationWithProcessIdentifier_(front.pid)
        if app is None:
            return None
        path, began = app.executableURL(), app.launchDate()
        return WindowInfo(
            window=front.window, pid=front.pid, executable=str(path.path()) if path else None,
            started=int(began.timeIntervalSince1970() * 1000) if began else None,
            wm_class=str(app.bundleIdentifier() or "") or None, title=front.title, rect=front.rect,
            scale=main_scale(), fullscreen=front.rect == screen_rect(),
        )  # fmt: skip

    def main_scale() -> float:
        """Physical pixels for each point, of the main display: others of another scale are not told apart yet."""
        mode = Quartz.CGDisplayCopyDisplayMode(Quartz.CGMainDisplayID())
        return float(Quartz.CGDisplayModeGetPixelWidth(mode) / Quartz.CGDisplayModeGetWidth(mode))

    def screen_rect() -> tuple[int, int, int, int]:
        """The main display in physical pixels."""
        bounds = Quartz.CGDisplayBounds(Quartz.CGMainDisplayID())
        size, at = bounds.size, bounds.origin
        return physical(at.x, at.y, size.width, size.height, main_scale())

    def listed() -> list[Listed]:
        """Windows that can be seen, front to back."""
        rows = Quartz.CGWindowListCopyWindowInfo(
            Quartz.kCGWindowListOptionOnScreenOnly | Quartz.kCGWindowListExcludeDesktopElements, Quartz.kCGNullWindowID
        )
        scale = main_scale()
        return [one for row in rows or () if (one := parse(row, scale)) is not None]

    def scene_of(window: int) -> Scene | None:
        """A window's place. What lies over it does not matter: its picture is of it alone."""
        windows = listed()
        own = find(windows, window)
        return scene([own], window, screen_rect()) if own else None
