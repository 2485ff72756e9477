"""``python -m agent.ceremony [--terminal]``: ask the person. No argument, variable, file or pipe answers for them."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.ceremony.accessibility import ask_for_it
from agent.ceremony.errors import CeremonyError, NobodyThereError
from agent.ceremony.outcome import Outcome, Yes, keep
from agent.ceremony.perform import what_changed, what_to_ask
from agent.ceremony.plain import wrap
from agent.ceremony.words import Words, choose_language, spoken
from agent.core.ceremony import Asked
from agent.disk.places import Places
from agent.native.harden import name_process
from agent.native.none import keep_none_alive

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from agent.ceremony.console import Console

REAL_DISPLAYS = frozenset({"xcb", "wayland", "cocoa", "windows"})
"""Qt platforms that a person can see. Others draw into memory or onto a wire."""


def hold_in_terminal(places: Places) -> str:
    """Ask in the controlling terminal, and keep the answer.

    Returns:
        What came of it, in words.

    Raises:
        CeremonyError: nobody could be asked, or the answer could not be kept.
    """
    if os.name != "posix":
        raise NobodyThereError("the terminal version needs a POSIX terminal")
    # Unix only, and not needed for the window:
    from agent.ceremony.console import ControllingTerminal  # noqa: PLC0415
    from agent.ceremony.terminal import hold  # noqa: PLC0415

    console = ControllingTerminal()
    asked = what_to_ask(places)
    language = _language(asked)
    outcome = hold(console, asked, language, what_changed(places, asked))
    told = Words(language)(keep(places, asked, outcome, time.time_ns, "terminal"))
    console.write(f"\n{told}\n")
    if isinstance(outcome, Yes):
        _ask_for_accessibility(console, places, Words(language))
    console.close()
    return told


def hold_in_window(places: Places) -> str:
    """Ask in a window, and keep the answer. Returns and raises as :func:`hold_in_terminal`."""
    # Qt costs a terminal nothing if it is not loaded.
    from PySide6.QtWidgets import QApplication, QMessageBox  # noqa: PLC0415

    from agent.ceremony.window import CeremonyWindow  # noqa: PLC0415

    asked = what_to_ask(places)
    language = _language(asked)
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise NobodyThereError("there is no display here")  # Qt would abort without a word of use
    keep_none_alive()
    app = QApplication(["overt"])
    app.setApplicationName("overt")
    app.setApplicationDisplayName("Overt")
    app.setStyle("Fusion")
    if app.platformName() not in REAL_DISPLAYS:
        raise NobodyThereError("there is no display that a person can see")
    window = CeremonyWindow(asked, language, what_changed(places, asked))
    window.show()
    app.exec()
    while window.switch_to is not None:
        language = window.switch_to
        window = window.in_language(language)
        window.show()
        app.exec()
    outcome: Outcome = window.outcome
    words = Words(language)
    try:
        told = words(keep(places, asked, outcome, time.time_ns, "window"))
    except CeremonyError as error:
        why = words("error.text", error=error, remedy=error.remedy)
        QMessageBox.warning(window, words("error.title"), why)
        raise
    if isinstance(outcome, Yes):
        _ask_in_window(window, places, words)
    return told


def _ask_for_accessibility(console: "Console", places: Places, words: Words) -> None:
    def agreed() -> bool:
        console.write("\n" + "".join(f"{line}\n" for line in wrap(words("access.text"), console.columns)))
        try:
            return console.ask(words("access.ask")).lower() in words("tty.yes_words").split()
        except (EOFError, KeyboardInterrupt):
            return False

    if (told := ask_for_it(places.accessibility, words, agreed)) is not None:
        console.write("\n" + "".join(f"{line}\n" for line in wrap(told, console.columns)))


def _ask_in_window(window: "QWidget", places: Places, words: Words) -> None:
    from PySide6.QtWidgets import QMessageBox  # noqa: PLC0415  # as above

    def agreed() -> bool:
        box = QMessageBox(QMessageBox.Icon.Question, words("access.title"), words("access.text"), parent=window)
        turn_on = box.addButton(words("access.turn_on"), QMessageBox.ButtonRole.AcceptRole)
        leave = box.addButton(words("access.leave"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(leave)
        box.setEscapeButton(leave)
        box.exec()
        return box.clickedButton() is turn_on

    if (told := ask_for_it(places.accessibility, words, agreed)) is not None:
        QMessageBox.information(window, words("access.title"), told)


def _language(asked: Asked) -> str:
    return choose_language(asked.manifest.notices, spoken(os.environ))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the ceremony and return the exit code. The answer is not in it: whoever starts this learns nothing."""
    parser = argparse.ArgumentParser(prog="python -m agent.ceremony", description=__doc__, allow_abbrev=False)
    parser.add_argument("--terminal", action="store_true", help="ask in this terminal instead of a window")
    options = parser.parse_args(arguments)
    name_process("overt-ceremony")
    places = Places.from_environ(os.environ)
    try:
        (hold_in_terminal if options.terminal else hold_in_window)(places)
    except CeremonyError as error:
        sys.stderr.write(f"{error}\nTo go on: {error.remedy}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
