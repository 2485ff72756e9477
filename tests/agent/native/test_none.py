"""A window may call Qt as often as it likes."""

import os
import subprocess
import sys

PROGRAM = """
from PySide6.QtWidgets import QLabel
from agent.tray.app import make_app
app = make_app()
label = QLabel("x")
for _ in range(50_000):
    label.update()
print("alive")
"""


def test_many_calls_that_return_nothing_do_not_end_the_program() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "alive\n", done.stderr[-300:]
