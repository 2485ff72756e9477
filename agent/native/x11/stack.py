"""The order in which windows lie, kept up to date by the server's own events, so that none is missed however brief."""

import struct
from typing import Any

import xcffib.xproto
from msgspec import Struct

from agent.native.x11.link import Link, Wire, answer
from schemas.events import Rect

CREATE, DESTROY, UNMAP, MAP, REPARENT, CONFIGURE, GRAVITY, CIRCULATE = 16, 17, 18, 19, 21, 22, 24, 26
"""X11 core protocol: numbers of the events about a window's structure."""
ON_BOTTOM = 1
"""CirculateNotify, ``place``: below all others."""


class Lying(Struct):
    """A child of the root."""

    rect: Rect  # with its border
    shown: bool = False
    covers: bool | None = None  # whether it has pixels at all (is not InputOnly); None: not asked yet


class Stack:
    """The root's children, lowest first. Ask the root for SubstructureNotify before making one."""

    def __init__(self, link: Link) -> None:
        self._link = link
        core = link.core
        tree = core.QueryTree(link.root).reply()
        asked = [(w, core.GetWindowAttributes(w), core.GetGeometry(w)) for w in tree.children]
        self._lying: dict[int, Lying] = {}
        self._order: list[int] = []
        for window, attributes, geometry in asked:
            state, place = answer(attributes), answer(geometry)
            if state is not None and place is not None:
                shown = state.map_state != xcffib.xproto.MapState.Unmapped
                at = (place.x, place.y, place.width, place.height)
                self._lying[window] = Lying(_outer(*at, place.border_width), shown, _has_pixels(state))
                self._order.append(window)

    def __repr__(self) -> str:
        return f"<Stack {len(self._order)}>"

    def over(self, top: int) -> list[Rect]:
        """Rectangles of all that can be seen and lies over a child of the root; of everything, if it is none."""
        above = self._order[self._order.index(top) + 1 :] if top in self._lying else self._order
        return [one.rect for w in above if (one := self._lying[w]).shown and self._covers(w, one)]

    def take(self, wire: Wire) -> None:
        """Follow one event of the root's substructure; others have no effect."""
        if wire.sent:
            return  # by a client, and so perhaps a lie
        window = int(struct.unpack_from("=I", wire.data, 8)[0])
        match wire.kind:
            case kind if kind == CREATE:
                self._put(window, _outer(*struct.unpack_from("=hhHHH", wire.data, 12)))
            case kind if kind == DESTROY:
                self._drop(window)
            case kind if kind in (MAP, UNMAP):
                if window in self._lying:
                    self._lying[window].shown = kind == MAP
            case kind if kind == REPARENT:
                self._reparent(window, int(struct.unpack_from("=I", wire.data, 12)[0]))
            case kind if kind == CONFIGURE:
                self._configure(window, wire.data)
            case kind if kind == GRAVITY:
                self._move(window, *struct.unpack_from("=hh", wire.data, 12))
            case kind if kind == CIRCULATE:
                self._circulate(window, on_bottom=wire.data[16] == ON_BOTTOM)
            case _:
                pass

    def _put(self, window: int, rect: Rect) -> None:
        if window not in self._lying:
            self._lying[window] = Lying(rect)
            self._order.append(window)

    def _drop(self, window: int) -> None:
        if self._lying.pop(window, None) is not None:
            self._order.remove(window)

    def _reparent(self, window: int, parent: int) -> None:
        self._drop(window)
        if parent == self._link.root:
            place = answer(self._link.core.GetGeometry(window))
            state = answer(self._link.core.GetWindowAttributes(window))
            if place is not None and state is not None:
                self._put(window, _outer(place.x, place.y, place.width, place.height, place.border_width))
                self._lying[window].shown = state.map_state != xcffib.xproto.MapState.Unmapped

    def _configure(self, window: int, data: bytes) -> None:
        if window not in self._lying:
            return
        self._lying[window].rect = _outer(*struct.unpack_from("=hhHHH", data, 16))
        below = int(struct.unpack_from("=I", data, 12)[0])
        self._order.remove(window)
        self._order.insert(self._order.index(below) + 1 if below in self._lying else 0, window)

    def _move(self, window: int, x: int, y: int) -> None:
        if window in self._lying:
            left, top, right, bottom = self._lying[window].rect
            self._lying[window].rect = (x, y, x + right - left, y + bottom - top)

    def _circulate(self, window: int, *, on_bottom: bool) -> None:
        if window in self._lying:
            self._order.remove(window)
            self._order.insert(0 if on_bottom else len(self._order), window)

    def _covers(self, window: int, one: Lying) -> bool:
        """Whether it has pixels; one that is gone before it could be asked is taken to have had some."""
        if one.covers is None:
            state = answer(self._link.core.GetWindowAttributes(window))
            one.covers = state is None or _has_pixels(state)
        return one.covers


def _has_pixels(state: Any) -> bool:
    return bool(state._class != xcffib.xproto.WindowClass.InputOnly)  # noqa: SLF001  # xcffib's name for it


def _outer(x: int, y: int, width: int, height: int, border: int) -> Rect:
    return x, y, x + width + 2 * border, y + height + 2 * border
