"""``python -m agent.tray.read captured|readers``: a window of the menu's that reads the disk, in a process of its own.

What it needs (the spool's index, the ledger, cryptography) should not stay in the indicator's memory all day, and a
slow disk or keyring should not keep the indicator from its lease.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

from PySide6.QtWidgets import QApplication

from agent.ceremony.words import spoken
from agent.daemon.standing import Standing, read_standing
from agent.disk.keys import open_keys
from agent.disk.places import Places
from agent.net.control import DaemonNotRunning, ProtocolError, ask
from agent.tray import captured, readers
from agent.tray.app import make_app
from agent.tray.panel import Panel
from agent.tray.words import Words
from schemas.status import Counts

USAGE = 2
"""Exit code: asked for a window that there is not."""


def show_captured(words: Words, places: Places) -> Panel:
    """What was captured."""
    rows = None
    with suppress(OSError):
        rows = captured.read(places)
    return captured.Captured(words, rows, _counts(places))


def show_readers(words: Words, places: Places) -> Panel:
    """Who can read it."""
    now_ns = time.time_ns()
    found: Standing = read_standing(places, open_keys(places))
    in_force = found.consent(now_ns)[1] is not None
    return readers.Readers(words, readers.told(words, found, now_ns), in_force=in_force)


WINDOWS: Mapping[str, Callable[[Words, Places], Panel]] = MappingProxyType(
    {"captured": show_captured, "readers": show_readers}
)


def main(arguments: Sequence[str]) -> int:
    """Show one window until it is closed, and return the exit code."""
    chosen = WINDOWS.get(arguments[0]) if len(arguments) == 1 else None
    if chosen is None:
        sys.stderr.write(f"one of: {', '.join(WINDOWS)}\n")
        return USAGE
    app: QApplication = make_app()
    app.setQuitOnLastWindowClosed(True)
    panel = chosen(Words(spoken(os.environ)), Places.from_environ(os.environ))
    panel.show()
    panel.activateWindow()
    return app.exec()


def _counts(places: Places) -> Counts | None:
    try:
        return ask(places.control_socket, "status").counts
    except (DaemonNotRunning, ProtocolError):
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
