"""Keys while they are hooked: raw presses and releases in, observations' contents out.

Modifiers and groups are the server's own word (XkbStateNotify, which comes between the keys that it lies between), so
latches, sticky keys and layout switches are right. All of it is selected while keys are hooked and at no other time.
"""

import io
import struct
from enum import IntEnum

import xcffib
import xcffib.xkb
from msgspec import Struct

from agent.native.usage import usage_of_x
from agent.native.x11.link import Link
from agent.native.x11.repeat import Repeater, RepeatRules
from agent.native.xkb import Keymap, Mask
from schemas.events import Lock, Modifier

CORE_KEYBOARD = 0x100
"""XKB protocol: stands for whichever device is the core keyboard."""
SELECT_EVENTS = 1
"""The request's opcode; made by hand because xcffib cannot leave out the parts that ``selectAll`` makes superfluous."""
REPEAT_KEYS = 1
"""XKB protocol §4: bit of the boolean controls."""


class Told(IntEnum):
    """XKB event types (XKB protocol, appendix D)."""

    NEW_KEYBOARD = 0
    MAP = 1
    STATE = 2
    CONTROLS = 3


WANTED = sum(1 << told for told in Told)
ALL_MAP_PARTS = 0xFF

SIDES: dict[int, Modifier] = {
    0xFFE1: Modifier.LEFT_SHIFT,
    0xFFE2: Modifier.RIGHT_SHIFT,
    0xFFE3: Modifier.LEFT_CTRL,
    0xFFE4: Modifier.RIGHT_CTRL,
    0xFFE7: Modifier.LEFT_ALT,  # Meta_L
    0xFFE8: Modifier.RIGHT_ALT,
    0xFFE9: Modifier.LEFT_ALT,
    0xFFEA: Modifier.RIGHT_ALT,
    0xFE03: Modifier.RIGHT_ALT,  # ISO_Level3_Shift: AltGr
    0xFFEB: Modifier.LEFT_SUPER,
    0xFFEC: Modifier.RIGHT_SUPER,
}
"""Key symbols (X11/keysymdef.h) as modifiers: by what the key means, so that a remapped Caps Lock counts as Ctrl."""
NO_MODIFIER = Modifier(0)


class Stroke(Struct, frozen=True, kw_only=True):
    """What a key event says, but for its time and window."""

    down: bool
    repeat: bool
    usage: int | None
    keycode: int
    keysym: int | None
    text: str | None
    modifiers: int
    locks: int
    layout: str | None

    def __repr__(self) -> str:
        return "<Stroke>"

    __str__ = __repr__


