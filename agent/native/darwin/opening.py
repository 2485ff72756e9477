"""macOS's parts put together."""

import sys

from agent.native.base import Clock, Grabber, Native, RawFrame, SignWitness

if sys.platform == "darwin":
    from agent.native.base import Capabilities
    from agent.native.darwin import watcher
    from agent.native.darwin.ears import DarwinEars
    from agent.native.darwin.pictures import WindowCamera
    from agent.native.darwin.secure import permissions
    from agent.native.permissions import capabilities, require
    from agent.native.pictures import ListedWitness, MaskedGrabber, MssCamera
    from agent.native.pynput_source import PynputNative
    from schemas.events import Modality

    WHY = "macOS tells keys, pointer and pixels of the window that has focus"

    class WindowGrabber(MaskedGrabber):
        """Pictures of one window at a time."""

        def __init__(self, clock: Clock) -> None:
            self._one = WindowCamera()
            super().__init__(watcher.scene_of, self._one, clock, lambda _: watcher.main_scale())

        def grab(self, window: int) -> RawFrame | None:
            """See the Protocol."""
            self._one.of(window)
            return super().grab(window)

    def open_native(clock: Clock) -> Native:
        """Keys, pointer and focus.

        Raises:
            NativeUnavailable: A permission lacks; the remedy names its page of the settings.
        """
        found = permissions()
        require(found[:1], Modality.KEYBOARD)  # Accessibility: without it nobody knows which window has focus
        seen = watcher.DarwinWatcher()
        return PynputNative("macos", seen, DarwinEars(seen.over), clock, _can)

    def open_grabber(clock: Clock) -> Grabber:
        """Pictures.

        Raises:
            NativeUnavailable: Screen recording is not allowed, or macOS is older than 14.
        """
        require(permissions(), Modality.SCREEN)
        return WindowGrabber(clock)

    def open_witness() -> SignWitness:
        """The look at the badge.

        Raises:
            NativeUnavailable: Screen recording is not allowed.
        """
        require(permissions(), Modality.SCREEN)
        return ListedWitness(watcher.listed, MssCamera(watcher.main_scale()))

    def _can() -> Capabilities:
        return capabilities(permissions(), WHY)
