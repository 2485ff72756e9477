"""Focus on Windows: a foreground hook in a thread with a message loop, and what a window is."""

import ctypes
import sys
import threading
import time
from collections.abc import Callable

from agent.core.observe import WindowInfo
from agent.native.base import NativeUnavailable
from agent.native.layers import Listed, Scene, scene, top_at
from agent.native.pynput_source import Sight
from schemas.events import Rect

NAME_CHARS = 1024
"""Longest title and path that is read."""
DPI_OF_SCALE_1 = 96
PER_MONITOR_AWARE_V2 = -4
START_S = 10
"""Seconds within which the hook's thread has to be there."""

if sys.platform == "win32":
    from ctypes import wintypes

    from agent.native.windows import api
    from agent.native.windows.secure import FocusedField

    HEARD = frozenset({
        api.EVENT_SYSTEM_FOREGROUND, api.EVENT_OBJECT_FOCUS, api.EVENT_OBJECT_LOCATIONCHANGE,
        api.EVENT_OBJECT_NAMECHANGE,
    })  # fmt: skip

    class WindowsWatcher:
        """A :class:`agent.native.pynput_source.Watcher` for Windows."""

        def __init__(self) -> None:
            # Before any coordinate is read: all of them are physical pixels then.
            api.SetProcessDpiAwarenessContext(PER_MONITOR_AWARE_V2)
            self._thread: threading.Thread | None = None
            self._thread_id = 0
            self._secure = True  # until it was looked at
            self._ready = threading.Event()
            self._hooks: list[int] = []

        def start(self, news: Callable[[Sight], None]) -> Sight:
            """See the Protocol."""
            self._thread = threading.Thread(target=self._run, args=(news,), name="focus", daemon=True)
            self._thread.start()
            if not self._ready.wait(START_S) or not all(self._hooks):
                self.stop()
                raise NativeUnavailable("Windows refuses the foreground hook", "sign out and in again")
            return self._sight()

        def asked(self) -> int | None:
            """See the Protocol. ``None`` in a password field."""
            return None if self._secure else (api.GetForegroundWindow() or None)

        def over(self, window: int, x: int, y: int) -> bool:
            """See the Protocol."""
            client = client_rect(window)
            inside = client is not None and client[0] <= x < client[2] and client[1] <= y < client[3]
            return inside and top_at(listed(), (x, y)) == window

        def pointer(self) -> tuple[int, int] | None:
            """See the Protocol."""
            point = wintypes.POINT()
            return (point.x, point.y) if api.GetCursorPos(ctypes.byref(point)) else None

        def stop(self) -> None:
            """See the Protocol."""
            thread, self._thread = self._thread, None
            if thread is not None:
                api.PostThreadMessageW(self._thread_id, api.WM_QUIT, 0, 0)
                thread.join(START_S)

        def _run(self, news: Callable[[Sight], None]) -> None:
            self._thread_id = api.GetCurrentThreadId()
            field = FocusedField()

            def told(_hook: int, event: int, window: int, kind: int, *_: int) -> None:
                mine = window == api.GetForegroundWindow() and kind == api.OBJID_WINDOW
                if event in HEARD and (mine or event in {api.EVENT_SYSTEM_FOREGROUND, api.EVENT_OBJECT_FOCUS}):
                    self._secure = field.is_password()
                    news(self._sight())

            callback = api.WINEVENTPROC(told)  # kept alive by this frame
            self._hooks = [
                api.SetWinEventHook(event, event, None, callback, 0, 0, api.WINEVENT_OUTOFCONTEXT) for event in HEARD
            ]
            self._secure = field.is_password()
            self._ready.set()
            message = wintypes.MSG()
            while api.GetMessageW(ctypes.byref(message), None, 0, 0) > 0:
                pass
            for hook in self._hooks:
                api.UnhookWinEvent(hook)
            field.close()

        def _sight(self) -> Sight:
            window = self.asked()
            return Sight(describe(window) if window else None, time.monotonic_ns())

    def describe(window: int) -> WindowInfo | None:
        """Everything about a window; ``None`` if it is gone."""
        rect = client_rect(window)
        if rect is None:
            return None
        pid = wintypes.DWORD()
        api.GetWindowThreadProcessId(window, ctypes.byref(pid))
        executable, started = running(pid.value)
        title, name = ctypes.create_unicode_buffer(NAME_CHARS), ctypes.create_unicode_buffer(NAME_CHARS)
        api.GetWindowTextW(window, title, NAME_CHARS)
        api.GetClassNameW(window, name, NAME_CHARS)
        return WindowInfo(
            window=window, pid=pid.value or None, executable=executable, started=started, wm_class=name.value or None,
            title=title.value or None, rect=rect, scale=scale_of(window), fullscreen=rect == window_rect(window),
        )  # fmt: skip

    def running(pid: int) -> tuple[str | None, int | None]:
        """The path of a process's program, and when it started (100 ns since 1601), from one handle."""
        handle = api.OpenProcess(api.PROCESS_QUERY_LIMITED_INFORMATION, False, pid)
        if not handle:
            return None, None
        try:
            path, size = ctypes.create_unicode_buffer(NAME_CHARS), wintypes.DWORD(NAME_CHARS)
            times = [wintypes.FILETIME() for _ in range(4)]
            named = api.QueryFullProcessImageNameW(handle, 0, path, ctypes.byref(size))
            timed = api.GetProcessTimes(handle, *map(ctypes.byref, times))
            if not named or not timed:
                return None, None
            return path.value, times[0].dwHighDateTime << 32 | times[0].dwLowDateTime
        finally:
            api.CloseHandle(handle)

    def client_rect(window: int) -> Rect | None:
        """A window's client area on the desktop."""
        size, corner = wintypes.RECT(), wintypes.POINT()
        if not api.GetClientRect(window, ctypes.byref(size)) or not api.ClientToScreen(window, ctypes.byref(corner)):
            return None
        return (corner.x, corner.y, corner.x + size.right, corner.y + size.bottom)

    def window_rect(window: int) -> Rect | None:
        """A window with its frame and shadow: more is masked than is covered, never less."""
        rect = wintypes.RECT()
        return (rect.left, rect.top, rect.right, rect.bottom) if api.GetWindowRect(window, ctypes.byref(rect)) else None

    def scale_of(window: int) -> float:
        """Physical pixels for each logical one."""
        return (api.GetDpiForWindow(window) or DPI_OF_SCALE_1) / DPI_OF_SCALE_1

    def listed() -> list[Listed]:
        """Windows that can be seen, front to back: EnumWindows tells them in that order."""
        found: list[Listed] = []

        def each(window: int, _: int) -> bool:
            cloaked = wintypes.DWORD()
            size = ctypes.sizeof(cloaked)
            api.DwmGetWindowAttribute(window, api.DWMWA_CLOAKED, ctypes.byref(cloaked), size)
            rect = window_rect(window)
            if rect and api.IsWindowVisible(window) and not api.IsIconic(window) and not cloaked.value:
                pid = wintypes.DWORD()
                api.GetWindowThreadProcessId(window, ctypes.byref(pid))
                found.append(Listed(window, pid.value, rect))
            return True

        api.EnumWindows(api.WNDENUMPROC(each), 0)
        return found

    def scene_of(window: int) -> Scene | None:
        """Where a window is, and what lies over it."""
        edges = (api.SM_XVIRTUALSCREEN, api.SM_YVIRTUALSCREEN, api.SM_CXVIRTUALSCREEN, api.SM_CYVIRTUALSCREEN)
        left, top, width, height = map(api.GetSystemMetrics, edges)
        client = client_rect(window)
        return client and scene(listed(), window, (left, top, left + width, top + height), client)
