"""Real input: keys, clicks, drags and wheel through the XTEST extension, as if a person's hands had done them.

Everything goes by key code, so the server's keymap, group and modifiers stay as they are. (`xdotool type` remaps
keys for letters that the layout lacks, and `xdotool key` resets the layout group: both disturb what is measured.)
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from Xlib import XK, X
from Xlib import error as x_error
from Xlib.display import Display
from Xlib.ext import xtest
from Xlib.protocol import event

from tests.support.waiting import until
from tests.support.windows import Rectangle, ancestors, geometry, managed_ids

LEFT, MIDDLE, RIGHT = 1, 2, 3
WHEEL_UP, WHEEL_DOWN = 4, 5
MODIFIERS = {"shift": "Shift_L", "ctrl": "Control_L", "alt": "Alt_L", "super": "Super_L", "altgr": "ISO_Level3_Shift"}
CONTROL_KEYS = {"\n": "Return", "\t": "Tab", "\b": "BackSpace", "\x1b": "Escape"}
DRAG_STEPS = 10
"""Moves in one drag: toolkits start to drag only after some pixels, and only on a move of its own."""
DRAG_S = 0.2
"""As long as a quick hand needs: sent all at once, the window manager sees press and release but no moves."""
SIZE_STEP_PX = 32
"""Terminals take whole cells only: a window this near to the wished size has it."""
NORTH_WEST = 1
"""ICCCM gravity: the position meant is the frame's. (With Static, openbox misjudges its own frame from then on.)"""
ADD_STATE = 1
FROM_PAGER = 2
"""EWMH source indication: a wish of the person's, which window managers do not refuse as focus stealing."""


