"""The window without a screen: it goes to a time, deletes that minute after asking, and shows that it is gone."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from agent.durations import clock_ns, day_of
from tests.agent.review.review_rig import Person, webp
from tests.support.devices import NS

ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, os, sys, time
from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from agent.disk.places import Places
from agent.durations import day_of
from agent.review.desk import Desk
from agent.review.window import ReviewWindow
from agent.review.words import review_words
from agent.tray.app import make_app

app, words = make_app(), review_words()
desk = Desk(Places.from_environ(os.environ))
window = ReviewWindow(words, desk, day_of("yesterday", time.time()), "10:30")
window.show()
QTest.qWait(50)
told = {"first": window._current().text, "picture": window._picture._image is not None, "asked": []}

def answer():
    question = QApplication.activeModalWidget()
    if question is None:
        QTimer.singleShot(20, answer)
        return
    told["asked"].append([question.yes.isDefault(), question.no.isDefault()])
    (question.no if len(told["asked"]) == 1 else question.yes).click()

for said in ("", words("delete.done", events=13)):
    QTimer.singleShot(20, answer)
    window._delete_minute()
    end = time.monotonic() + 20
    while time.monotonic() < end and (window._errand.running or window._said.text() != said):
        QTest.qWait(20)
told["said"] = window._said.text()
told["left"] = [moment.text for moment in window._day.moments if moment.kind.value == "text"]
window._search.setText("before")
told["found"] = len(window._model.shown)
window._search.setText("no such word")
told["stale"] = [window._typed.toPlainText(), window._picture._image is not None]
print(json.dumps(told))
"""


def test_the_minute_is_found_asked_about_deleted_and_gone(tmp_path: Path) -> None:
    person = Person.make(tmp_path)
    day = day_of("yesterday", time.time())
    assert day is not None
    span = clock_ns("10:30", day)
    assert span is not None
    at = span[0]
    frame = person.frame(at + NS)
    make, stamp = person.me.device.make, {"app": "mousepad", "consent": person.consent}
    before = make.typing("before", at=at - 100 * NS, **stamp)
    person.put([*before, frame, *make.typing("salary", at=at + 2 * NS, **stamp)], [webp(1)])
    env = os.environ | person.me.env | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-500:]
    told = json.loads(done.stdout)
    assert told["picture"]
    assert told["said"].startswith("Gone from this machine: 13 ")
    assert told["stale"] == ["", False], "nothing is shown of what is not listed"
    assert told["asked"] == [[False, True], [False, True]]  # Enter keeps
    assert told["left"] == ["before"]
    assert told["found"] == 1
