"""Whether some panel would show our icon: for ``overt doctor``. That it really does is asked by the indicator alone."""

import sys
from collections.abc import Mapping

from agent.native.base import Clock

WATCHER = "org.kde.StatusNotifierWatcher"
"""Both the name and the interface of the freedesktop.org StatusNotifierItem specification, as desktops spell it."""


def tray_host(environ: Mapping[str, str], clock: Clock) -> str | None:
    """Which kind of host there is; ``None`` for none. Changes and starts nothing. On Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    from agent.native.accessible.probe import property_of  # noqa: PLC0415  # D-Bus is installed on Linux only

    path, name = "/StatusNotifierWatcher", "IsStatusNotifierHostRegistered"
    if property_of(environ, clock, WATCHER, path, WATCHER, name) is True:
        return "StatusNotifierItem"
    return "XEmbed" if _embeds(environ.get("DISPLAY")) else None


def _embeds(display: str | None) -> bool:
    """Whether somebody owns the selection of the freedesktop.org System Tray Protocol on the first screen."""
    if not display:
        return False
    import xcffib  # noqa: PLC0415  # as above

    try:
        connection = xcffib.connect(display=display)
    except xcffib.ConnectionException:
        return False
    try:
        name = b"_NET_SYSTEM_TRAY_S0"
        atom = connection.core.InternAtom(False, len(name), name).reply().atom
        return bool(connection.core.GetSelectionOwner(atom).reply().owner)
    except (xcffib.XcffibException, xcffib.ProtocolException):
        return False
    finally:
        connection.disconnect()
