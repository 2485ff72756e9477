"""Parts of batches: put in their places, cut between any two writes, accepted by the verifier."""

from pathlib import Path

import pytest

from agent.core import cut
from agent.core.chain import extent_of
from agent.core.seal import seal_again, seal_note
from agent.disk.parts import Part
from agent.disk.spool import Spool
from schemas import age
from schemas.envelope import MAX_ENVELOPE_BYTES, Envelope
from schemas.events import GapEvent
from schemas.payload import unpack
from tests.agent.disk.erase_rig import Laptop, fingerprint_of
from tests.agent.disk.test_disk_erasing import KEYS, Cut, Knife, check_index, cuts, is_gap, judged

__all__ = ["cuts"]  # a fixture
GONE = 4


def wished(laptop: Laptop, spool: Spool) -> tuple[list[Envelope], int]:
    """Four batches, and the wish to take some keys out of the second and all of the third."""
    made = [laptop.put(spool, n) for n in range(4)]
    rows = spool.history()
    payload = unpack(age.decrypt(made[1].payload, [laptop.device.review], limit=MAX_ENVELOPE_BYTES))
    left = cut.without(payload, [event.seq for event in payload.events[2 : 2 + GONE]])
    known = [*map(age.Recipient.parse, laptop.readers), laptop.device.review.recipient]
    part = Part(
        1,
        rows[1].digest,
        seal_again(made[1].header, left, known, laptop.rng.randbytes),
        extent_of(left),
        seal_note(left, laptop.device.review.recipient, laptop.rng.randbytes),
        GONE,
    )
    number = spool.wish([part, Part(2, rows[2].digest)], 0)
    assert number is not None
    return made, number


def check(laptop: Laptop, spool: Spool, made: list[Envelope]) -> None:
    check_index(spool)
    report, found = judged(laptop, spool)
    assert report.findings == []
    assert [len(found[n].events) for n in (0, 3)] == [KEYS, KEYS]
    assert [event.count for event in found[1].events if isinstance(event, GapEvent)] == [GONE]
    assert found[1].account.kept == {"keyboard": KEYS - GONE}
    assert is_gap(found[2])
    assert [laptop.holds(fingerprint_of(envelope)) for envelope in made] == [True, False, False, True]
    assert spool.deletions(unfinished=True) == []


def test_a_part_takes_its_batchs_place_and_the_chain_holds(laptop: Laptop) -> None:
    spool = Spool(laptop.places)
    made, number = wished(laptop, spool)
    assert spool.begin(spool.history()[0]) is None  # no upload begins meanwhile
    laptop.eraser(spool).finish()
    check(laptop, spool, made)
    (done,) = spool.deletions()
    assert (done.number, done.parts, done.batches, done.asked, done.sealed) == (number, 1, 1, 0, GONE + KEYS)
    assert all(part.sealed is None for part in spool.parts(number).values())
    assert set(spool.notes()) == {1}
    laptop.put(spool, 5)
    assert judged(laptop, spool)[0].good
    spool.close()


def test_what_began_to_be_sent_goes_whole(laptop: Laptop) -> None:
    spool = Spool(laptop.places)
    wished(laptop, spool)
    laptop.eraser(spool, key=False).finish()  # nothing can be signed anew
    assert [row.state.value for row in spool.history()] == ["waiting", "erasing", "erasing", "waiting"]
    assert judged(laptop, spool)[0].findings == []
    spool.close()


def test_cut_between_any_two_writes_it_is_finished_at_the_next_start(tmp_path: Path, cuts: list[Knife]) -> None:
    for at in range(1, 200):
        laptop = Laptop.make(tmp_path / str(at))
        spool = Spool(laptop.places)
        made, _ = wished(laptop, spool)
        cuts.append(Knife(at))
        try:
            laptop.eraser(spool).finish()
        except Cut:
            done = False
        else:
            done = True
        cuts.clear()
        spool.close()
        spool = Spool(laptop.places)
        laptop.eraser(spool).finish()
        check(laptop, spool, made)
        spool.close()
        if done:
            assert at > 10
            return
    raise AssertionError("it never came through")


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    return Laptop.make(tmp_path)
