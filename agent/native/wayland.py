"""Wayland: refuses, and says why.

There a screenshot through X11 is black without an error, and X11 input misses native windows silently (DESIGN §5), so
an X11 backend on a Wayland session would record little and claim all.
"""

from collections.abc import Mapping

from agent.native.base import NativeUnavailable
from schemas.status import ClosedReason


def is_wayland(environ: Mapping[str, str]) -> bool:
    """Whether this session's windowing system is Wayland, though it may offer X11 to old programs (Xwayland)."""
    return bool(environ.get("WAYLAND_DISPLAY")) or environ.get("XDG_SESSION_TYPE", "").lower() == "wayland"


def refuse_wayland(environ: Mapping[str, str]) -> None:
    """Do nothing on any session but a Wayland one.

    Raises:
        NativeUnavailable: This is a Wayland session.
    """
    if is_wayland(environ):
        raise wayland_refused()


def wayland_refused() -> NativeUnavailable:
    """The refusal in words."""
    return NativeUnavailable(
        "this is a Wayland session, where X11 shows neither the keys nor the pixels of most windows",
        "log out and choose an X11 (Xorg) session at the login screen; nothing is captured until then",
        ClosedReason.WAYLAND,
    )
