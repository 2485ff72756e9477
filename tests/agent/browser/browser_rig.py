"""A daemon's ears for browsers, alone: the real control socket, the real X server's focus, and what they make of it."""

import selectors
import socket
import threading
import time
from pathlib import Path
from typing import Any

from agent.core.site import RENEW_MS, Site
from agent.daemon.server import ControlServer
from agent.daemon.sites import Sites
from agent.native.base import FocusChanged
from agent.native.choose import open_native
from agent.native.parent import parent_of
from agent.net.control import Request
from tests.support.desktop import Desktop
from tests.support.waiting import until

UNKNOWN = "unknown"
ELSEWHERE = "elsewhere"
PRIVATE = "private"
HIDING = "a field for a secret of"
NOT_A_BROWSER = "not a browser:"
SLOW_S = 30.0


class SystemClock:
    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def time_ns(self) -> int:
        return time.time_ns()


class Ears:
    """Listens until closed. ``heard`` is every answer to "what does the window in front show?", with its time."""

    def __init__(self, desktop: Desktop, runtime: Path, browsers: frozenset[str]) -> None:
        runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.clock = SystemClock()
        self.heard: list[tuple[int, str]] = []
        self.shown_by: dict[int, set[str]] = {}  # every answer, by the window that was in front
        self._selector = selectors.DefaultSelector()
        self.server = ControlServer(
            runtime / "control.sock",
            self._selector,
            self._answer,
            monotonic_ns=self.clock.monotonic_ns,
            lost=lambda: None,
        )
        self.sites = Sites(
            self.clock, lambda: self.server.clients, lambda: browsers, parent_of, self.server.send, self._news
        )
        self.server.sites = self.sites
        self._browsers = browsers
        self._native = open_native(desktop.env, self.clock)
        self._selector.register(self._native.fileno(), selectors.EVENT_READ, self._focus)
        self._near, self._far = socket.socketpair()
        self._selector.register(self._near, selectors.EVENT_READ, lambda _: self._near.recv(10))
        self._running = True
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def now(self) -> str:
        return self.heard[-1][1] if self.heard else ""

    def wait_for(self, what: str, timeout: float = SLOW_S) -> None:
        try:
            until(lambda: self.now == what, timeout, f"the site to be {what}")
        except TimeoutError as late:
            raise AssertionError(f"{late}; heard {[w for _, w in self.heard]}") from None

    def stays(self, what: str) -> None:
        """It is so, and the browser has said so twice more since."""
        self.wait_for(what)
        begin = self.clock.monotonic_ns()
        until(lambda: self.clock.monotonic_ns() - begin > 3 * RENEW_MS * 10**6)
        assert self.now == what, [w for _, w in self.heard]

    def close(self) -> None:
        self._running = False
        self._far.send(b"!")
        self._thread.join()
        self._native.close()
        self.server.close()
        self._selector.close()
        self._near.close()
        self._far.close()

    def _run(self) -> None:
        self._look()
        while self._running:
            due = self.sites.deadline_ns()
            wait_s = None if due is None else max(0.0, (due - time.monotonic_ns()) / 1e9)
            for key, mask in self._selector.select(wait_s):
                key.data(mask)
            self.sites.on_time(time.monotonic_ns())

    def _focus(self, _mask: int) -> None:
        if any(isinstance(signal, FocusChanged) for signal in self._native.read()):
            self._look()

    def _news(self, _since_ns: int, _why: str) -> None:
        self._look()

    def _look(self) -> None:
        window = self._native.focused()
        browser = window if window is not None and window.executable in self._browsers else None
        site = self.sites.look(browser)
        said = spoken(site) if browser is not None else f"{NOT_A_BROWSER} {window!r}"
        if window is not None:
            self.shown_by.setdefault(window.window, set()).add(said)
        if not self.heard or self.heard[-1][1] != said:
            self.heard.append((time.monotonic_ns(), said))

    def _answer(self, _request: Request) -> dict[str, Any]:
        return {"v": 1}


def spoken(site: Site | None) -> str:
    if site is None:
        return UNKNOWN
    if site.private:
        return PRIVATE
    if site.secret:
        return f"{HIDING} {site.origin}"
    return site.origin or ELSEWHERE
