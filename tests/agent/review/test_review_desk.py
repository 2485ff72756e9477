"""The desk on real files: opened from what would be sent, refused if changed, and deleted so that nothing is left."""

import os
import time
from pathlib import Path

import pytest

from agent.core.chain import BatchState
from agent.core.cut import Selection
from agent.core.hold import FOREVER_S, Hold
from agent.disk.hold import read_hold, write_hold
from agent.disk.spool import Spool
from agent.review.opening import BatchRefusedError, Fault
from agent.review.removing import carry, plan, plan_batch
from schemas.base import digest
from schemas.envelope import parse
from schemas.events import FrameEvent, GapEvent, TextEvent
from tests.agent.review.review_rig import Person, webp
from tests.support.devices import NS

HOUR = 3600 * NS


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person.make(tmp_path)


def begin() -> int:
    return time.time_ns() // NS * NS - 3 * HOUR


def check_chain(person: Person) -> list[bytes]:
    spool, previous, every = Spool(person.places), None, []
    for row in spool.history():
        data = spool.read(row.sequence)
        envelope = parse(data)
        assert (digest(data), envelope.header.previous) == (row.digest, previous)
        previous = row.digest
        every.append(data)
    assert spool.deletions(unfinished=True) == []
    spool.close()
    return every


def test_what_is_shown_is_what_is_shipped(person: Person) -> None:
    made = [person.put(person.events("hello there", begin() + n * HOUR)) for n in range(2)]
    held = person.desk.open(person.desk.rows())
    assert [one.digest for one in held.opened] == [digest(envelope.to_bytes()) for envelope in made]
    spool = Spool(person.places)
    for one in held.opened:
        shipped = spool.begin(one.row)
        assert shipped is not None
        assert digest(shipped) == one.digest
    spool.close()


@pytest.mark.parametrize("place", [30, 400, -1])
def test_a_batch_that_was_changed_is_refused_with_a_clear_word(person: Person, place: int) -> None:
    person.put(person.events("hello there", begin()))
    path = person.places.spool / "000000000.overt"
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    (error,) = person.desk.open(person.desk.rows()).refused
    assert error.fault is Fault.CHANGED
    assert "was changed after it was sealed" in str(error)
    assert "overt delete --batch 0" in error.remedy


def test_one_batch_in_anothers_place_is_refused(person: Person) -> None:
    for n in range(2):
        person.put(person.events("hello there", begin() + n * HOUR))
    first, second = (person.places.spool / f"00000000{n}.overt" for n in range(2))
    first.write_bytes(second.read_bytes())
    held = person.desk.open(person.desk.rows())
    assert [(e.sequence, e.fault) for e in held.refused] == [(0, Fault.CHANGED)]
    assert isinstance(held.refused[0], BatchRefusedError)


