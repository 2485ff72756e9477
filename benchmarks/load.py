"""Bounded load on a display: keys, clicks and moves through XTEST, by a steady schedule, until stopped or used up."""

import threading
import time
from types import TracebackType
from typing import Self

from Xlib import XK, X
from Xlib.display import Display
from Xlib.ext import xtest

LETTERS = "abcdefghij \n"
MOVE_STEP_PX = 7
LATE_S = 0.25
"""Seconds behind schedule after which the schedule starts anew: a burst would be no steady load."""


class Load:
    """Hands that never rest, in a thread of their own, for as long as the ``with`` block lasts.

    Args:
        display: The display's name, such as ":7".
        area: Left, top, right, bottom in pixels, within which to point and click.
        keys: Keys a second.
        clicks: Clicks a second.
        moves: Moves a second.
        limit_s: Seconds after which it ends by itself.

    Attributes:
        sent: Keys, clicks and moves sent up to now.
    """

    def __init__(
        self,
        display: str,
        area: tuple[int, int, int, int],
        *,
        keys: float = 40,
        clicks: float = 2,
        moves: float = 60,
        limit_s: float = 3600,
    ) -> None:
        self.sent = {"key": 0, "click": 0, "move": 0}
        self._rates = {"key": keys, "click": clicks, "move": moves}
        self._area = area
        self._limit_s = limit_s
        self._x = Display(display)
        self._codes = [
            self._x.keysym_to_keycode(XK.string_to_keysym({" ": "space", "\n": "Return"}.get(c, c))) for c in LETTERS
        ]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._x.close()

    def _run(self) -> None:
        ends = time.monotonic() + self._limit_s
        due = {kind: time.monotonic() + 1 / rate for kind, rate in self._rates.items() if rate > 0}
        while due and not self._stop.is_set() and time.monotonic() < ends:
            kind = min(due, key=lambda k: due[k])
            wait = due[kind] - time.monotonic()
            if wait > 0 and self._stop.wait(wait):
                return
            due[kind] = max(due[kind], time.monotonic() - LATE_S) + 1 / self._rates[kind]
            self._send(kind, self.sent[kind])
            self.sent[kind] += 1
            self._x.flush()

    def _send(self, kind: str, number: int) -> None:
        left, top, right, bottom = self._area
        if kind == "key":
            code = self._codes[number % len(self._codes)]
            xtest.fake_input(self._x, X.KeyPress, code)
            xtest.fake_input(self._x, X.KeyRelease, code)
        elif kind == "click":
            xtest.fake_input(self._x, X.ButtonPress, 1)
            xtest.fake_input(self._x, X.ButtonRelease, 1)
        else:
            x = left + number * MOVE_STEP_PX % (right - left)
            y = top + number * 3 % (bottom - top)
            xtest.fake_input(self._x, X.MotionNotify, x=x, y=y)
