"""The week is told once a week, if it is wanted and if there is something to tell; by a program of its own."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.agent.review.review_rig import Person
from tests.support.devices import NS

ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, sys, time
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from agent.native.none import keep_none_alive
from agent.tray.weekly import Weekly, ask_review

keep_none_alive()
app, told, path = QCoreApplication([]), {}, Path(sys.argv[1])

def in_days():
    return round((json.loads(path.read_bytes())["next_s"] - time.time()) / 86400, 2)

def look(name, ask, found, wanted=True):
    said, asked = [], []
    weekly = Weekly(path, lambda: wanted, lambda m: said.append([m.title, m.body]), lambda: asked.append(1) or ask())
    path.write_bytes(found)
    weekly.look()
    end = time.monotonic() + 60
    while weekly._errand and in_days() <= 0 and time.monotonic() < end:
        app.processEvents()
        time.sleep(0.01)
    told[name] = [len(asked), said, in_days() if b"next_s" not in path.read_bytes() or in_days() > 0 else 0]

def locked():
    raise OSError

over = json.dumps({"v": 1, "next_s": int(time.time()) - 5}).encode()
look("real", ask_review, over)
look("not again", ask_review, path.read_bytes())
look("nothing", list, over)
look("locked", locked, over)
look("not wanted", list, over, wanted=False)
for number, found in enumerate((b"", b"{", b"[]", b"null", b'{"next_s": "x"}', b'{"next_s": 1e300}', b"[" * 300)):
    look(f"damaged {number}", list, found)
print(json.dumps(told))
"""


def test_it_is_told_once_a_week_with_the_figures_of_the_week(tmp_path: Path) -> None:
    person = Person.make(tmp_path)
    person.put(person.events("a word", time.time_ns() - 3600 * NS))
    told = _run(person, PROGRAM, str(tmp_path / "weekly.json"))
    asked, ((title, body),), in_days = told.pop("real")
    assert (asked, title, in_days) == (1, "Your week with Overt", 7)
    assert body.splitlines()[1] == "13 keys, clicks and moves; 0 pictures."
    assert "collector does not answer" in body
    assert "a word" not in body
    assert told.pop("not again") == [0, [], 7]
    assert told.pop("nothing") == [1, [], 7]
    assert told.pop("locked") == [1, [], 1]
    assert told.pop("not wanted") == [0, [], 0]
    assert {tuple(map(str, found)) for found in told.values()} == {("0", "[]", "7.0")}  # damaged: in a week


def test_in_an_empty_week_there_is_nothing_to_tell(tmp_path: Path) -> None:
    person = Person.make(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "agent.week"],
        env=os.environ | person.me.env,
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout == b""


def _run(person: Person, program: str, *arguments: str) -> dict[str, Any]:
    env = os.environ | person.me.env | {"QT_QPA_PLATFORM": "offscreen", "LANG": "en_US.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], env=env, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-500:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found
