"""libxkbcommon by ctypes: what a key means under the keymap, group and modifiers that the X server has now.

Sources: ``xkbcommon/xkbcommon.h``, ``xkbcommon-compose.h`` and ``xkbcommon-x11.h`` of libxkbcommon 1.0 and later,
which is MIT-licensed and on every X11 desktop (GTK and Qt link it).
"""

import ctypes
import functools
import unicodedata
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from agent.native.base import NativeUnavailable

PTR, U32, INT, CSTR = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_char_p

_CORE: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "xkb_context_new": (PTR, (INT,)),
    "xkb_context_unref": (None, (PTR,)),
    "xkb_keymap_unref": (None, (PTR,)),
    "xkb_keymap_layout_get_name": (CSTR, (PTR, U32)),
    "xkb_keymap_key_get_syms_by_level": (INT, (PTR, U32, U32, U32, ctypes.POINTER(ctypes.POINTER(U32)))),
    "xkb_keymap_mod_get_index": (U32, (PTR, CSTR)),
    "xkb_state_unref": (None, (PTR,)),
    "xkb_state_update_mask": (INT, (PTR, U32, U32, U32, U32, U32, U32)),
    "xkb_state_key_get_one_sym": (U32, (PTR, U32)),
    "xkb_state_key_get_utf8": (INT, (PTR, U32, CSTR, ctypes.c_size_t)),
    "xkb_state_key_get_layout": (U32, (PTR, U32)),
    "xkb_state_serialize_layout": (U32, (PTR, INT)),
    "xkb_state_serialize_mods": (U32, (PTR, INT)),
    "xkb_state_mod_index_is_consumed": (INT, (PTR, U32, U32)),
    "xkb_state_led_name_is_active": (INT, (PTR, CSTR)),
    "xkb_compose_table_new_from_locale": (PTR, (PTR, CSTR, INT)),
    "xkb_compose_table_unref": (None, (PTR,)),
    "xkb_compose_state_new": (PTR, (PTR, INT)),
    "xkb_compose_state_unref": (None, (PTR,)),
    "xkb_compose_state_feed": (INT, (PTR, U32)),
    "xkb_compose_state_reset": (None, (PTR,)),
    "xkb_compose_state_get_status": (INT, (PTR,)),
    "xkb_compose_state_get_utf8": (INT, (PTR, CSTR, ctypes.c_size_t)),
}
_X11: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "xkb_x11_setup_xkb_extension": (INT, (PTR, ctypes.c_uint16, ctypes.c_uint16, INT, PTR, PTR, PTR, PTR)),
    "xkb_x11_get_core_keyboard_device_id": (ctypes.c_int32, (PTR,)),
    "xkb_x11_keymap_new_from_device": (PTR, (PTR, PTR, ctypes.c_int32, INT)),
    "xkb_x11_state_new_from_device": (PTR, (PTR, PTR, ctypes.c_int32)),
}
MODS_EFFECTIVE = 8
LAYOUT_EFFECTIVE = 128
"""``enum xkb_state_component``."""
COMPOSING, COMPOSED, CANCELLED = 1, 2, 3
"""``enum xkb_compose_status``; 0 is nothing."""
TEXT_BYTES = 64
"""No key and no compose sequence gives more UTF-8 than a few characters."""
FALLBACK_LOCALE = "en_US.UTF-8"
"""Its compose table is the one that nearly all UTF-8 locales share."""
COMMANDS = (b"Control", b"Mod1", b"Mod4")
"""Held and not used up by the keymap, these make a press a command (Ctrl+C, Alt+F, Super+L), which types nothing."""
LEDS = (b"Caps Lock", b"Num Lock", b"Scroll Lock")


class Mask(Struct, frozen=True):
    """Modifiers and groups as XkbStateNotify tells them (XKB protocol §C.2)."""

    base_mods: int
    latched_mods: int
    locked_mods: int
    base_group: int
    latched_group: int
    locked_group: int


@functools.cache
def load() -> tuple[Any, Any]:
    """The two libraries.

    Raises:
        NativeUnavailable: They are not installed.
    """
    try:
        core, x11 = ctypes.CDLL("libxkbcommon.so.0"), ctypes.CDLL("libxkbcommon-x11.so.0")
    except OSError:
        raise NativeUnavailable(
            "libxkbcommon is missing, without which keys cannot be read as text",
            "install libxkbcommon0 and libxkbcommon-x11-0 (Debian's names)",
        ) from None
    for library, functions in ((core, _CORE), (x11, _X11)):
        for name, (result, arguments) in functions.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    return core, x11


def locale_of(environ: Mapping[str, str]) -> str:
    """The locale whose compose table applies; plain C has no dead keys, so UTF-8 English stands in for it."""
    named = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    return FALLBACK_LOCALE if named.partition(".")[0] in {"", "C", "POSIX"} else named