class Driver:
    """Hands on a display's keyboard and mouse. Each method returns when the server has taken in all that it sent."""

    def __init__(self, display: str) -> None:
        self.display = display
        self._x = Display(display)
        self._codes = self._read_layout()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close_connection()

    def close_connection(self) -> None:
        """Let go of the display, also of one that is gone."""
        with suppress(x_error.ConnectionClosedError, OSError):  # a killed server has closed it already
            self._x.close()

    def type_text(self, text: str, interval_s: float = 0.0) -> None:
        """Type a text, with Shift where the layout needs it; newline, tab, backspace and escape are keys too.

        Args:
            text: Only what the keyboard's first layout has on a key, plain or with Shift.
            interval_s: From one character to the next.

        Raises:
            ValueError: A character is on no key; nothing was typed.
        """
        strokes = [self._stroke(character) for character in text]
        for number, (code, shifted) in enumerate(strokes):
            if number and interval_s:
                time.sleep(interval_s)
            with self._held(["shift"] if shifted else []):
                self._press(code)
            self._x.flush()
        self._x.sync()

    def key(self, name: str, modifiers: Sequence[str] = ()) -> None:
        """Press and release one key while others are held.

        Args:
            name: An X key name ("Return", "F5", "Page_Down") or a character ("s").
            modifiers: Of "shift", "ctrl", "alt", "super", "altgr".

        Raises:
            ValueError: The keyboard has no such key.
        """
        code = self._stroke(name)[0] if len(name) == 1 else self._code(name)
        with self._held(modifiers):
            self._press(code)
        self._x.sync()

    def move(self, x: int, y: int) -> None:
        """Move the pointer to a point of the screen."""
        self._move(x, y)
        self._x.sync()

    def pointer(self) -> tuple[int, int]:
        """Where the pointer is."""
        found = self._x.screen().root.query_pointer()
        return found.root_x, found.root_y

    def click(self, x: int, y: int, button: int = LEFT, times: int = 1) -> None:
        """Move to a point, then press and release a button there, `times` times."""
        self._move(x, y)
        for _ in range(times):
            self._button(button)
        self._x.sync()

    def drag(
        self, start: tuple[int, int], end: tuple[int, int], button: int = LEFT, duration_s: float = DRAG_S
    ) -> None:
        """Press a button at one point, move to the other in steps over `duration_s`, and release it there."""
        self._move(*start)
        xtest.fake_input(self._x, X.ButtonPress, button)
        for step in range(1, DRAG_STEPS + 1):
            x, y = (a + (b - a) * step // DRAG_STEPS for a, b in zip(start, end, strict=True))
            self._x.sync()
            time.sleep(duration_s / DRAG_STEPS)
            self._move(x, y)
        self._x.sync()
        time.sleep(duration_s / DRAG_STEPS)
        xtest.fake_input(self._x, X.ButtonRelease, button)
        self._x.sync()

    def scroll(self, x: int, y: int, clicks: int) -> None:
        """Turn the wheel over a point; positive is down (towards the text's end)."""
        self._move(x, y)
        for _ in range(abs(clicks)):
            self._button(WHEEL_DOWN if clicks > 0 else WHEEL_UP)
        self._x.sync()

    def focused(self) -> list[int]:
        """The window that has the keyboard, and all that it lies in; empty if none has."""
        focus = self._x.get_input_focus().focus
        return ancestors(self._x, focus.id) if hasattr(focus, "id") else []

    def focus_window(self, wid: int) -> None:
        """Bring a window to the front, and return when it (or a part of it) really has the keyboard.

        Raises:
            NotInTimeError: It did not get it.
        """
        self._ask_manager(wid, "_NET_ACTIVE_WINDOW", [FROM_PAGER, X.CurrentTime, 0, 0, 0])
        until(lambda: wid in self.focused(), what=f"window {wid:#x} to have the focus")

    def move_resize(self, wid: int, wish: Rectangle) -> Rectangle:
        """Place a window (without its frame), and return where it came to be: terminals round their size.

        Raises:
            NotInTimeError: It did not get there.
        """
        all_four = 0b1111 << 8
        left, top = self._frame_offset(wid)
        corner = (wish.x - left, wish.y - top)
        data = [NORTH_WEST | all_four | FROM_PAGER << 12, *corner, wish.width, wish.height]
        self._ask_manager(wid, "_NET_MOVERESIZE_WINDOW", data)

        def there() -> Rectangle | None:
            now = geometry(self.display, wid)
            off = max(abs(now.width - wish.width), abs(now.height - wish.height))
            return now if (now.x, now.y) == (wish.x, wish.y) and off < SIZE_STEP_PX else None

        return until(there, what=f"window {wid:#x} to be at {wish}")

    def keep_above(self, wid: int) -> None:
        """Have a window stay above all others, as "always on top" in its menu does, and return when it does.

        Raises:
            NotInTimeError: It does not.
        """
        state, above = (self._x.intern_atom(name) for name in ("_NET_WM_STATE", "_NET_WM_STATE_ABOVE"))
        self._ask_manager(wid, "_NET_WM_STATE", [ADD_STATE, above, 0, FROM_PAGER, 0])
        window = self._x.create_resource_object("window", wid)

        def there() -> bool:
            prop = window.get_full_property(state, X.AnyPropertyType)
            return prop is not None and above in prop.value

        until(there, what=f"window {wid:#x} to be kept above")

    def close(self, wid: int) -> None:
        """Close a window as its ✕ does, and return when it is gone.

        Raises:
            NotInTimeError: It stayed; perhaps it asks whether to save.
        """
        self._ask_manager(wid, "_NET_CLOSE_WINDOW", [X.CurrentTime, FROM_PAGER, 0, 0, 0])
        until(lambda: wid not in managed_ids(self._x), what=f"window {wid:#x} to close")

    def _read_layout(self) -> dict[int, tuple[int, bool]]:
        """For each key symbol, the key that gives it in the first group, plain (preferred) or with Shift."""
        low, high = self._x.display.info.min_keycode, self._x.display.info.max_keycode
        rows = self._x.get_keyboard_mapping(low, high - low + 1)
        codes: dict[int, tuple[int, bool]] = {}
        for level in (0, 1):
            for code, row in enumerate(rows, low):
                codes.setdefault(row[level], (code, level == 1))
        return codes

    def _code(self, key_name: str) -> int:
        symbol = XK.string_to_keysym(key_name)
        if symbol == X.NoSymbol or symbol not in self._codes:
            raise ValueError(f"no key {key_name!r} on this keyboard")
        return self._codes[symbol][0]

    def _stroke(self, character: str) -> tuple[int, bool]:
        """The key for a character, and whether with Shift. Latin-1 characters are their own key symbols."""
        if character in CONTROL_KEYS:
            return self._code(CONTROL_KEYS[character]), False
        if ord(character) not in self._codes or not character.isprintable():
            raise ValueError(f"no key for {character!r} on this keyboard")
        return self._codes[ord(character)]

    @contextmanager
    def _held(self, modifiers: Sequence[str]) -> Iterator[None]:
        codes = [self._code(MODIFIERS[name]) for name in modifiers]
        for code in codes:
            xtest.fake_input(self._x, X.KeyPress, code)
        try:
            yield
        finally:
            for code in reversed(codes):
                xtest.fake_input(self._x, X.KeyRelease, code)

    def _press(self, code: int) -> None:
        xtest.fake_input(self._x, X.KeyPress, code)
        xtest.fake_input(self._x, X.KeyRelease, code)

    def _button(self, button: int) -> None:
        xtest.fake_input(self._x, X.ButtonPress, button)
        xtest.fake_input(self._x, X.ButtonRelease, button)

    def _move(self, x: int, y: int) -> None:
        xtest.fake_input(self._x, X.MotionNotify, x=x, y=y)

    def _frame_offset(self, wid: int) -> tuple[int, int]:
        """How far a window lies from its frame's corner, in pixels (`_NET_FRAME_EXTENTS`: left, right, top, bottom)."""
        window = self._x.create_resource_object("window", wid)
        prop = window.get_full_property(self._x.intern_atom("_NET_FRAME_EXTENTS"), X.AnyPropertyType)
        return (prop.value[0], prop.value[2]) if prop else (0, 0)

    def _ask_manager(self, wid: int, wish: str, data: list[int]) -> None:
        window = self._x.create_resource_object("window", wid)
        message = event.ClientMessage(window=window, client_type=self._x.intern_atom(wish), data=(32, data))
        self._x.screen().root.send_event(message, X.SubstructureRedirectMask | X.SubstructureNotifyMask)
        self._x.sync()
