"""Pictures of one window that hold its own pixels and no others.

Under a compositor a window is drawn into memory of its own, and that is read (XComposite): the screen would show what
the compositor blends over it, or still fades out. Without one the screen is read, and everything that lies over the
window is filled in before anybody gets to see it. Nothing is ever redirected by us: the server fills such memory with
whatever was on the screen in that place, and it changes how another's program is drawn.
"""

from collections.abc import Iterable, Mapping

import xcffib
import xcffib.composite
import xcffib.damage
from msgspec.structs import replace

from agent.core.rects import intersect, shifted
from agent.native.base import Clock, NativeUnavailable, Pixels, RawFrame
from agent.native.x11.image import Images
from agent.native.x11.link import Link, answer
from agent.native.x11.stacking import Scene, scene
from agent.native.x11.watch import Watch
from agent.native.x11.windows import Windows
from schemas.events import Rect

PROPERTY = 28
"""X11 core protocol: PropertyNotify. Of the root's properties one matters, the X resources."""


class X11Grabber:
    """A :class:`agent.native.base.WatchingGrabber` for X11, with a connection of its own.

    Of a window that reaches over the screen's edge, ``rect`` and ``pixels`` are the part on the screen, and ``covered``
    counts from that part's left top corner.

    Args:
        environ: ``DISPLAY``.
        clock: The time.

    Raises:
        NativeUnavailable: There is no display, or it lacks XDamage or XComposite.
    """

    def __init__(self, environ: Mapping[str, str], clock: Clock) -> None:
        self._clock = clock
        self._link = Link(environ)
        self._watch: Watch | None = None
        self._closed = False
        try:
            self._windows = Windows(self._link)
            self._composite = self._link.xcb(xcffib.composite.key)
            self._damage = self._link.xcb(xcffib.damage.key)
            self._composite.QueryVersion(0, 4).reply()
            self._damage.QueryVersion(1, 1).reply()
            self._damaged = self._link.core.QueryExtension(len("DAMAGE"), "DAMAGE").reply().first_event
            self._images = Images(self._link)
        except (xcffib.XcffibException, xcffib.ExtensionException):
            self._closed = True
            self._link.close()
            raise NativeUnavailable("the X server gives no pictures", "check that this session may use it") from None

    def __repr__(self) -> str:
        return "<X11Grabber>"

    def attend(self, window: int | None) -> None:
        """Watch this window from now on, or none: then no damage object, shared memory or event mask is left."""
        if self._closed or self._link.lost():
            return
        try:
            self._leave()
            if window is not None:
                self._attended(window)
        except xcffib.ConnectionException:
            return

    def fileno(self) -> int:
        """Readable when :meth:`heed` has something to do; -1 once closed, or the server is gone."""
        return -1 if self._closed or self._link.lost() else self._link.fileno()

    def heed(self) -> None:
        """Follow what the server told. Never blocks for long."""
        if self._closed or self._link.lost():
            return
        try:
            self._heed()
        except xcffib.ConnectionException:
            return

    def changed(self, window: int) -> bool:
        """Whether anything was painted in the window, or moved over it, since the last picture of it."""
        if self._closed or self._link.lost():
            return True
        try:
            self._link.confirm()
            self._heed()
        except xcffib.ConnectionException:
            return True
        return self._watch is None or self._watch.window != window or self._watch.changed

    def grab(self, window: int) -> RawFrame | None:
        """The window's pixels; ``None`` where it is gone, hidden, or anything over it moved during the grab."""
        if self._closed or self._link.lost():
            return None
        try:
            self._heed()
            before = scene(self._link, self._windows, window)
            if before is None:
                return None
            pixmap = self._name(before.top)
            try:
                return self._taken(window, before, pixmap)
            finally:
                if pixmap is not None:
                    self._link.core.FreePixmap(pixmap)
        except xcffib.ConnectionException:
            return None

    def close(self) -> None:
        """Disconnect. Idempotent."""
        if self._closed:
            return
        self.attend(None)
        self._closed = True
        self._images.release()
        self._link.close()

    def _taken(self, window: int, before: Scene, pixmap: int | None) -> RawFrame | None:
        if pixmap is None and before.over and self._composited():
            return None  # not drawn apart, and the screen may lag behind the order of windows
        watch = self._watching(window, before, apart=pixmap is not None)
        self._heed()
        if watch.place != before.whole:  # it lies in another window now, or moved within that: begin anew
            self._begin(window, before, watch.doubt, apart=watch.apart)
            return None
        turns, painted = watch.turns, watch.painted
        watch.begin_anew()
        start_ns = self._clock.monotonic_ns()
        pixels = self._pixels(before, pixmap)
        end_ns = self._clock.monotonic_ns()
        after = scene(self._link, self._windows, window)
        self._heed()
        if pixels is None or after is None or watch.turns != turns or _differ(before, after, apart=watch.apart):
            watch.spoil()
            if pixels is not None:
                pixels[:] = 0
            return None
        over = () if watch.apart else before.covered()
        covered = (*over, *(r for r in _within(before, watch.doubt) if not any(intersect(r, o) == r for o in over)))
        return RawFrame(
            pixels=_filled(pixels, covered),
            rect=before.client,
            scale=self._windows.scale,
            start_ns=start_ns,
            end_ns=end_ns,
            covered=covered,
            painted=None if painted is None else tuple(_within(before, painted)),
        )

    def _pixels(self, seen: Scene, pixmap: int | None) -> Pixels | None:
        """The window's client area, as far as that is on the screen."""
        if pixmap is None:
            return self._images.read(self._link.root, seen.client)
        return self._images.read(pixmap, shifted(seen.client, -seen.corner[0], -seen.corner[1]))

    def _name(self, top: int) -> int | None:
        """The memory that a child of the root is drawn into; ``None`` if it is drawn to the screen."""
        pixmap = self._link.xcb.generate_id()
        try:
            self._composite.NameWindowPixmapChecked(top, pixmap).check()
        except xcffib.Error:
            return None
        return int(pixmap)

    def _composited(self) -> bool:
        """Whether a compositor runs (EWMH 1.5, ``_NET_WM_CM_Sn``)."""
        name = f"_NET_WM_CM_S{self._link.xcb.pref_screen}"
        owner = answer(self._link.core.GetSelectionOwner(self._link.atom(name)))
        return owner is not None and bool(owner.owner)

    def _watching(self, window: int, seen: Scene, *, apart: bool) -> Watch:
        """The watch on this window, begun now if there is none, or if it is drawn in another way than before."""
        watch = self._watch
        if watch is None or watch.window != window:
            return self._begin(window, seen, (), apart=apart)
        return watch if watch.apart is apart else self._begin(window, seen, watch.doubt, apart=apart)

    def _begin(self, window: int, seen: Scene, doubt: Iterable[Rect], *, apart: bool) -> Watch:
        self._leave()
        damage = self._damage, self._damaged
        self._watch = Watch(self._link, damage, window, seen, apart=apart, doubt=doubt)
        return self._watch

    def _attended(self, window: int) -> None:
        self._heed()
        seen = scene(self._link, self._windows, window)
        if seen is not None:
            pixmap = self._name(seen.top)
            self._watching(window, seen, apart=pixmap is not None)
            if pixmap is not None:
                self._link.core.FreePixmap(pixmap)

    def _leave(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self._images.release()

    def _heed(self) -> None:
        wires = self._link.take()
        if any(wire.kind == PROPERTY for wire in wires):
            self._windows.read_scale()
        if self._watch is not None:
            self._watch.take(wires)


def _differ(before: Scene, after: Scene, *, apart: bool) -> bool:
    """Whether the window is elsewhere now or, where that matters, lies under something else."""
    return replace(before, over=()) != replace(after, over=()) if apart else before != after


def _within(seen: Scene, doubt: tuple[Rect, ...]) -> list[Rect]:
    """Rectangles of the whole client area, counted from the left top corner of the part that is on the screen."""
    dx, dy = seen.whole[0] - seen.client[0], seen.whole[1] - seen.client[1]
    part = (0, 0, seen.client[2] - seen.client[0], seen.client[3] - seen.client[1])
    return list(filter(None, (intersect(shifted(rect, dx, dy), part) for rect in doubt)))


def _filled(pixels: Pixels, covered: tuple[Rect, ...]) -> Pixels:
    for left, top, right, bottom in covered:
        pixels[top:bottom, left:right] = 0
    return pixels
