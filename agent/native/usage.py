"""Linux key codes as USB HID usages, so that a recorded key means the same on every system.

The left side is ``linux/input-event-codes.h``, the right side page 0x07 (Keyboard/Keypad) of the USB HID Usage Tables
1.5 §10. An X key code is the Linux one plus 8, on every server that takes its keyboards from evdev or libinput (and
on Xvfb, which uses the same key codes).
"""

X_OFFSET = 8
"""X11 reserves key codes 0 to 7, so servers add this to the kernel's code."""


def _run(first: int, usages: str) -> dict[int, int]:
    """Consecutive key codes from ``first`` on, with their usages in hexadecimal; ``--`` has none."""
    return {first + i: int(u, 16) for i, u in enumerate(usages.split()) if u != "--"}


USAGE_OF_EVDEV: dict[int, int] = {
    **_run(1, "29 1E 1F 20 21 22 23 24 25 26 27 2D 2E 2A"),  # Esc 1 … 0 - = Backspace
    **_run(15, "2B 14 1A 08 15 17 1C 18 0C 12 13 2F 30 28"),  # Tab q … p [ ] Enter
    **_run(29, "E0 04 16 07 09 0A 0B 0D 0E 0F 33 34 35"),  # left Ctrl a … l ; ' `
    **_run(42, "E1 31 1D 1B 06 19 05 11 10 36 37 38 E5"),  # left Shift \ z … m , . / right Shift
    **_run(55, "55 E2 2C 39"),  # keypad *, left Alt, Space, Caps Lock
    **_run(59, "3A 3B 3C 3D 3E 3F 40 41 42 43 53 47"),  # F1 … F10, Num Lock, Scroll Lock
    **_run(71, "5F 60 61 56 5C 5D 5E 57 59 5A 5B 62 63"),  # keypad 7 8 9 - 4 5 6 + 1 2 3 0 .
    **_run(85, "94 64 44 45 87 92 93 8A 88 8B 8C 58 E4 54 46 E6"),  # 102nd key, F11, F12, Japanese, right Ctrl, Alt
    **_run(102, "4A 52 4B 50 4F 4D 51 4E 49 4C -- 7F 81 80 66 67"),  # Home … Delete, mute, volume, power, keypad =
    **_run(119, "48 -- 85 90 91 89 E3 E7 65"),  # Pause, keypad comma, Hangul, Hanja, Yen, Super, Menu
    **_run(128, "78 79 76 7A 77 7C 74 7D 7E 7B 75"),  # Stop Again Props Undo Front Copy Open Paste Find Cut Help
    **_run(179, "B6 B7 -- -- 68 69 6A 6B 6C 6D 6E 6F 70 71 72 73"),  # keypad ( ), F13 … F24
}
"""HID usage on page 7 for each Linux key code that has one."""


def usage_of_x(keycode: int) -> int | None:
    """The HID usage of an X key code, or ``None`` for a key that page 7 does not know (such as media keys)."""
    return USAGE_OF_EVDEV.get(keycode - X_OFFSET)
