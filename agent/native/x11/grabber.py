"""Pictures of one window, with everything that lies over it filled in before anybody gets to see them."""

from collections.abc import Mapping
from typing import Any

import cv2
import mss
import numpy as np
import xcffib

from agent.native.base import Clock, NativeUnavailable, Pixels, RawFrame
from agent.native.x11.link import Link
from agent.native.x11.stacking import Scene, scene
from agent.native.x11.windows import Windows
from schemas.events import Rect

BYTES_A_PIXEL = 4
"""Blue, green, red and one that means nothing: what X servers keep at depth 24."""


class X11Grabber:
    """A :class:`agent.native.base.Grabber` for X11, with two connections of its own: one of them is mss's.

    Of a window that reaches over the screen's edge, ``rect`` and ``pixels`` are the part on the screen, and ``covered``
    counts from that part's left top corner.

    Args:
        environ: ``DISPLAY``.
        clock: The time.

    Raises:
        NativeUnavailable: There is no display.
    """

    def __init__(self, environ: Mapping[str, str], clock: Clock) -> None:
        self._clock = clock
        self._display = environ.get("DISPLAY", "")
        self._link = Link(environ)
        self._camera: Any = None
        self._closed = False
        try:
            self._windows = Windows(self._link)
            self._camera = _camera(self._display)
        except (xcffib.XcffibException, mss.ScreenShotError):
            self.close()
            raise NativeUnavailable("the X server gives no pictures", "check that this session may use it") from None

    def __repr__(self) -> str:
        return "<X11Grabber>"

    def grab(self, window: int) -> RawFrame | None:
        """The window's pixels; ``None`` where it is gone, hidden, or anything over it moved during the grab."""
        if self._closed or self._link.lost():
            return None
        try:
            self._heed()
            before = scene(self._link, self._windows, window)
            if before is None:
                return None
            start_ns = self._clock.monotonic_ns()
            pixels = self._pixels(before.client)
            end_ns = self._clock.monotonic_ns()
            if pixels is None or scene(self._link, self._windows, window) != before:
                return None
        except xcffib.ConnectionException:
            return None
        return RawFrame(
            pixels=_filled(pixels, before),
            rect=before.client,
            scale=self._windows.scale,
            start_ns=start_ns,
            end_ns=end_ns,
            covered=before.covered(),
        )

    def close(self) -> None:
        """Disconnect. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._link.close()
        if self._camera is not None:
            self._camera.close()

    def _pixels(self, rect: Rect) -> Pixels | None:
        """A rectangle of the screen; ``None`` where it cannot be had, such as after the screen was resized."""
        left, top, right, bottom = rect
        area = {"left": left, "top": top, "width": right - left, "height": bottom - top}
        try:
            raw = self._camera.grab(area).raw
        except mss.ScreenShotError:
            self._renew()
            return None
        padded = np.frombuffer(raw, np.uint8).reshape(bottom - top, right - left, BYTES_A_PIXEL)
        return np.asarray(cv2.cvtColor(padded, cv2.COLOR_BGRA2BGR), np.uint8)

    def _renew(self) -> None:
        """A new camera: the old one's buffer has the size that the screen had when it was made."""
        self._camera.close()
        try:
            self._camera = _camera(self._display)
        except mss.ScreenShotError:
            self.close()

    def _heed(self) -> None:
        """The only events on this connection are of the root's properties, of which one matters."""
        if self._link.take():
            self._windows.read_scale()


def _camera(display: str) -> Any:
    return mss.MSS(backend="xshmgetimage", display=display, with_cursor=False)


def _filled(pixels: Pixels, seen: Scene) -> Pixels:
    for left, top, right, bottom in seen.covered():
        pixels[top:bottom, left:right] = 0
    return pixels
