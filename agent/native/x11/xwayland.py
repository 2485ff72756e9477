"""Whether an X server is Xwayland: the X11 inside a Wayland session, which shows only what old programs do there.

A service can be started with ``DISPLAY`` and without any variable that names Wayland, so the server itself is asked.
"""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import xcffib
import xcffib.randr

from agent.native.base import NativeUnavailable
from agent.native.wayland.session import wayland_refused
from agent.native.x11.link import Link, answer
from schemas.status import ClosedReason

EXTENSION = "XWAYLAND"
"""Xwayland has it since 23.1, and nothing else has: it exists to be asked for."""
OUTPUT = b"XWAYLAND"
"""How each of its screens is called in RandR, in all versions."""
RANDR = (1, 3)
"""The version that tells the screens without probing the hardware."""


def refuse_xwayland(environ: Mapping[str, str]) -> None:
    """Look at the server on a connection of its own, which is closed again.

    Raises:
        NativeUnavailable: There is no display, it went away, or it is Xwayland.
    """
    with closing(Link(environ)) as link:
        try:
            found = is_xwayland(link)
        except xcffib.ConnectionException:
            raise NativeUnavailable(
                "the X display went away", "start the agent again when it is back", ClosedReason.DISPLAY_LOST
            ) from None
    if found:
        raise wayland_refused()


def is_xwayland(link: Link) -> bool:
    """Ask the server. A server without RandR is none."""
    told = answer(link.core.QueryExtension(len(EXTENSION), EXTENSION))
    return bool(told is not None and told.present) or any(name.startswith(OUTPUT) for name in _outputs(link))


def _outputs(link: Link) -> list[bytes]:
    """The names of the server's screens."""
    name = "RANDR"
    told = answer(link.core.QueryExtension(len(name), name))
    if told is None or not told.present:
        return []
    randr: Any = link.xcb(xcffib.randr.key)
    if answer(randr.QueryVersion(*RANDR)) is None:
        return []
    found = answer(randr.GetScreenResourcesCurrent(link.root))
    if found is None:
        return []
    asked = [randr.GetOutputInfo(output, found.config_timestamp) for output in found.outputs]
    return [bytes(one.name.raw) for one in map(answer, asked) if one is not None]
