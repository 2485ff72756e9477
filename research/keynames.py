"""Names of keys, as actions tell them: one spelling, from which each adapter makes its target's own."""

from typing import Final

from schemas.events import Modifier

_SPECIAL: Final = {
    0xFF08: "backspace", 0xFF09: "tab", 0xFE20: "tab", 0xFF0D: "enter", 0xFF8D: "enter", 0xFF1B: "escape",
    0xFFFF: "delete", 0xFF9F: "delete", 0xFF50: "home", 0xFF95: "home", 0xFF57: "end", 0xFF9C: "end",
    0xFF51: "left", 0xFF96: "left", 0xFF52: "up", 0xFF97: "up", 0xFF53: "right", 0xFF98: "right",
    0xFF54: "down", 0xFF99: "down", 0xFF55: "pageup", 0xFF9A: "pageup", 0xFF56: "pagedown", 0xFF9B: "pagedown",
    0xFF63: "insert", 0xFF9E: "insert", 0xFF61: "printscreen", 0xFF67: "menu", 0xFF13: "pause", 0x20: "space",
}  # fmt: skip
"""X11 keysym (keysymdef.h) → name; the key pad's double where it has the same meaning."""
_FIRST_F: Final = 0xFFBE
_F_KEYS: Final = 24
_LONE: Final = frozenset([*range(0xFFE1, 0xFFEF), *range(0xFE01, 0xFE14), 0xFF7E, 0xFF7F, 0xFF14, 0xFF20])
"""Keysyms of modifiers, locks, group switches and the compose key: nothing by themselves."""
_UNICODE: Final = 0x01000000
"""Keysyms from here on are this plus a code point."""
_CONTROLS: Final = {"\b": "backspace", "\t": "tab", "\r": "enter", "\n": "enter", "\x1b": "escape", "\x7f": "delete"}

HELD: Final = (
    ("ctrl", int(Modifier.LEFT_CTRL | Modifier.RIGHT_CTRL)),
    ("alt", int(Modifier.LEFT_ALT | Modifier.RIGHT_ALT)),
    ("super", int(Modifier.LEFT_SUPER | Modifier.RIGHT_SUPER)),
    ("shift", int(Modifier.LEFT_SHIFT | Modifier.RIGHT_SHIFT)),
)
"""Name → mask, in the order in which shortcuts are usually written."""
# Plain numbers, for this is asked of every key: `&` between flags takes twenty times as long.
_ALWAYS: Final = int(Modifier.LEFT_CTRL | Modifier.RIGHT_CTRL | Modifier.LEFT_SUPER | Modifier.RIGHT_SUPER)
_LEFT_ALT: Final = int(Modifier.LEFT_ALT)
_RIGHT_ALT: Final = int(Modifier.RIGHT_ALT)


def lone(keysym: int | None) -> bool:
    """True for a key that does nothing by itself."""
    return keysym in _LONE


def key_name(keysym: int | None, text: str | None) -> str | None:
    """The name of a key: ``enter``, ``f5``, or the lower-case character that it carries. None if nothing tells."""
    if text in _CONTROLS:
        return _CONTROLS[text]
    if keysym in _SPECIAL:
        return _SPECIAL[keysym]
    if keysym is not None and _FIRST_F <= keysym < _FIRST_F + _F_KEYS:
        return f"f{keysym - _FIRST_F + 1}"
    char = _character(keysym)
    if char is None and text and len(text) == 1 and text.isprintable():
        char = text
    return char.lower() if char else None


def _character(keysym: int | None) -> str | None:
    if keysym is None:
        return None
    latin = 0x20 < keysym < 0x7F or 0xA0 < keysym <= 0xFF  # noqa: PLR2004  # Latin-1 keysyms are their code points
    code = keysym if latin else keysym - _UNICODE
    return chr(code) if 0x20 < code <= 0x10FFFF and chr(code).isprintable() else None  # noqa: PLR2004


def held(modifiers: int) -> list[str]:
    """Names of the modifiers in a mask."""
    return [name for name, mask in HELD if modifiers & mask]


def commands(modifiers: int, text: str | None) -> bool:
    """True if the held modifiers make a shortcut of a key: Ctrl or Super always, Alt unless it made a character."""
    if modifiers & _ALWAYS:
        return not (modifiers & _RIGHT_ALT and text and text.isprintable())  # AltGr is Ctrl+Alt somewhere
    return bool(modifiers & _LEFT_ALT) or bool(modifiers & _RIGHT_ALT and not text)
