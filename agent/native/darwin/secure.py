"""Secure input and permissions on macOS: looked up, never asked for."""

import ctypes
import sys
from collections.abc import Sequence

from agent.native.permissions import DARWIN, Found, look

CARBON = "/System/Library/Frameworks/Carbon.framework/Carbon"

if sys.platform == "darwin":
    import HIServices
    import Quartz

    _carbon = ctypes.CDLL(CARBON)
    _carbon.IsSecureEventInputEnabled.restype = ctypes.c_ubyte
    _carbon.IsSecureEventInputEnabled.argtypes = []

    def secure_input() -> bool:
        """Whether some program has asked for secure input, as password fields do (Carbon, CarbonEventsCore.h)."""
        return bool(_carbon.IsSecureEventInputEnabled())

    def permissions() -> Sequence[Found]:
        """What is allowed now."""
        return look(DARWIN, {
            "accessibility": bool(HIServices.AXIsProcessTrusted()),
            "input": bool(Quartz.CGPreflightListenEventAccess()),
            "screen": bool(Quartz.CGPreflightScreenCaptureAccess()),
        })  # fmt: skip
