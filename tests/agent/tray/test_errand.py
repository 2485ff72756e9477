"""Work beside the indicator's thread: done elsewhere, told here, and what it raises is told too."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, threading
from PySide6.QtCore import QCoreApplication, QTimer
from agent.tray.errand import Errand

app = QCoreApplication([])
here, told = threading.get_ident(), []

def work():
    if threading.get_ident() == here:
        raise AssertionError("in the indicator's thread")
    return "done"

def fail():
    raise OSError("no")

def note(outcome):
    told.append([str(outcome), type(outcome).__name__, threading.get_ident() == here])
    if len(told) == 2:
        app.quit()

errands = [Errand(work, note), Errand(fail, note)]
QTimer.singleShot(0, lambda: [one.start() for one in errands])
app.exec()
for one in errands:
    one._thread.join(10)
print(json.dumps([sorted(told), [one.running for one in errands]]))
"""


def test_it_is_done_elsewhere_and_told_here() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    told, running = json.loads(done.stdout)
    assert told == [["done", "str", True], ["no", "OSError", True]]
    assert running == [False, False]