def test_a_minute_goes_and_the_rest_of_its_batch_stays(person: Person) -> None:
    at = begin()
    envelope = person.put([*person.events("first words", at), *person.events("secret words", at + 60 * NS)])
    later = person.put(person.events("later words", at + HOUR))
    desk = person.desk
    selection = Selection(begin_ns=at + 60 * NS, end_ns=at + 120 * NS)
    told = plan(desk, selection, os.urandom)
    assert (told.events, told.sent, told.unreadable, told.memory) == (25, 0, 0, False)
    done = carry(
        desk, lambda seqs: plan(desk, Selection(selection.begin_ns, selection.end_ns, events=seqs), os.urandom)
    )
    assert (done.events, done.parts, done.batches, done.asked) == (25, 1, 0, 0)
    cut, after = (one.payload for one in desk.open(desk.rows()).opened)
    assert [e.text for e in cut.events if isinstance(e, TextEvent)] == ["first words"]
    assert [e.count for e in cut.events if isinstance(e, GapEvent)] == [25]
    assert [e.text for e in after.events if isinstance(e, TextEvent)] == ["later words"]
    check_chain(person)
    middle = envelope.payload[len(envelope.payload) // 2 :][:64]
    assert not [p for p in person.places.state.rglob("*") if p.is_file() and middle in p.read_bytes()]
    assert later.payload in (person.places.spool / "000000001.overt").read_bytes()  # only signed anew
    assert plan(desk, selection, os.urandom).empty
    assert desk.notes()[0].events == {"mousepad": 23}


def test_a_picture_goes_with_all_that_are_painted_over_it(person: Person) -> None:
    at = begin()
    first = person.frame(at)
    second = person.frame(at + NS, base=first.frame)
    third = person.frame(at + 2 * NS, base=second.frame)
    fresh = person.frame(at + 3 * NS)
    person.put([first, second], [webp(1), webp(2)])
    person.put([third, fresh], [webp(3), webp(4)])
    desk = person.desk
    done = carry(desk, lambda seqs: plan(desk, Selection(frames=frozenset([second.frame]), events=seqs), os.urandom))
    assert (done.events, done.parts) == (2, 2)
    left = [e for one in desk.open(desk.rows()).opened for e in one.payload.events if isinstance(e, FrameEvent)]
    assert [e.frame for e in left] == [first.frame, fresh.frame]
    opened = desk.open(desk.rows()).opened
    assert opened[1].payload.image(left[1]) == webp(4)


def test_an_app_goes_everywhere_and_what_was_sent_goes_whole(person: Person) -> None:
    at = begin()
    for n, app in enumerate(("mousepad", "thunderbird", "mousepad", "thunderbird")):
        person.put(person.events("hello", at + n * HOUR // 2, app))
    spool = Spool(person.places)
    for row in spool.history()[:2]:
        assert spool.begin(row)
        spool.sent(row.sequence, b"receipt")
    spool.close()
    desk = person.desk
    done = carry(desk, lambda seqs: plan(desk, Selection(app="thunderbird", events=seqs), os.urandom))
    assert (done.batches, done.asked, done.parts) == (1, 1, 0)
    states = [(row.state, row.deletion is not None) for row in desk.rows()]
    assert states == [
        (BatchState.SENT, False),
        (BatchState.ERASING, True),
        (BatchState.WAITING, False),
        (BatchState.WAITING, True),
    ]


def test_a_batch_that_cannot_be_read_can_be_deleted(person: Person) -> None:
    person.put(person.events("hello there", begin()))
    (person.places.spool / "000000000.overt").write_bytes(b"nonsense")
    desk = person.desk
    done = carry(desk, lambda _seqs: plan_batch(desk, 0))
    assert done.asked == 1  # what lay there is not believed, so nothing is signed in its place
    assert not list(person.places.spool.glob("*.overt"))


def test_a_wish_is_not_noted_over_what_has_changed_meanwhile(person: Person) -> None:
    person.put(person.events("hello there", begin()))
    desk = person.desk
    told = plan_batch(desk, 0)
    spool = Spool(person.places)
    stale = [type(part)(part.sequence, digest(b"another")) for part in told.parts]
    assert spool.wish(stale, 0) is None
    assert spool.wish(told.parts, 0) == 1
    assert spool.wish(told.parts, 0) is None  # one is under way
    spool.close()


def test_holding_only_lengthens(tmp_path: Path) -> None:
    path = tmp_path / "hold.json"
    assert read_hold(path).until_s(100, 60) == 160
    write_hold(path, Hold(seconds=600))
    assert read_hold(path).until_s(100, 60) == 700
    assert read_hold(path).until_s(100, 6000) == 6100
    write_hold(path, Hold(all=True, released_s=100))
    assert (read_hold(path).until_s(100, 60), read_hold(path).until_s(101, 60)) == (160, FOREVER_S)
    path.write_text("{}x")
    assert read_hold(path).until_s(1, 0) == FOREVER_S  # in doubt, nothing leaves
