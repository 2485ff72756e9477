"""A window of the benchmark's own, and hands that are as quick as the X server: for bursts and for latencies."""

import select
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import xcffib
import xcffib.xproto
import xcffib.xtest
from Xlib import X
from Xlib.display import Display

from benchmarks.household import FRONT

KEY_PRESS, KEY_RELEASE, BUTTON_PRESS, BUTTON_RELEASE, MOTION = 2, 3, 4, 5, 6
"""Events of the core protocol (X.h), which XTEST is asked for by."""
LETTERS = (38, 56, 54, 40, 26, 41, 42, 43)
"""Key codes of a to h on a PC keyboard."""
ANSWER_S = 2.0
"""Seconds for a key to come back before it counts as lost."""


class PlainWindow:
    """A managed window that gets keys and does nothing with them, and XTEST on the same display.

    Two connections: what is sent on one cannot wait for what arrives on the other.

    Args:
        display: The display's name.
    """

    def __init__(self, display: str) -> None:
        self._shown = Display(display)
        screen = self._shown.screen()
        self._window = screen.root.create_window(
            FRONT.x, FRONT.y, FRONT.width, FRONT.height, 0, screen.root_depth, background_pixel=screen.white_pixel
        )
        self._window.set_wm_name("Plain window")
        self._window.map()
        self._shown.sync()
        self.id: int = self._window.id
        self._hands: Any = xcffib.connect(display)
        self._xtest = self._hands(xcffib.xtest.key)
        self._root = self._hands.setup.roots[self._hands.pref_screen].root

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hands.disconnect()
        self._shown.close()

    def hear_keys(self, *, wanted: bool) -> None:
        """Whether the server is to tell this window of keys."""
        self._window.change_attributes(event_mask=X.KeyPressMask if wanted else X.NoEventMask)
        self._shown.sync()

    def send(self, events: Sequence[tuple[int, int]]) -> None:
        """Send events (type, detail) in one go; for moves the detail is the pixel of :data:`INSIDE` to go to."""
        for kind, detail in events:
            x, y = _place(detail) if kind == MOTION else (0, 0)
            self._xtest.FakeInput(kind, 0 if kind == MOTION else detail, X.CurrentTime, self._root, x, y, 0)
        self._hands.flush()

    def taken_in(self) -> None:
        """Wait until the server has taken in all that was sent."""
        self._hands.core.GetInputFocus().reply()

    def key_ms(self, number: int) -> float | None:
        """Press and release a key; milliseconds until the press arrived, ``None`` if it never did."""
        code = LETTERS[number % len(LETTERS)]
        begun = time.perf_counter()
        self.send([(KEY_PRESS, code), (KEY_RELEASE, code)])
        while (left := begun + ANSWER_S - time.perf_counter()) > 0:
            while self._shown.pending_events():
                if self._shown.next_event().type == X.KeyPress:
                    return 1e3 * (time.perf_counter() - begun)
            select.select([self._shown], [], [], left)
        return None


def _place(number: int) -> tuple[int, int]:
    return FRONT.x + 40 + number * 7 % (FRONT.width - 80), FRONT.y + 40 + number * 3 % (FRONT.height - 80)