class Keyboard:
    """The core keyboard, as long as it is hooked.

    Args:
        link: The connection.
        keymap: Is read anew at the first key, and whenever it changes.
    """

    def __init__(self, link: Link, keymap: Keymap) -> None:
        self._link = link
        self._xkb = link.xcb(xcffib.xkb.key)
        self._keymap = keymap
        keymap.forget_compose()
        self._select(on=True)
        self._stale = True
        told = self._xkb.GetState(CORE_KEYBOARD).reply()
        self._mask = Mask(
            told.baseMods, told.latchedMods, told.lockedMods, told.baseGroup, told.latchedGroup, told.lockedGroup
        )
        self._down: set[int] = set(_bits(bytes(link.core.QueryKeymap().reply().keys.raw)))
        self._ours: set[int] = set()
        self._modifiers: dict[int, Modifier] = {}
        self.repeater = Repeater(self._rules())

    def __repr__(self) -> str:
        return "<Keyboard>"

    def deselect(self) -> None:
        """Stop being told. The caller waits for the server's confirmation."""
        self._select(on=False)

    def told(self, data: bytes) -> None:
        """An XKB event: another keymap, other controls, or other modifiers and groups."""
        kind = data[1]
        if kind in {Told.NEW_KEYBOARD, Told.MAP}:
            self._stale = True
        elif kind == Told.CONTROLS:
            self.repeater.rules = self._rules()
        elif kind == Told.STATE:
            self._mask = Mask(*struct.unpack_from("=BBBxhhB", data, 10))
            self._fresh().update(self._mask)

    def told_down(self, data: bytes) -> None:
        """KeymapNotify: which keys are down as the window gets focus. Key codes under 8 are left out of it."""
        self._down = set(_bits(b"\0" + data[1:32]))

    def lose(self) -> None:
        """Another window has the keyboard from now on."""
        self._ours.clear()
        self._keymap.forget_compose()
        self.repeater.stop()

    def press(self, keycode: int, mono_ns: int, *, ours: bool) -> Stroke | None:
        """A key went down; ``None`` unless the hooked window got it."""
        held = self.modifiers()
        self._down.add(keycode)
        if not ours:
            return None
        self._ours.add(keycode)
        self.repeater.press(keycode, mono_ns)
        return self._stroke(keycode, self._fresh().press(keycode), held, down=True)

    def release(self, keycode: int) -> Stroke | None:
        """A key went up; ``None`` unless the hooked window had got its press."""
        held = self.modifiers()
        self._down.discard(keycode)
        self.repeater.release(keycode)
        if keycode not in self._ours:
            return None
        self._ours.discard(keycode)
        return self._stroke(keycode, None, held, down=False)

    def again(self, keycode: int) -> Stroke:
        """A held key repeated."""
        return self._stroke(keycode, self._fresh().press(keycode), self.modifiers(), down=True, repeat=True)

    def modifiers(self) -> Modifier:
        """Which modifier keys are held now."""
        held = NO_MODIFIER
        for keycode in self._down:
            held |= self._modifier(keycode)
        return held

    def _stroke(self, keycode: int, text: str | None, held: Modifier, *, down: bool, repeat: bool = False) -> Stroke:
        keymap = self._fresh()
        return Stroke(
            down=down,
            repeat=repeat,
            usage=usage_of_x(keycode),
            keycode=keycode,
            keysym=keymap.keysym(keycode) or None,
            text=text,
            modifiers=held.value,
            locks=sum(lock for lock, on in zip(Lock, keymap.locks(), strict=True) if on),
            layout=keymap.layout(),
        )

    def _modifier(self, keycode: int) -> Modifier:
        if keycode not in self._modifiers:
            self._modifiers[keycode] = SIDES.get(self._fresh().plain_keysym(keycode), NO_MODIFIER)
        return self._modifiers[keycode]

    def _fresh(self) -> Keymap:
        if self._stale:
            self._stale = False
            self._keymap.reload()
            self._keymap.update(self._mask)  # the state at this point of the stream, not that of now
            self._modifiers = {}
        return self._keymap

    def _rules(self) -> RepeatRules:
        told = self._xkb.GetControls(CORE_KEYBOARD).reply()
        on = bool(told.enabledControls & REPEAT_KEYS)
        return RepeatRules(on, told.repeatDelay, told.repeatInterval, bytes(told.perKeyRepeat.raw))

    def _select(self, *, on: bool) -> None:
        clear, every = (0, WANTED) if on else (WANTED, 0)
        request = io.BytesIO()
        request.write(struct.pack("=xx2xHHHHHH", CORE_KEYBOARD, WANTED, clear, every, ALL_MAP_PARTS, ALL_MAP_PARTS))
        self._xkb.send_request(SELECT_EVENTS, request)


def _bits(keys: bytes) -> list[int]:
    return [8 * byte + bit for byte, value in enumerate(keys) for bit in range(8) if value >> bit & 1]


def xkb_event(link: Link) -> int:
    """The number of XKB's one event type, after the handshake that the extension asks for.

    Raises:
        xcffib.XcffibException: The server lacks the extension.
    """
    name = "XKEYBOARD"
    told = link.core.QueryExtension(len(name), name).reply()
    if not told.present or not link.xcb(xcffib.xkb.key).UseExtension(1, 0).reply().supported:
        raise xcffib.XcffibException
    return int(told.first_event)
