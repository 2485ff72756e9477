"""A watch on one window while its gate is open: whether anything in it changed, and which of its pixels are its own.

XDamage tells, in order with the events of structure, where the window was painted. A part that came to light is in
doubt until then, for it may still show what lay there before. The server itself tells nothing twice: a rectangle that
was painted before is told again only after :meth:`Watch.begin_anew`.
"""

import struct
from collections.abc import Iterable
from typing import Any

import xcffib.damage
import xcffib.xproto

from agent.core.doubt import Doubt
from agent.core.rects import intersect, shifted, without
from agent.native.x11.link import Link, Wire, answer
from agent.native.x11.stack import CONFIGURE, MAP, UNMAP, Stack
from agent.native.x11.stacking import Scene
from schemas.events import Rect

_MASK = xcffib.xproto.EventMask
_WHOLE_ROOT: int = _MASK.PropertyChange | _MASK.SubstructureNotify | _MASK.StructureNotify
_REST_ROOT: int = _MASK.PropertyChange


class Watch:
    """Watches from now on. Events of its connection are to be handed to :meth:`take` in their order.

    Args:
        link: The connection.
        damage: The DAMAGE extension on it, and the number of its event.
        window: Which window.
        seen: Where it is.
        apart: It is drawn into memory of its own (a compositor runs), so that what lies over it does not matter.
        doubt: What a watch on it, of when it was drawn in another way, left in doubt.
    """

    def __init__(
        self,
        link: Link,
        damage: tuple[Any, int],
        window: int,
        seen: Scene,
        *,
        apart: bool,
        doubt: Iterable[Rect] = (),
    ) -> None:
        self._link = link
        self._damage, self._damaged = damage
        self.window = window
        self.apart = apart
        self.changed = True
        self.turns = 0
        """Counts events after which a picture that was being taken is worth nothing."""
        self._doubt = Doubt()
        self._fresh: Doubt | None = None
        self._top = seen.top
        self._corner = seen.corner
        self.place = seen.whole
        """Its client area on the desktop, as the events tell."""
        link.core.ChangeWindowAttributes(link.root, xcffib.xproto.CW.EventMask, [_WHOLE_ROOT])
        link.core.ChangeWindowAttributes(window, xcffib.xproto.CW.EventMask, [_MASK.StructureNotify])
        self._id = link.xcb.generate_id()
        self._damage.Create(self._id, window, xcffib.damage.ReportLevel.DeltaRectangles)
        self._damage.Subtract(self._id, 0, 0)
        link.confirm()
        link.take()  # a new damage object begins by telling that all was painted, which says nothing
        self._stack = Stack(link)
        self._screen = self._screen_now()
        self._hidden = self._unseen()
        self._doubt.add([*doubt, *self._hidden])

    def __repr__(self) -> str:
        return f"<Watch {self.window:#x}>"

    @property
    def doubt(self) -> tuple[Rect, ...]:
        """What may not be its own, from the left top corner of all of its client area."""
        return self._doubt.rects

    @property
    def painted(self) -> tuple[Rect, ...] | None:
        """Where anything was painted since the last picture; ``None`` where that cannot be told, and for the first."""
        return self._fresh.rects if self._fresh is not None else None

    def take(self, wires: Iterable[Wire]) -> None:
        """Follow what happened."""
        before = self.turns
        moved = self._read(wires)
        while moved:
            self._link.confirm()
            moved = self._read(self._link.take(), deaf=True)
        if self.turns != before:
            self._damage.Subtract(self._id, 0, 0)
            self.spoil()

    def begin_anew(self) -> None:
        """A picture is taken now: whatever is painted from now on is news, and told again."""
        self._damage.Subtract(self._id, 0, 0)
        self._fresh = Doubt()
        self.changed = False

    def spoil(self) -> None:
        """There is no picture with which the next one could be compared."""
        self._fresh = None
        self.changed = True

    def close(self) -> None:
        """Watch no more."""
        if not self._link.lost():
            self._damage.Destroy(self._id)
            self._link.core.ChangeWindowAttributes(self.window, xcffib.xproto.CW.EventMask, [0])
            self._link.core.ChangeWindowAttributes(self._link.root, xcffib.xproto.CW.EventMask, [_REST_ROOT])
            self._link.xcb.flush()

    def _read(self, wires: Iterable[Wire], *, deaf: bool = False) -> bool:
        """Follow events; whether the window was moved with doubtful pixels in it.

        The server moves a window's pixels with it, whosever they are, and tells that as if it were painting: what is
        told as painted right after such a move is not heard.
        """
        moved = False
        for wire in wires:
            if wire.kind == self._damaged:
                self._painted(wire.data, deaf=deaf or moved)
            elif not wire.sent:
                self._stack.take(wire)
                moved |= self._follow(wire)
        return moved

    def _painted(self, data: bytes, *, deaf: bool) -> None:
        if struct.unpack_from("=I", data, 8)[0] != self._id:
            return
        self.changed = True
        x, y, width, height = struct.unpack_from("=hhHH", data, 16)
        rect = (x, y, x + width, y + height)
        if self._fresh is not None:
            self._fresh.add([rect])
        if not deaf:
            self._doubt.painted(rect)
            self._doubt.add(self._hidden)

    def _follow(self, wire: Wire) -> bool:
        """Doubt what this event covers or brings to light; whether it moved the window with doubtful pixels in it."""
        subject = struct.unpack_from("=I", wire.data, 8)[0] if wire.kind in (CONFIGURE, MAP, UNMAP) else None
        own, place = subject in (self._top, self.window), self.place
        dubious = own and any(not any(intersect(r, h) == r for h in self._hidden) for r in self._doubt.rects)
        if own:
            self._own(subject == self._top, subject == self.window, wire)
        elif subject == self._link.root:
            self._screen = self._screen_now()
        before, self._hidden = self._hidden, self._unseen()
        self._doubt.add(self._hidden)
        if self.place != place or self._hidden != before or (own and wire.kind != CONFIGURE):
            self.turns += 1
        return dubious and self.place != place

    def _own(self, is_top: bool, is_window: bool, wire: Wire) -> None:  # noqa: FBT001  # two facts of one event
        if wire.kind != CONFIGURE:
            self._doubt.add([shifted(self.place, -self.place[0], -self.place[1])])
            return
        if is_top:
            x, y = struct.unpack_from("=hh", wire.data, 16)
            self.place = shifted(self.place, x - self._corner[0], y - self._corner[1])
            self._corner = (x, y)
        if is_window:
            self._resized(*struct.unpack_from("=HH", wire.data, 20))

    def _resized(self, width: int, height: int) -> None:
        left, top, right, bottom = self.place
        if (width, height) != (right - left, bottom - top):
            self.place = (left, top, left + width, top + height)
            old = (0, 0, right - left, bottom - top) if self._keeps() else (0, 0, 0, 0)
            self._doubt.add(without((0, 0, width, height), old))

    def _keeps(self) -> bool:
        """Whether the server keeps the pixels of the left top part when the size changes (bit gravity NorthWest)."""
        state = answer(self._link.core.GetWindowAttributes(self.window))
        return state is not None and state.bit_gravity == xcffib.xproto.Gravity.NorthWest

    def _unseen(self) -> list[Rect]:
        """What of the window is covered or beyond the screen's edges, and so not kept by the server."""
        if self.apart:
            return []
        own = (0, 0, self.place[2] - self.place[0], self.place[3] - self.place[1])
        left, top = self.place[:2]
        covers = (shifted(rect, -left, -top) for rect in self._stack.over(self._top))
        beyond = without(own, shifted(self._screen, -left, -top))
        return [*beyond, *filter(None, (intersect(own, rect) for rect in covers))]

    def _screen_now(self) -> Rect:
        size = answer(self._link.core.GetGeometry(self._link.root))
        return (0, 0, size.width, size.height) if size is not None else (0, 0, 0, 0)
