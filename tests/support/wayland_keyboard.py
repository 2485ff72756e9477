"""A keyboard of one's own in a Wayland session (virtual-keyboard-unstable-v1): real keys, through the compositor."""

import os
import time
from collections.abc import Mapping
from typing import Self

from agent.native.wayland.protocol import CompositorGone, Connection

MANAGER = "zwp_virtual_keyboard_manager_v1"
CREATE, KEYMAP, KEY, MODIFIERS = 0, 0, 1, 2
XKB_V1 = 1
SHIFT_KEY, SHIFT = 42, 1
SETTLE_S = 0.3
"""A new keyboard takes programs a moment; the first key would be lost."""
LAYOUT = """xkb_keymap {
  xkb_keycodes { include "evdev+aliases(qwerty)" };
  xkb_types { include "complete" };
  xkb_compat { include "complete" };
  xkb_symbols { include "pc+us+inet(evdev)" };
};
"""
_ROWS = (
    ("1234567890-=", "!@#$%^&*()_+", 2),
    ("qwertyuiop[]", "QWERTYUIOP{}", 16),
    ("asdfghjkl;'`", 'ASDFGHJKL:"~', 30),
    ("\\zxcvbnm,./", "|ZXCVBNM<>?", 43),
)
KEYS = {
    char: (code + at, shifted)
    for plain, upper, code in _ROWS
    for row, shifted in ((plain, False), (upper, True))
    for at, char in enumerate(row)
} | {" ": (57, False), "\n": (28, False), "\t": (15, False), "\b": (14, False)}
"""Character → evdev key (linux/input-event-codes.h) and whether with Shift, on a US keyboard."""


class Keyboard:
    """Exists in a ``with`` block. Its keys go where the compositor's focus is.

    Args:
        environ: which session.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._connection = Connection(environ)
        seat, manager = self._connection.bind("wl_seat", 1), self._connection.bind(MANAGER, 1)
        if seat is None or manager is None:
            raise CompositorGone("no virtual keyboards here")
        self._keyboard = self._connection.new()
        self._connection.send(manager, CREATE, seat, self._keyboard)
        data = LAYOUT.encode() + b"\0"
        held = os.memfd_create("keymap")
        os.write(held, data)
        self._connection.send(self._keyboard, KEYMAP, XKB_V1, len(data), fds=(held,))
        os.close(held)
        self._connection.roundtrip()
        time.sleep(SETTLE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def type(self, text: str, pause_s: float = 0.02) -> None:
        """Type a text, key by key."""
        for char in text:
            code, shifted = KEYS[char]
            if shifted:
                self._connection.send(self._keyboard, MODIFIERS, SHIFT, 0, 0, 0)
            for state in (1, 0):
                self._connection.send(self._keyboard, KEY, int(time.monotonic() * 1000) & 0xFFFF_FFFF, code, state)
            if shifted:
                self._connection.send(self._keyboard, MODIFIERS, 0, 0, 0, 0)
            self._connection.roundtrip()
            time.sleep(pause_s)
