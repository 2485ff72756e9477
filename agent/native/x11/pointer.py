"""The pointer while it is hooked: buttons and wheel from raw events, everything else by asking.

Raw events tell no position, so the server is asked for it. A press that some program is listening for grabs the
pointer until the release, and an XI 2.0 client hears no raw event while somebody holds a grab: so the release is found
by the next look (:meth:`Pointer.lifted`), at most one poll late.
"""

import struct
from functools import lru_cache
from typing import Any

import xcffib
import xcffib.xinput
from msgspec import Struct

from agent.native.x11.link import Link
from agent.native.x11.question import Question
from schemas.events import Button, Modifier, Rect

QUERY_POINTER = 40
"""Opcode of XIQueryPointer (XI2proto.h)."""
ANSWER = struct.Struct("=12xIii8x2xHII12x")
"""Its reply: child of the root, place on the root, how many 4-byte units of buttons follow, modifiers held and latched.
"""
BUTTONS_HELD = struct.Struct("=I")
FIXED_POINT_BITS = 16
"""XI2 tells positions in 1/65536 pixel."""
MASTER_POINTER = 1
"""XI2 device type."""
BUTTONS = {1: Button.LEFT, 2: Button.MIDDLE, 3: Button.RIGHT, 8: Button.BACK, 9: Button.FORWARD}
"""X's logical buttons; every X desktop takes 8 and 9 as back and forward."""
NOTCHES = {4: (0.0, -1.0), 5: (0.0, 1.0), 6: (-1.0, 0.0), 7: (1.0, 0.0)}
"""X's wheel buttons as dx, dy; positive is right and down."""
MODIFIER_BITS = {
    1 << 0: Modifier.LEFT_SHIFT,
    1 << 2: Modifier.LEFT_CTRL,
    1 << 3: Modifier.LEFT_ALT,
    1 << 6: Modifier.LEFT_SUPER,
}
"""Core modifier bits. They know no side; the left one stands for both where no keys are hooked."""


class Look(Struct, frozen=True):
    """Where the pointer is, over which child of the root, and what is held down."""

    x: int
    y: int
    child: int
    buttons: Button
    modifiers: Modifier

    def within(self, rect: Rect) -> bool:
        """Whether the point lies in a rectangle of the desktop."""
        left, top, right, bottom = rect
        return left <= self.x < right and top <= self.y < bottom


class Pointer:
    """The master pointer, as long as it is hooked."""

    def __init__(self, link: Link) -> None:
        self._link = link
        devices = link.xcb(xcffib.xinput.key).XIQueryDevice(0).reply().infos
        device = next(d.deviceid for d in devices if d.type == MASTER_POINTER)
        self._where = Question(link, xcffib.xinput.key, QUERY_POINTER, struct.pack("=IHxx", link.root, device))
        self.pressed = Button(0)
        self.injected = False  # whether a program made the last press, and so, we take it, the release
        self.at: tuple[int, int] | None = None
        self.read_mapping()

    def __repr__(self) -> str:
        return "<Pointer>"

    def read_mapping(self) -> None:
        """Which physical button is which (left-handed people swap them); raw events tell the physical one."""
        mapped: Any = self._link.core.GetPointerMapping().reply().map
        self._map = [int(one) for one in mapped]

    def logical(self, physical: int) -> int:
        """The button that a raw event's number stands for."""
        return self._map[physical - 1] if 0 < physical <= len(self._map) else physical

    def look(self) -> Look:
        """Ask the server."""
        told = self._where.ask()
        child, x, y, units, base, latched = ANSWER.unpack_from(told)
        held = BUTTONS_HELD.unpack_from(told, ANSWER.size)[0] if units else 0
        mods = base | latched  # servers leave `effective` at 0 here
        return Look(x >> FIXED_POINT_BITS, y >> FIXED_POINT_BITS, child, _buttons(held), _modifiers(mods))

    def lifted(self, look: Look) -> Button | None:
        """One button that we told a press of and that is up again; counts it as told."""
        if not self.pressed:
            return None
        gone = self.pressed & ~look.buttons
        for button in Button:
            if button & gone:
                self.pressed &= ~button
                return button
        return None


@lru_cache(maxsize=64)
def _buttons(held: int) -> Button:
    """Buttons of XI2's bits, the first of which means nothing."""
    found = Button(0)
    for number, button in BUTTONS.items():
        found |= button if held >> number & 1 else Button(0)
    return found


@lru_cache(maxsize=64)
def _modifiers(mods: int) -> Modifier:
    found = Modifier(0)
    for bit, modifier in MODIFIER_BITS.items():
        found |= modifier if mods & bit else Modifier(0)
    return found
