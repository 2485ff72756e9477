"""The question after a yes on Wayland: only a word of yes, or a press of its button, is one. The bus: see journeys."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import agent.ceremony.__main__ as ceremony
from agent.ceremony.words import Words
from agent.disk.places import Places
from tests.agent.ceremony.fake_console import FakeConsole

WINDOW = """
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget
import agent.ceremony.__main__ as ceremony
from agent.ceremony.words import Words
from agent.disk.places import Places

app, window, here = QApplication([]), QWidget(), Places(Path("/nowhere"), Path("/nowhere"))

def play(language, press):
    words, shown, answers = Words(language), [], []
    def ask(note, words, agreed):
        answers.append(agreed())
    def act():
        box = app.activeModalWidget()
        if box is not None:
            buttons = {one.text(): one for one in box.buttons()}
            shown[:] = buttons
            buttons[words(press)].click() if press else box.reject()
    ceremony.ask_for_it = ask
    timer = QTimer()
    timer.timeout.connect(act)
    timer.start(10)
    ceremony._ask_in_window(window, here, words)
    timer.stop()
    print(language, press, *answers, *shown, sep="|")

for language in ("en", "de"):
    for press in ("access.turn_on", "access.leave", ""):
        play(language, press)
"""
HERE = Places(state=Path("/nowhere"), runtime=Path("/nowhere"))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What was answered, where the switch is off."""
    found: list[bool] = []

    def ask(_note: Path, words: Words, agreed: Callable[[], bool]) -> str:
        found.append(agreed())
        return words("access.on" if found[-1] else "access.no")

    monkeypatch.setattr(ceremony, "ask_for_it", ask)
    return found


@pytest.mark.parametrize("typed", ["y", "Yes", "", "n", "^C"])
def test_in_a_terminal(answers: list[bool], typed: str) -> None:
    yes = typed in ("y", "Yes")
    console = FakeConsole([typed])
    ceremony._ask_for_accessibility(console, HERE, Words("en"))
    assert answers == [yes]
    assert ("Chromium" in console.shown) is yes


def test_a_terminal_that_closes_is_no_yes(answers: list[bool]) -> None:
    ceremony._ask_for_accessibility(FakeConsole([]), HERE, Words("en"))
    assert answers == [False]


def test_in_a_window() -> None:
    """In a process of its own, which draws into memory."""
    environ = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", WINDOW], env=environ, capture_output=True, text=True, check=True)
    told = [line.split("|") for line in done.stdout.splitlines()]
    presses = [("access.turn_on", "True"), ("access.leave", "False"), ("", "False")]
    assert [tuple(row[:3]) for row in told] == [(lang, press, yes) for lang in ("en", "de") for press, yes in presses]
    for language, _, _, *buttons in told:
        words = Words(language)
        assert set(buttons) == {words("access.turn_on"), words("access.leave")}
