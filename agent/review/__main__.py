"""``python -m agent.review``: the window on what was captured, in a process that nobody else can look into."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import date
from traceback import walk_tb
from types import TracebackType

from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from agent.ceremony.words import spoken
from agent.disk.places import Places
from agent.durations import day_of
from agent.errors import NoStudyError, OvertError
from agent.native.harden import name_process, refuse_dumps
from agent.review.desk import Desk
from agent.review.window import ReviewWindow
from agent.review.words import review_words
from agent.tray.app import make_app
from agent.tray.panel import label
from agent.tray.read import show_captured
from agent.tray.words import Words


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the window until it is closed, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m agent.review", description=__doc__, allow_abbrev=False)
    parser.add_argument("--day", default="today", help="today, yesterday or 2026-11-30")
    parser.add_argument("--at", help="a time of that day, such as 10:30")
    options = parser.parse_args(arguments)
    day = day_of(options.day, time.time())
    if day is None:
        parser.error("a day is: today, yesterday, or 2026-11-30")
    refuse_dumps()
    os.umask(0o077)
    name_process("overt-review")
    sys.excepthook = _without_values
    app: QApplication = make_app()
    app.setQuitOnLastWindowClosed(True)
    words = review_words(spoken(os.environ))
    window: QWidget = _window(words, Places.from_environ(os.environ), day, options.at)
    window.show()
    window.activateWindow()
    return app.exec()


def _without_values(kind: type[BaseException], _error: BaseException, trace: TracebackType | None) -> None:
    """Tell of a fault where it was, and nothing of what was looked at: messages of libraries quote their arguments."""
    where = "".join(f"  {frame.f_code.co_filename}:{line}\n" for frame, line in walk_tb(trace))
    sys.stderr.write(f"{kind.__name__}\n{where}")


def _window(words: Words, places: Places, day: date, at: str | None) -> QWidget:
    """The review; without the key that opens anything, the list of what is sealed, and why it is no more."""
    try:
        return ReviewWindow(words, Desk(places), day, at)
    except OvertError as error:
        panel = show_captured(words, places)
        column = panel.layout()
        if isinstance(column, QVBoxLayout) and not isinstance(error, NoStudyError):
            column.insertWidget(1, label(f"{error}. {error.remedy}"))
        return panel


if __name__ == "__main__":
    sys.exit(main())
