"""History, the week's digest, and one's own data as a folder that opens without Overt."""

import json
import os
import time
from pathlib import Path

import pytest

from agent import exporting, history, history_lines
from agent.core.cut import Selection
from agent.disk.spool import Spool
from agent.exporting import ExportError
from agent.review import words
from agent.review.removing import carry, plan
from schemas.access import AccessReply, Pulled, PullRow
from tests.agent.review.review_rig import Person, webp
from tests.support.devices import NS

HOUR = 3600 * NS


@pytest.fixture
def person(tmp_path: Path) -> Person:
    made = Person.make(tmp_path)
    at = time.time_ns() // NS * NS - 3 * HOUR
    made.put([*made.events("first words", at), made.frame(at + NS)], [webp(1)])
    made.put(made.events("<b>second</b>", at + HOUR, "thunderbird"))
    spool = Spool(made.places)
    row = spool.history()[0]
    assert spool.begin(row)
    spool.sent(0, b"receipt")
    spool.close()
    return made


def test_what_was_sent_is_still_told_by_app(person: Person) -> None:
    found = history.history(person.desk, ask=False)
    assert [one["state"] for one in found["batches"]] == ["sent", "waiting"]
    assert [one["apps"] for one in found["batches"]] == [{"Mousepad": 24}, {"Thunderbird": 27}]
    assert [one["pictures"] for one in found["batches"]] == [1, 0]
    assert found["consent"]
    assert found["pulls"] is None
    told = "\n".join(history_lines.lines(found))
    assert "cannot be told now" in told  # never taken for nobody
    assert json.dumps(found)


def test_a_reader_is_told_with_name_and_reason(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = person.desk
    pull = Pulled(at_s=int(time.time()), researcher="a" * 64, reason="training run 7", batch=desk.rows()[0].digest)
    page = AccessReply(
        pulls=(PullRow(cursor=1, name="Dr. Reader", pull=pull),),
        erasures=(),
        sweeps=(),
        batches=1,
        stored_bytes=4_711,
        wish="erase",
        retention_days=30,
    )
    monkeypatch.setattr(history, "access", lambda _desk: [page])
    told = "\n".join(history_lines.lines(history.history(desk)))
    assert "Dr. Reader  batch 0  “training run 7”" in told
    assert "1 of your batches, 4711 bytes; each is erased after 30 days" in told
    assert "You asked on your page: erase." in told
    week = history.week(desk, time.time_ns())
    assert (week.events, week.frames, week.apps, week.readers) == (50, 1, 2, ("Dr. Reader",))
    assert "Read by: Dr. Reader." in history.week_in_words(words.review_words(), week)


def test_a_deletion_takes_the_note_along(person: Person) -> None:
    desk = person.desk
    carry(desk, lambda seqs: plan(desk, Selection(app="mousepad", events=seqs), os.urandom))
    found = history.history(desk, ask=False)
    assert [one["apps"] for one in found["batches"]] == [None, {"Thunderbird": 27}]
    assert found["deletions"][0]["batches_asked_of_collector"] == 1


def test_my_data_opens_without_overt(person: Person, tmp_path: Path) -> None:
    at = time.time_ns() // NS * NS - 1800 * NS
    frame = person.frame(at)
    person.put([frame], [webp(7)])
    folder = tmp_path / "mine"
    done = exporting.export(person.desk, folder, ask=False)
    assert (done.batches, done.pictures, done.not_here, done.not_shown) == (2, 1, 1, 0)
    page = (folder / "index.html").read_text()
    assert "&lt;b&gt;second&lt;/b&gt;" in page
    assert "<b>second" not in page
    assert f'src="batch-000002/{frame.frame:09d}.png"' in page
    assert (folder / "batch-000002" / f"{frame.frame:09d}.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((folder / "batch-000001.json").read_text())["events"]
    assert {path.stat().st_mode & 0o077 for path in [folder, *folder.rglob("*")]} == {0}
    with pytest.raises(ExportError):
        exporting.export(person.desk, folder, ask=False)
