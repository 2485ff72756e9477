"""What a screen reader says of the ceremony's window. Qt draws into memory here: names need no display."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agent.ceremony.participant import Participant, enrolled

ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, os
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QApplication, QTextEdit
from agent.ceremony.perform import what_to_ask
from agent.ceremony.window import CeremonyWindow
from agent.disk.places import Places

app = QApplication([])
window = CeremonyWindow(what_to_ask(Places.from_environ(os.environ)), "en")
window.show()

def said(widget):
    face = QAccessible.queryAccessibleInterface(widget)
    state = face.state()
    return [face.text(QAccessible.Text.Name), bool(state.disabled), bool(state.checked), bool(state.focusable)]

buttons = [said(w) for w in window.findChildren(QAbstractButton) if w.accessibleName() or w.text()]
print(json.dumps({"buttons": buttons, "reader": said(window.findChild(QTextEdit))}))
"""


@pytest.fixture
def me(tmp_path: Path) -> Participant:
    return enrolled(tmp_path)


def test_every_control_has_a_name_and_nothing_is_ticked(me: Participant) -> None:
    env = os.environ | me.env | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    said = json.loads(done.stdout)
    assert said["reader"][0] == "What you are asked"
    boxes = [b for b in said["buttons"] if " in " in b[0]]
    assert [name for name, *_ in boxes][:4] == [
        "Keyboard in Geany",
        "Pointer in Geany",
        "Screen in Geany: not asked for",
        "Keyboard in Mousepad",
    ]
    assert not any(checked for _, _, checked, _ in boxes)
    assert [name for name, disabled, *_ in boxes if disabled] == ["Screen in Geany: not asked for"]
    assert [name for name, _, checked, _ in said["buttons"] if checked] == ["Only the order of events"]
    assert [(name, disabled) for name, disabled, *_ in said["buttons"][-3:]] == [
        ("Yes, turn it on", True),
        ("No", False),
        ("Not now", False),
    ]
    assert all(focusable for _, _, _, focusable in said["buttons"])
