"""Windows' parts put together."""

import sys

from agent.native.base import Capabilities, Capability, Clock, Grabber, Native, SignWitness

if sys.platform == "win32":
    from agent.native.pictures import ListedWitness, MaskedGrabber, MssCamera
    from agent.native.pynput_source import PynputNative
    from agent.native.windows import watcher
    from agent.native.windows.ears import WindowsEars

    YES = Capability.OFFERED
    CAN = Capabilities(
        keyboard=YES, pointer=YES, screen=YES, why="Windows tells keys, pointer and pixels of the window in front"
    )

    def open_native(clock: Clock) -> Native:
        """Keys, pointer and focus.

        Raises:
            NativeUnavailable: Windows refuses the foreground hook.
        """
        seen = watcher.WindowsWatcher()
        return PynputNative("windows", seen, WindowsEars(seen.over), clock, lambda: CAN)

    def open_grabber(clock: Clock) -> Grabber:
        """Pictures."""
        return MaskedGrabber(watcher.scene_of, MssCamera(), clock, watcher.scale_of)

    def open_witness() -> SignWitness:
        """The look at the badge."""
        return ListedWitness(watcher.listed, MssCamera())
