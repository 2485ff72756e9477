"""Chooses the backend for this system: the only place that does."""

import selectors
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agent.native.base import AlwaysHere, Clock, Grabber, Native, NativeUnavailable, SessionWatch, SignWitness
from agent.native.permissions import Found
from agent.native.wayland.session import is_wayland, wayland_refused


def open_native(environ: Mapping[str, str], clock: Clock) -> Native:
    """Connect to this session's windowing system. Nothing is hooked by that.

    Args:
        environ: The environment variables to go by (``DISPLAY``, ``WAYLAND_DISPLAY``, locale).
        clock: The time.

    Raises:
        NativeUnavailable: There is no backend for this system, or no display.
    """
    if sys.platform == "darwin":
        from agent.native.darwin import opening  # noqa: PLC0415  # pyobjc is installed on macOS only

        return opening.open_native(clock)
    if sys.platform == "win32":
        from agent.native.windows import opening  # noqa: PLC0415

        return opening.open_native(clock)
    if sys.platform.startswith("linux") and environ.get("WAYLAND_DISPLAY"):
        from agent.native.wayland.backend import WaylandNative  # noqa: PLC0415

        return WaylandNative(environ, clock)
    _refuse_unsupported(environ)
    from agent.native.x11.backend import X11Native  # noqa: PLC0415  # xcffib is installed on Linux only

    return X11Native(environ, clock)


def open_grabber(environ: Mapping[str, str], clock: Clock) -> Grabber:
    """Connect for taking pictures. None is taken by that.

    Raises:
        NativeUnavailable: There is no backend for this system, or no display.
    """
    if sys.platform == "darwin":
        from agent.native.darwin import opening  # noqa: PLC0415  # pyobjc is installed on macOS only

        return opening.open_grabber(clock)
    if sys.platform == "win32":
        from agent.native.windows import opening  # noqa: PLC0415

        return opening.open_grabber(clock)
    _refuse_unsupported(environ)
    from agent.native.x11.grabber import X11Grabber  # noqa: PLC0415  # xcffib is installed on Linux only

    return X11Grabber(environ, clock)


def open_witness(environ: Mapping[str, str]) -> SignWitness:
    """Connect for looking at the badge. Nothing else of the screen is read by it.

    Raises:
        NativeUnavailable: There is no backend for this system, or no display.
    """
    if sys.platform == "darwin":
        from agent.native.darwin import opening  # noqa: PLC0415  # pyobjc is installed on macOS only

        return opening.open_witness()
    if sys.platform == "win32":
        from agent.native.windows import opening  # noqa: PLC0415

        return opening.open_witness()
    if sys.platform.startswith("linux") and environ.get("WAYLAND_DISPLAY"):
        from agent.native.wayland.witness import DrawnWitness  # noqa: PLC0415

        return DrawnWitness()
    _refuse_unsupported(environ)
    from agent.native.x11.witness import X11Witness  # noqa: PLC0415  # xcffib is installed on Linux only

    return X11Witness(environ)


def open_seat(
    environ: Mapping[str, str], clock: Clock, selector: selectors.BaseSelector, changed: Callable[[], None]
) -> SessionWatch:
    """What tells whether the person sits at this session. It holds nothing until it is told to watch.

    Args:
        environ: which session.
        clock: the time.
        selector: the daemon's.
        changed: called when the answer may have become another.
    """
    if not sys.platform.startswith("linux"):
        return AlwaysHere()
    from agent.native.seat import Seat  # noqa: PLC0415  # D-Bus is of no use elsewhere

    return Seat(environ, clock, selector, changed)


def put_accessibility_back(note: Path, environ: Mapping[str, str], clock: Clock) -> None:
    """Turn the desktop's accessibility off again, where ``note`` says that we turned it on as a person agreed."""
    if sys.platform.startswith("linux") and note.exists():
        from agent.native.accessible.asked_on import put_back  # noqa: PLC0415  # D-Bus is of no use elsewhere

        put_back(note, environ, clock)


def permissions() -> Sequence[Found]:
    """What a person has to allow in this system's settings, and whether they did; empty where there is nothing."""
    if sys.platform == "darwin":
        from agent.native.darwin import secure  # noqa: PLC0415

        return secure.permissions()
    return ()


def _refuse_unsupported(environ: Mapping[str, str]) -> None:
    if not sys.platform.startswith("linux"):
        raise NativeUnavailable(f"there is no way to capture on {sys.platform}", "nothing is captured on this system")
    if is_wayland(environ):
        raise wayland_refused()
    from agent.native.x11.xwayland import refuse_xwayland  # noqa: PLC0415  # xcffib is installed on Linux only

    refuse_xwayland(environ)
