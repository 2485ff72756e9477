"""Which session this is, and what of it can be captured with a sign that is seen.

An X11 backend on a Wayland session would record little and claim all: there a screenshot through X11 is black without
an error, and X11 input misses native windows silently (DESIGN §5). So X11 is refused there, Xwayland's too.
"""

from collections.abc import Mapping

from agent.native.base import NativeUnavailable
from schemas.status import ClosedReason

LAYER_SHELL = "zwlr_layer_shell_v1"
SIGN_NEEDS = frozenset({"wl_compositor", "wl_shm", LAYER_SHELL})
"""What a compositor must offer for the badge: a layer above all windows. sway and others on wlroots do, and KDE; GNOME
has none."""


def is_wayland(environ: Mapping[str, str]) -> bool:
    """Whether this session's windowing system is Wayland, though it may offer X11 to old programs (Xwayland)."""
    return bool(environ.get("WAYLAND_DISPLAY")) or environ.get("XDG_SESSION_TYPE", "").lower() == "wayland"


def wayland_refused() -> NativeUnavailable:
    """The refusal of X11 in words."""
    return NativeUnavailable(
        "this is a Wayland session, where X11 shows neither the keys nor the pixels of most windows",
        "start overt from within the session, so that it knows WAYLAND_DISPLAY; or log in to an X11 (Xorg) session",
        ClosedReason.WAYLAND,
    )


def no_place_for_a_sign() -> NativeUnavailable:
    """No sign, no capture."""
    return NativeUnavailable(
        "this Wayland desktop offers no place above all windows for the sign (layer-shell), as GNOME does not",
        "log out and choose an X11 (Xorg) session at the login screen, or sway or KDE; nothing is captured until then",
        ClosedReason.WAYLAND,
    )
