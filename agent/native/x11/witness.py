"""Whether the badge is on the real screen: its own few pixels, and that no window lies over it.

Pixels are read from the root window, which under a compositor holds what was composited. Windows are judged by the
server's stacking order, and their owner is asked of the server (X-Resource 1.2), never of the window.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xcffib
import xcffib.res
import xcffib.xproto

from agent.core.rects import intersect
from agent.core.sign import Claim, carries
from agent.core.stripe import Pixels, shows
from agent.native.base import NativeUnavailable
from agent.native.x11.glance import ALL_PLANES, BYTES_A_PIXEL, Glance
from agent.native.x11.link import Link, answer
from schemas.events import Rect

LOCAL_PID = 2
"""X-Resource 1.2, ClientIdMask: the process id by the server's socket."""


class X11Witness:
    """A :class:`agent.native.base.SignWitness` for X11, with a connection of its own on which no event is asked for.

    Args:
        environ: ``DISPLAY``.

    Raises:
        NativeUnavailable: There is no display, or it lacks X-Resource 1.2, without which no window has an owner.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._link = Link(environ)
        self._closed = False
        self._badge: tuple[int, int | None] | None = None  # the window that was found to be the claimed process's
        self._glance: Glance | None = None
        try:
            self._res = self._link.xcb(xcffib.res.key)
            version = self._res.QueryVersion(1, 2).reply()
        except xcffib.XcffibException:
            version = None
        if version is None or (version.server_major, version.server_minor) < (1, 2):
            self.close()
            raise NativeUnavailable("the X display does not tell whose a window is", "use an X server with X-Resource")

    def __repr__(self) -> str:
        return "<X11Witness>"

    def sees(self, claim: Claim) -> bool:
        """Whether the stripe's pixels are right, and the window that shows them is the process's and uncovered."""
        if self._closed or self._link.lost():
            return False
        try:
            if (known := self._again(claim)) is not None:
                return known
            return self._on_top(claim) and shows(self._pixels(claim.rect), claim.nonce)
        except xcffib.ConnectionException:
            return False

    def lost(self) -> bool:
        """Whether the connection broke."""
        return self._closed or self._link.lost()

    def close(self) -> None:
        """Disconnect. Idempotent."""
        if not self._closed:
            self._closed = True
            self._link.close()

    def _again(self, claim: Claim) -> bool | None:
        """The same by a glance at where it was seen before; ``None`` where that does not tell."""
        if self._badge is None or self._badge[1] != claim.pid:
            return None
        if self._glance is None or (self._glance.window, self._glance.rect) != (self._badge[0], claim.rect):
            self._glance = Glance(self._link, self._badge[0], claim.rect)
        seen = self._glance.look()
        if seen is None or seen.place is None or self._badge[0] not in seen.stack:
            return None
        if not carries(seen.place, claim.rect):
            return None
        above = self._all_shown(seen.stack[seen.stack.index(self._badge[0]) + 1 :])
        return not any(intersect(seen.place, rect) for rect in above) and shows(seen.pixels, claim.nonce)

    def _pixels(self, rect: Rect) -> Pixels:
        """A rectangle of the screen; no pixels at all where a part of it is off the screen."""
        left, top, right, bottom = rect
        width, height = right - left, bottom - top
        form = xcffib.xproto.ImageFormat.ZPixmap
        image = answer(self._link.core.GetImage(form, self._link.root, left, top, width, height, ALL_PLANES))
        if image is None or len(image.data.raw) < width * height * BYTES_A_PIXEL:
            return np.zeros((0, 0, 3), np.uint8)
        padded = np.frombuffer(image.data.raw, np.uint8, width * height * BYTES_A_PIXEL)
        return padded.reshape(height, width, BYTES_A_PIXEL)[:, :, :3]

    def _on_top(self, claim: Claim) -> bool:
        """Whether the uppermost window at the stripe is the process's own and nothing overlaps any part of it."""
        order = answer(self._link.core.QueryTree(self._link.root))
        stack = list(order.children) if order is not None else []
        found = self._known(stack, claim) or self._search(stack, claim)
        if found is None:
            return False
        badge, place = found
        above = self._all_shown(stack[stack.index(badge) + 1 :])
        return not any(intersect(place, rect) for rect in above)

    def _known(self, stack: list[int], claim: Claim) -> tuple[int, Rect] | None:
        """The badge of the last look and its place, if it is still there and holds the stripe."""
        if self._badge is None or self._badge[1] != claim.pid or self._badge[0] not in stack:
            return None
        place = self._shown(self._badge[0])
        return (self._badge[0], place) if place is not None and carries(place, claim.rect) else None

    def _search(self, stack: list[int], claim: Claim) -> tuple[int, Rect] | None:
        """The uppermost window that touches the stripe, if it is as large as a badge and the process's own."""
        self._badge = None
        for window in reversed(stack):
            place = self._shown(window)
            if place is None or not intersect(place, claim.rect):
                continue
            if claim.pid is None or not carries(place, claim.rect) or self._owner(window) != claim.pid:
                return None
            self._badge = window, claim.pid
            return window, place
        return None

    def _shown(self, window: int) -> Rect | None:
        return next(iter(self._all_shown([window])), None)

    def _all_shown(self, windows: list[int]) -> list[Rect]:
        """Rectangles, with borders, of those windows that can be seen; all asked at once."""
        core = self._link.core
        asked = [(core.GetWindowAttributes(w), core.GetGeometry(w)) for w in windows]
        found = []
        for attributes, geometry in asked:
            state, place = answer(attributes), answer(geometry)
            if state is not None and place is not None and _can_cover(state):
                border = 2 * place.border_width
                found.append((place.x, place.y, place.x + place.width + border, place.y + place.height + border))
        return found

    def _owner(self, window: int) -> int | None:
        """The process id behind a window, by the server's own socket."""
        reply = answer(self._res.QueryClientIds(1, [xcffib.res.ClientIdSpec.synthetic(window, LOCAL_PID)]))
        ids = [one.value[0] for one in reply.ids if len(one.value)] if reply is not None else []
        return int(ids[0]) if ids else None


def _can_cover(state: Any) -> bool:
    viewable = state.map_state == xcffib.xproto.MapState.Viewable
    return bool(viewable and state._class != xcffib.xproto.WindowClass.InputOnly)  # noqa: SLF001  # xcffib's name for it
