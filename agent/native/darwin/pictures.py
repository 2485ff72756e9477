"""Pictures of one window on macOS, whatever lies over it: ScreenCaptureKit's screenshot of a window (macOS 14)."""

import sys
import threading
from typing import Any

import cv2
import numpy as np

from agent.native.base import NativeUnavailable, Pixels
from schemas.events import Rect

ANSWER_S = 2.0
"""Seconds to wait for ScreenCaptureKit, which answers on a queue of its own; then there is no picture."""

if sys.platform == "darwin":
    import Quartz
    import ScreenCaptureKit

    class WindowCamera:
        """A :class:`agent.native.pictures.Camera` of one window: see :meth:`of`. Its own pixels and nothing else's."""

        def __init__(self) -> None:
            if not hasattr(ScreenCaptureKit, "SCScreenshotManager"):
                raise NativeUnavailable("pictures need macOS 14 or later", "update macOS, or agree to other kinds only")
            self._window = 0

        def of(self, window: int) -> "WindowCamera":
            """Take this window from now on."""
            self._window = window
            return self

        def take(self, rect: Rect) -> Pixels | None:
            """The window, if it has the size that was asked for."""
            window = self._find()
            if window is None:
                return None
            width, height = rect[2] - rect[0], rect[3] - rect[1]
            filter_ = ScreenCaptureKit.SCContentFilter.alloc().initWithDesktopIndependentWindow_(window)
            wanted = ScreenCaptureKit.SCStreamConfiguration.alloc().init()
            wanted.setWidth_(width)
            wanted.setHeight_(height)
            wanted.setShowsCursor_(False)
            wanted.setIgnoreShadowsSingleWindow_(True)
            image = _answer(
                lambda done: (
                    ScreenCaptureKit.SCScreenshotManager.captureImageWithFilter_configuration_completionHandler_(
                        filter_, wanted, done
                    )
                )
            )
            return None if image is None else _pixels(image, width, height)

        def close(self) -> None:
            """Nothing is kept."""

        def _find(self) -> Any:
            content = _answer(
                lambda done: (
                    ScreenCaptureKit.SCShareableContent.getShareableContentExcludingDesktopWindows_onScreenWindowsOnly_completionHandler_(
                        True, True, done
                    )
                )
            )
            windows = content.windows() if content is not None else ()
            return next((one for one in windows if one.windowID() == self._window), None)

    def _answer(ask: Any) -> Any:
        """What ScreenCaptureKit answers; ``None`` for an error or none in time."""
        got: list[Any] = []
        ready = threading.Event()

        def done(value: Any, error: Any) -> None:
            if error is None:
                got.append(value)
            ready.set()

        ask(done)
        ready.wait(ANSWER_S)
        return got[0] if got else None

    def _pixels(image: Any, width: int, height: int) -> Pixels | None:
        if (Quartz.CGImageGetWidth(image), Quartz.CGImageGetHeight(image)) != (width, height):
            return None
        stride = Quartz.CGImageGetBytesPerRow(image)
        raw = Quartz.CGDataProviderCopyData(Quartz.CGImageGetDataProvider(image))
        rows = np.frombuffer(raw, np.uint8)[: stride * height].reshape(height, stride)
        padded = rows[:, : width * 4].reshape(height, width, 4)
        return np.asarray(cv2.cvtColor(padded, cv2.COLOR_BGRA2BGR), np.uint8)