class Composer:
    """Dead keys and Compose sequences, one press after another."""

    def __init__(self, library: Any, context: int, locale: str) -> None:
        self._lib = library
        self._table = self._state = None
        for name in (locale, FALLBACK_LOCALE):
            self._table = self._table or library.xkb_compose_table_new_from_locale(context, name.encode(), 0)
        if self._table:
            self._state = library.xkb_compose_state_new(self._table, 0)

    def feed(self, keysym: int) -> tuple[int, str]:
        """Take a press; return the status, and the text if the sequence is complete."""
        if not self._state:
            return 0, ""
        self._lib.xkb_compose_state_feed(self._state, keysym)
        status: int = self._lib.xkb_compose_state_get_status(self._state)
        if status != COMPOSED:
            return status, ""
        buffer = ctypes.create_string_buffer(TEXT_BYTES)
        self._lib.xkb_compose_state_get_utf8(self._state, buffer, TEXT_BYTES)
        self.reset()
        return status, buffer.value.decode(errors="ignore")

    def reset(self) -> None:
        """Forget a sequence that was begun."""
        if self._state:
            self._lib.xkb_compose_state_reset(self._state)

    def close(self) -> None:
        """Free it."""
        if self._state:
            self._lib.xkb_compose_state_unref(self._state)
        if self._table:
            self._lib.xkb_compose_table_unref(self._table)
        self._state = self._table = None


class Keymap:
    """The core keyboard's keymap and state.

    Args:
        connection: ``xcb_connection_t *``; each :meth:`reload` asks the server on it.
        environ: For the locale.

    Raises:
        NativeUnavailable: The library or the server's XKB extension is missing.
    """

    def __init__(self, connection: int, environ: Mapping[str, str]) -> None:
        self._lib, self._x11 = load()
        self._connection = connection
        if not self._x11.xkb_x11_setup_xkb_extension(connection, 1, 0, 0, None, None, None, None):
            raise NativeUnavailable(
                "this X server has no XKB extension", "use an X server that has it (all current ones)"
            )
        self._context = self._lib.xkb_context_new(0)
        self._keymap = self._state = None
        self.device: int = self._x11.xkb_x11_get_core_keyboard_device_id(connection)
        self._composer = Composer(self._lib, self._context, locale_of(environ))
        self.reload()

    def __repr__(self) -> str:
        return "<Keymap>"

    def reload(self) -> None:
        """Read keymap and state anew; where that fails, the server is gone and what was stays."""
        keymap = self._x11.xkb_x11_keymap_new_from_device(self._context, self._connection, self.device, 0)
        state = keymap and self._x11.xkb_x11_state_new_from_device(keymap, self._connection, self.device)
        if not state:
            if keymap:
                self._lib.xkb_keymap_unref(keymap)
            if self._state is None:
                raise NativeUnavailable(
                    "the X server tells no keymap", "check the keyboard settings (setxkbmap -print)"
                )
            return
        self._free()
        self._keymap, self._state = keymap, state
        self._commands = [self._lib.xkb_keymap_mod_get_index(keymap, name) for name in COMMANDS]

    def update(self, mask: Mask) -> None:
        """Take over what the server said of modifiers and groups."""
        self._lib.xkb_state_update_mask(
            self._state,
            mask.base_mods,
            mask.latched_mods,
            mask.locked_mods,
            mask.base_group,
            mask.latched_group,
            mask.locked_group,
        )

    def keysym(self, keycode: int) -> int:
        """The key symbol under the present state; 0 for none."""
        return int(self._lib.xkb_state_key_get_one_sym(self._state, keycode))

    def plain_keysym(self, keycode: int) -> int:
        """The key symbol without any modifier."""
        symbols = ctypes.POINTER(U32)()
        layout = self._lib.xkb_state_key_get_layout(self._state, keycode)
        found = self._lib.xkb_keymap_key_get_syms_by_level(self._keymap, keycode, layout, 0, ctypes.byref(symbols))
        return int(symbols[0]) if found > 0 else 0

    def press(self, keycode: int) -> str | None:
        """The text that pressing this key types, dead keys and Compose included; ``None`` if it types none.

        Control characters count as none: Return, Tab and BackSpace are known by their key symbols.
        """
        status, composed = self._composer.feed(self.keysym(keycode))
        if status in {COMPOSING, CANCELLED} or self._is_command(keycode):
            return None
        if status != COMPOSED:
            buffer = ctypes.create_string_buffer(TEXT_BYTES)
            self._lib.xkb_state_key_get_utf8(self._state, keycode, buffer, TEXT_BYTES)
            composed = buffer.value.decode(errors="ignore")
        return composed if composed and not any(unicodedata.category(c) == "Cc" for c in composed) else None

    def forget_compose(self) -> None:
        """The next press begins anew: another window had the keyboard in between."""
        self._composer.reset()

    def locks(self) -> tuple[bool, bool, bool]:
        """Caps Lock, Num Lock, Scroll Lock."""
        caps, num, scroll = (self._lib.xkb_state_led_name_is_active(self._state, name) > 0 for name in LEDS)
        return caps, num, scroll

    def layout(self) -> str | None:
        """The active layout's name, such as "German"."""
        index = self._lib.xkb_state_serialize_layout(self._state, LAYOUT_EFFECTIVE)
        name: bytes | None = self._lib.xkb_keymap_layout_get_name(self._keymap, index)
        return name.decode(errors="replace") if name else None

    def close(self) -> None:
        """Free everything. Idempotent."""
        if self._context:
            self._composer.close()
            self._free()
            self._lib.xkb_context_unref(self._context)
            self._context = None

    def _is_command(self, keycode: int) -> bool:
        held = self._lib.xkb_state_serialize_mods(self._state, MODS_EFFECTIVE)
        return any(
            held >> index & 1 and self._lib.xkb_state_mod_index_is_consumed(self._state, keycode, index) != 1
            for index in self._commands
        )

    def _free(self) -> None:
        if self._state:
            self._lib.xkb_state_unref(self._state)
        if self._keymap:
            self._lib.xkb_keymap_unref(self._keymap)
        self._keymap = self._state = None
