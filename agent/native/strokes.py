"""What a listener hears, the same on every system, and what is held down meanwhile. Pure.

A release is told only if its press was; a press of a key that is down already is a repeat; modifiers are keys that are
down, by their HID usage (usage tables 1.5, page 0x07), and so know their side.
"""

from typing import Literal

from msgspec import Struct

from agent.core.observe import KeyObserved, Observation, PointerObserved, ScrollObserved
from schemas.events import Button, ClockSource, Modifier

Action = Literal["move", "down", "up"]
MODIFIERS = {0xE0 + place: modifier for place, modifier in enumerate((
    Modifier.LEFT_CTRL, Modifier.LEFT_SHIFT, Modifier.LEFT_ALT, Modifier.LEFT_SUPER,
    Modifier.RIGHT_CTRL, Modifier.RIGHT_SHIFT, Modifier.RIGHT_ALT, Modifier.RIGHT_SUPER,
))}  # fmt: skip
"""HID usages of the modifier keys, in the order of the HID boot keyboard's first byte."""


def lag_of_ms(now_ms: int, then_ms: int) -> int:
    """Nanoseconds between two readings of a system's 32-bit millisecond counter, which wraps every 49.7 days."""
    return (now_ms - then_ms) % 2**32 * 1_000_000


class Heard(Struct, frozen=True, kw_only=True):
    """One thing that a listener heard. What was typed is in it: never printed."""

    injected: bool
    lag_ns: int = 0  # how long ago the system took it in

    def __repr__(self) -> str:
        """The type's name only."""
        return f"<{type(self).__name__}>"

    __str__ = __repr__


class KeyHeard(Heard, frozen=True, kw_only=True):
    """A key went down or up. Fields as in :class:`schemas.events.KeyEvent`."""

    down: bool
    usage: int | None
    keycode: int
    keysym: int | None = None
    text: str | None = None
    locks: int = 0
    layout: str | None = None


class ButtonHeard(Heard, frozen=True, kw_only=True):
    """A button went down or up at a physical pixel of the desktop."""

    down: bool
    button: Button
    x: int
    y: int
    over: bool  # no other window lay there


class WheelHeard(Heard, frozen=True, kw_only=True):
    """The wheel turned at a physical pixel of the desktop; positive is right and down."""

    dx: float
    dy: float
    x: int
    y: int
    over: bool


class Base(Struct, frozen=True):
    """What all observations of a moment share."""

    window: int
    mono_ns: int
    wall_ns: int
    clock: ClockSource


class Held:
    """Keys and buttons that are down, and the making of observations. One for each hook."""

    def __init__(self) -> None:
        self._down: set[int] = set()
        self._modifiers: dict[int, Modifier] = {}
        self._told: set[int] = set()
        self.buttons = Button(0)

    def __repr__(self) -> str:
        return "<Held>"

    def lose(self) -> None:
        """Another window has the focus: what was told as pressed will not be told as released."""
        self._told.clear()
        self.buttons = Button(0)

    def modifiers(self) -> Modifier:
        """Modifier keys that are down."""
        held = Modifier(0)
        for one in self._modifiers.values():
            held |= one
        return held

    def turn(self, heard: Heard, base: Base, *, ours: bool) -> Observation | None:
        """An observation, if this is the hooked window's; else only what is held is remembered."""
        if isinstance(heard, KeyHeard):
            return self._key(heard, base, ours=ours)
        if isinstance(heard, ButtonHeard):
            return self._button(heard, base, ours=ours)
        if isinstance(heard, WheelHeard) and ours and heard.over:
            return ScrollObserved(
                dx=heard.dx, dy=heard.dy, unit="notch", x=heard.x, y=heard.y, modifiers=self.modifiers().value,
                injected=heard.injected, window=base.window, mono_ns=base.mono_ns, wall_ns=base.wall_ns,
                clock=base.clock,
            )  # fmt: skip
        return None

    def move(self, x: int, y: int, base: Base) -> PointerObserved:
        """A move, which no listener hears: it was looked for."""
        return self._pointer("move", None, x, y, base, injected=False)

    def _key(self, heard: KeyHeard, base: Base, *, ours: bool) -> KeyObserved | None:
        code, held = heard.keycode, self.modifiers()
        repeat = heard.down and code in self._down
        known = code in self._told
        (self._down.add if heard.down else self._down.discard)(code)
        if heard.usage in MODIFIERS:
            if heard.down:
                self._modifiers[code] = MODIFIERS[heard.usage]
            else:
                self._modifiers.pop(code, None)
        if heard.down and ours:
            self._told.add(code)
        elif not heard.down:
            self._told.discard(code)
        if not ours or not (heard.down or known):
            return None
        return KeyObserved(
            down=heard.down, repeat=repeat, usage=heard.usage, keycode=code, keysym=heard.keysym,
            text=heard.text if heard.down else None, modifiers=held.value, locks=heard.locks, layout=heard.layout,
            injected=heard.injected, window=base.window, mono_ns=base.mono_ns, wall_ns=base.wall_ns, clock=base.clock,
        )  # fmt: skip

    def _button(self, heard: ButtonHeard, base: Base, *, ours: bool) -> PointerObserved | None:
        known = bool(heard.button & self.buttons)
        if heard.down and ours and heard.over:
            self.buttons |= heard.button
        elif not heard.down and known and ours:
            self.buttons &= ~heard.button
        else:
            return None
        action: Action = "down" if heard.down else "up"
        return self._pointer(action, heard.button, heard.x, heard.y, base, injected=heard.injected)

    def _pointer(  # the fields of one observation
        self, action: Action, button: Button | None, x: int, y: int, base: Base, *, injected: bool
    ) -> PointerObserved:
        return PointerObserved(
            action=action, button=None if button is None else button.value, buttons=self.buttons.value, x=x, y=y,
            modifiers=self.modifiers().value, injected=injected, window=base.window, mono_ns=base.mono_ns,
            wall_ns=base.wall_ns, clock=base.clock,
        )  # fmt: skip
