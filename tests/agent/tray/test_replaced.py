"""A tray that goes is not taken for one of another kind, which would start the indicator anew and leave it unsaid."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.agent.ceremony.participant import enrolled

ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, os
from types import SimpleNamespace
from PySide6.QtCore import QTimer
from agent.disk.places import Places
from agent.tray.app import make_app
from agent.tray.indicator import REPLACED_MS, Indicator
from agent.tray.presence import Hidden, HostKind
from agent.tray.words import Words

app = make_app()
host, told, heard = [HostKind.SNI], [], []
presence = SimpleNamespace(
    present=lambda: SimpleNamespace(kind=host[0]) if host[0] else None,
    hidden=lambda kind: None if kind is host[0] else Hidden.NO_HOST,
    on_change=heard.append,
)
indicator = Indicator(Words("en"), Places.from_environ(os.environ), presence, lambda: told.append("again"))
indicator.start()

def becomes(kind):
    host[0] = kind
    heard[0]()

becomes(HostKind.XEMBED)  # the panel's name on the bus went first
becomes(None)             # and then its window
def later():
    told.append("later")
    becomes(HostKind.XEMBED)
    QTimer.singleShot(REPLACED_MS * 2, app.quit)
QTimer.singleShot(REPLACED_MS * 2, later)
app.exec()
print(json.dumps(told))
"""


def test_only_a_tray_that_stays_is_followed(tmp_path: Path) -> None:
    me = enrolled(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ | me.env | {"QT_QPA_PLATFORM": "offscreen"},
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert json.loads(done.stdout) == ["later", "again"]
