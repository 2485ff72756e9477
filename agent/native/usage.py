"""Each system's key codes as USB HID usages, so that a recorded key means the same on all of them.

Of Linux, the left side is ``linux/input-event-codes.h``, the right side page 0x07 (Keyboard/Keypad) of the USB HID
Usage Tables 1.5 §10. An X key code is the Linux one plus 8, on every server that takes its keyboards from evdev or
libinput (and on Xvfb, which uses the same key codes).
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


LAST_OF_SET_1 = 0x58
PAUSE = 0x45

USAGE_OF_SCAN: dict[int, int] = {
    **{code: usage for code, usage in USAGE_OF_EVDEV.items() if code <= LAST_OF_SET_1 and code != PAUSE},
    PAUSE: 0x48, 0xE045: 0x53, 0xE01C: 0x58, 0xE01D: 0xE4, 0xE035: 0x54, 0xE037: 0x46, 0xE038: 0xE6, 0xE046: 0x48,
    **_run(0xE047, "4A 52 4B -- 50 -- 4F -- 4D 51 4E 49 4C"),  # Home Up PageUp Left Right End Down PageDown Ins Del
    0xE05B: 0xE3, 0xE05C: 0xE7, 0xE05D: 0x65,
}  # fmt: skip
"""Scan codes of set 1, as Windows tells them: Linux took its first codes from there. ``0xE000``: the extended ones.
Windows calls Pause 0x45 and Num Lock the extended 0x45 (low-level keyboard hook)."""

USAGE_OF_MAC: dict[int, int] = {
    **_run(0x00, "04 16 07 09 0B 0A 1D 1B 06 19 64 05 14 1A 08 15"),  # a s d f h g z x c v § b q w e r
    **_run(0x10, "1C 17 1E 1F 20 21 23 22 2E 26 24 2D 25 27 30 12"),  # y t 1 2 3 4 6 5 = 9 7 - 8 0 ] o
    **_run(0x20, "18 2F 0C 13 28 0F 0D 34 0E 33 31 36 38 11 10 37"),  # u [ i p Return l j ' k ; \\ , / n m .
    **_run(0x30, "2B 2C 35 2A -- 29 E7 E3 E1 39 E2 E0 E5 E6 E4"),  # Tab Space ` Delete Esc, then modifiers
    **_run(0x40, "6C 63 -- 55 -- 57 -- 53 80 81 7F 54 58 -- 56 6D"),  # F17, keypad, volume, F18
    **_run(0x50, "6E 67 62 59 5A 5B 5C 5D 5E 5F 6F 60 61 89 87 85"),  # F19, keypad, F20, Yen, Japanese
    **_run(0x60, "3E 3F 40 3C 41 42 91 44 90 68 6B 69 -- 43 65 45"),  # F5 F6 F7 F3 F8 F9 Eisu F11 Kana F13 F16 F14 F10
    **_run(0x71, "6A 49 4A 4B 4C 3D 4D 3B 4E 3A 50 4F 51 52"),  # F15 Help Home PageUp Del F4 End F2 PageDown F1, arrows
}
"""Virtual key codes of macOS (Carbon, HIToolbox/Events.h): they name places on the keyboard, not letters."""


def usage_of_scan(code: int) -> int | None:
    """The HID usage of a scan code of Windows."""
    return USAGE_OF_SCAN.get(code)


def usage_of_mac(code: int) -> int | None:
    """The HID usage of a virtual key code of macOS."""
    return USAGE_OF_MAC.get(code)
