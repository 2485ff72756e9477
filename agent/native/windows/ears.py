"""pynput's listeners on Windows (low-level hooks in a thread with a message loop), but without moves."""

import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from agent.native.base import NativeUnavailable
from agent.native.strokes import ButtonHeard, Heard, KeyHeard, WheelHeard
from agent.native.usage import usage_of_scan
from schemas.events import Button, Modality

Stroke = tuple[bool, int, int, bool]
"""Down, scan code, virtual key, injected."""
JOIN_S = 10
"""Seconds within which a listener has to end."""
WHEEL_DELTA = 120
EXTENDED, INJECTED = 0x01, 0x10 | 0x02
"""KBDLLHOOKSTRUCT.flags: LLKHF_EXTENDED; LLKHF_INJECTED and LLKHF_LOWER_IL_INJECTED."""
EXTENDED_CODE = 0xE000
MOUSE_INJECTED = 0x01 | 0x02
WM_MOUSEMOVE, WM_MOUSEWHEEL, WM_MOUSEHWHEEL = 0x0200, 0x020A, 0x020E
WM_XBUTTONDOWN, WM_XBUTTONUP = 0x020B, 0x020C
PRESSES = frozenset({0x0100, 0x0104})
"""WM_KEYDOWN, WM_SYSKEYDOWN."""
BUTTONS: dict[int, tuple[Button, bool]] = {
    0x0201: (Button.LEFT, True), 0x0202: (Button.LEFT, False), 0x0204: (Button.RIGHT, True),
    0x0205: (Button.RIGHT, False), 0x0207: (Button.MIDDLE, True), 0x0208: (Button.MIDDLE, False),
}  # fmt: skip
"""WM_LBUTTONDOWN … WM_MBUTTONUP."""


def signed_high(word: int) -> int:
    """The upper 16 bits of a message's data, with their sign."""
    high = word >> 16 & 0xFFFF
    return high - 0x10000 if high & 0x8000 else high


def button_of(message: int, data: int) -> tuple[Button, bool] | None:
    """Which button, and whether it went down; ``None`` for any other message."""
    if message in {WM_XBUTTONDOWN, WM_XBUTTONUP}:
        return (Button.BACK if signed_high(data) == 1 else Button.FORWARD), message == WM_XBUTTONDOWN
    return BUTTONS.get(message)


if sys.platform == "win32":
    from pynput import keyboard, mouse

    class WindowsEars:
        """A :class:`agent.native.pynput_source.Ears`. pynput calls the filters in its hooks' threads, with all data.

        Args:
            over: whether a window's own pixels are at a point.
        """

        def __init__(self, over: Callable[[int, int, int], bool]) -> None:
            self._over = over
            self._running: list[Any] = []

        def start(self, modalities: frozenset[Modality], window: int, heard: Callable[[Heard], None]) -> None:
            """See the Protocol."""
            if Modality.KEYBOARD in modalities:
                # The filter hears scan codes; the press that follows hears what they type.
                last: deque[Stroke] = deque()
                self._begin(keyboard.Listener(
                    on_press=lambda key: _key(last, key, heard), on_release=lambda key: _key(last, key, heard),
                    win32_event_filter=lambda message, data: _keep(last, message, data),
                ))  # fmt: skip
            if Modality.POINTER in modalities:
                self._begin(mouse.Listener(win32_event_filter=lambda m, d: self._pointer(m, d, window, heard)))

        def alive(self) -> bool:
            """See the Protocol."""
            return all(one.is_alive() for one in self._running)

        def stop(self) -> None:
            """See the Protocol."""
            running, self._running = self._running, []
            for one in running:
                one.stop()
            for one in running:
                threading.Thread.join(one, JOIN_S)

        def _begin(self, listener: Any) -> None:
            self._running.append(listener)
            listener.start()
            listener.wait()
            if not listener.is_alive():
                raise NativeUnavailable("Windows refuses the input hook", "sign out and in again")

        def _pointer(self, message: int, data: Any, window: int, heard: Callable[[Heard], None]) -> bool:
            """Tell, and have pynput do nothing further: what is ``False`` here still goes to other programs."""
            x, y, injected = data.pt.x, data.pt.y, bool(data.flags & MOUSE_INJECTED)
            button = button_of(message, data.mouseData)
            if button is not None:
                over = self._over(window, x, y)
                heard(ButtonHeard(down=button[1], button=button[0], x=x, y=y, over=over, injected=injected))
            elif message in {WM_MOUSEWHEEL, WM_MOUSEHWHEEL}:
                notches, over = signed_high(data.mouseData) / WHEEL_DELTA, self._over(window, x, y)
                across = message == WM_MOUSEHWHEEL
                heard(WheelHeard(dx=notches if across else 0.0, dy=0.0 if across else -notches, x=x, y=y, over=over,
                                 injected=injected))  # fmt: skip
            return False

    def _keep(last: deque[Stroke], message: int, data: Any) -> bool:
        code = data.scanCode | (EXTENDED_CODE if data.flags & EXTENDED else 0)
        last.append((message in PRESSES, code, data.vkCode, bool(data.flags & INJECTED)))
        return True

    def _key(last: deque[Stroke], key: Any, heard: Callable[[Heard], None]) -> None:
        down, code, virtual, injected = last.popleft()  # pynput keeps their order
        text = getattr(key, "char", None)
        heard(KeyHeard(down=down, usage=usage_of_scan(code), keycode=code, keysym=virtual, text=text,
                       injected=injected))  # fmt: skip
