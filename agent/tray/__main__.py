"""``python -m agent.tray``: the indicator. One for each person; a second one ends at once."""

import contextlib
import os
import signal
import sys

from PySide6.QtCore import QTimer

from agent.ceremony.words import spoken
from agent.disk.lock import only_one
from agent.disk.places import Places
from agent.native.harden import name_process
from agent.native.wayland.session import is_wayland
from agent.tray.app import make_app
from agent.tray.indicator import Indicator
from agent.tray.presence import AnyPresence, Presence
from agent.tray.system import SystemPresence
from agent.tray.words import Words

NO_DISPLAY = 4
"""Exit code: there is no display on which an icon could be seen."""


def main() -> int:
    """Run the indicator and return the exit code."""
    name_process("overt-indicator")
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        sys.stderr.write("there is no display here\nTo go on: start it on the desktop where you are logged in\n")
        return NO_DISPLAY
    if is_wayland(os.environ):
        os.environ.setdefault("QT_QPA_PLATFORM", "wayland")  # where a session has Xwayland too, Qt would take that
    places = Places.from_environ(os.environ)
    places.make()
    if only_one(places.runtime / "indicator.lock") is None:
        sys.stderr.write("the indicator is running already\n")
        return 0
    return _run(places)


def _run(places: Places) -> int:
    app = make_app()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)  # the daemon sees the line break and closes the gate
    if sys.platform != "win32":  # an upgrade: the daemon's line breaks as well, which has the interpreter look
        signal.signal(signal.SIGUSR2, lambda *_: _again())
    presence = AnyPresence(_kinds())
    indicator = Indicator(Words(spoken(os.environ)), places, presence, _again)
    QTimer.singleShot(0, indicator.start)
    code = app.exec()
    presence.close()
    return code


def _kinds() -> tuple[Presence, ...]:
    if sys.platform != "linux":
        return (SystemPresence(),)
    import xcffib  # noqa: PLC0415  # these three are for Linux only

    from agent.tray.sni import SniPresence  # noqa: PLC0415
    from agent.tray.xembed import XembedPresence  # noqa: PLC0415

    kinds: list[Presence] = [SniPresence()]
    if is_wayland(os.environ):
        return tuple(kinds)  # no tray there takes X windows in
    with contextlib.suppress(xcffib.ConnectionException):
        kinds.append(XembedPresence())
    return tuple(kinds)


def _again() -> None:
    os.execv(sys.executable, [sys.executable, "-m", "agent.tray"])  # noqa: S606  # this very program


if __name__ == "__main__":
    sys.exit(main())
