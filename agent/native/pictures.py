"""Pictures and the look at the badge where windows come as a list (macOS, Windows). The screen is read by mss."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import cv2
import mss
import numpy as np

from agent.core.sign import Claim
from agent.core.stripe import shows
from agent.native.base import Clock, Pixels, RawFrame
from agent.native.layers import Listed, Scene, owns
from schemas.events import Rect


class Camera(Protocol):
    """Gives pixels of the desktop."""

    def take(self, rect: Rect) -> Pixels | None:
        """A rectangle in physical pixels; ``None`` where it cannot be had."""
        ...

    def close(self) -> None:
        """Let go. Idempotent."""
        ...


class MssCamera:
    """The screen as it is shown, by mss. For one thread.

    Args:
        scale: physical pixels in a unit of mss: the display's on macOS, where it takes points; 1 elsewhere.
    """

    def __init__(self, scale: float = 1.0) -> None:
        self._mss: Any = mss.MSS(with_cursor=False)
        self._scale = scale

    def take(self, rect: Rect) -> Pixels | None:
        """See the Protocol. ``None`` also where the picture has not the size that was asked for."""
        left, top, right, bottom = rect
        area = {"left": left, "top": top, "width": right - left, "height": bottom - top}
        try:
            shot = self._mss.grab({name: round(value / self._scale) for name, value in area.items()})
        except mss.ScreenShotError:
            return None
        if (shot.width, shot.height) != (area["width"], area["height"]):
            return None
        padded = np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)
        return np.asarray(cv2.cvtColor(padded, cv2.COLOR_BGRA2BGR), np.uint8)

    def close(self) -> None:
        """Let go. Idempotent."""
        self._mss.close()


class MaskedGrabber:
    """A :class:`agent.native.base.Grabber`: the window's rectangle of the screen, what lies over it filled.

    Args:
        scene: looks up a window's place and what lies over it.
        camera: takes the screen.
        clock: the time.
        scale: of a window.
    """

    def __init__(
        self, scene: Callable[[int], Scene | None], camera: Camera, clock: Clock, scale: Callable[[int], float]
    ) -> None:
        self._scene, self._camera, self._clock, self._scale = scene, camera, clock, scale

    def __repr__(self) -> str:
        return "<MaskedGrabber>"

    def grab(self, window: int) -> RawFrame | None:
        """The window's pixels; ``None`` where it is gone, hidden, or anything over it moved during the grab."""
        before = self._scene(window)
        if before is None:
            return None
        start_ns = self._clock.monotonic_ns()
        pixels = self._camera.take(before.client)
        end_ns = self._clock.monotonic_ns()
        if pixels is None or self._scene(window) != before:
            return None
        for left, top, right, bottom in before.covered():
            pixels[top:bottom, left:right] = 0
        return RawFrame(pixels=pixels, rect=before.client, scale=self._scale(window), start_ns=start_ns,
                        end_ns=end_ns, covered=before.covered())  # fmt: skip

    def close(self) -> None:
        """Let go. Idempotent."""
        self._camera.close()


class ListedWitness:
    """A :class:`agent.native.base.SignWitness`: the stripe's pixels, in a window of the claimed process, on top.

    Args:
        windows: lists what can be seen, front to back.
        camera: takes the screen.
    """

    def __init__(self, windows: Callable[[], Sequence[Listed]], camera: Camera) -> None:
        self._windows, self._camera = windows, camera

    def __repr__(self) -> str:
        return "<ListedWitness>"

    def sees(self, claim: Claim) -> bool:
        """See the Protocol. Nobody's badge is never seen."""
        if claim.pid is None or not owns(self._windows(), claim.rect, claim.pid):
            return False
        pixels = self._camera.take(claim.rect)
        seen = pixels is not None and shows(pixels, claim.nonce)
        return seen and owns(self._windows(), claim.rect, claim.pid)

    def lost(self) -> bool:
        """Never: there is no connection that could go."""
        return False

    def close(self) -> None:
        """Let go. Idempotent."""
        self._camera.close()
