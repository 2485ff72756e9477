"""Deleting what is not sealed yet, and what waits to be: in order, counted, and also while the disk refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.batch import Batch
from agent.core.erase import DELETED, WITHDRAWN, Span
from agent.core.seal import Link
from agent.disk import spool as spool_module
from agent.disk.durable import write_over
from agent.disk.erasing import Eraser
from agent.pipeline import sealing
from schemas import age
from schemas.envelope import Envelope, parse
from schemas.events import GapEvent, GapReason, KeyEvent
from schemas.payload import Payload, unpack
from tests.agent.pipeline.test_pipeline_sealing import READER, Room
from tests.support.waiting import until

NEVER = 1 << 62


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setattr(sealing, "RETRY_S", 0.02)
    made = Room(tmp_path)
    yield made
    if not made.room._thread.is_alive():
        made.room.start()
    made.room.stop(10)
    made.spool.close()


def payloads(room: Room) -> list[Payload]:
    envelopes = [parse(room.spool.read(row.sequence)) for row in room.spool.history()]
    return [unpack(age.decrypt(envelope.payload, [READER], limit=64 << 20)) for envelope in envelopes]


def test_what_waits_to_be_sealed_is_emptied_and_counted(room: Room) -> None:
    for words in ("one", "three"):
        room.write(words)
    assert room.room.empty(Span(NEVER)) == 0
    keys = room.room.empty(Span(0))
    assert keys > 0
    room.room.start()
    until(lambda: room.room.pending == 0)
    found = payloads(room)
    assert [type(e) for p in found for e in p.events] == [GapEvent, GapEvent]
    assert sum(p.account.dropped["keyboard"][DELETED] for p in found) == keys
    assert sum(e.count for p in found for e in p.events if isinstance(e, GapEvent)) == keys
    room.spool.intend(0, 0)
    Eraser(room.spool, room.room._sealer, ()).finish()  # as it always follows
    assert [p.account for p in payloads(room)] == [p.account for p in found]
    assert sum(e.count for p in payloads(room) for e in p.events if isinstance(e, GapEvent)) == keys
    assert all(p.account.balances() for p in found)


def test_what_an_off_finds_waiting_is_withdrawn_and_not_told_as_deleted(room: Room) -> None:
    room.write("one")
    keys = room.room.empty(Span(0), WITHDRAWN)
    assert keys > 0
    assert room.room.empty(Span(0)) == 0  # its reason stays
    room.room.start()
    until(lambda: room.room.pending == 0)
    (found,) = payloads(room)
    (gap,) = found.events
    assert isinstance(gap, GapEvent)
    assert (gap.reason, gap.count) == (GapReason.OFF, keys)
    assert found.account.dropped["keyboard"][WITHDRAWN] == keys
    assert found.account.balances()


def test_what_is_being_sealed_in_the_moment_of_an_off_is_emptied_too(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal = room.room._sealer.seal
    gone: list[int] = []

    def seal_while_switched_off(batch: Batch, link: Link) -> Envelope:
        made = seal(batch, link)
        if not gone:
            gone.append(room.room.empty(Span(0), WITHDRAWN))
        return made

    monkeypatch.setattr(room.room._sealer, "seal", seal_while_switched_off)
    room.write("one")
    room.room.start()
    until(lambda: room.room.pending == 0)
    assert gone[0] > 0
    assert [type(e) for p in payloads(room) for e in p.events] == [GapEvent]


def test_what_the_disk_has_refused_so_far_is_emptied_too(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool_module, "write_over", refuse)
    room.room.start()
    room.write("one")
    until(lambda: room.room.disk_refuses)
    until(lambda: room.room.empty(Span(0)) > 0)  # not in the moment of a try
    monkeypatch.setattr(spool_module, "write_over", write_over)
    until(lambda: room.room.pending == 0)
    assert not any(isinstance(e, KeyEvent) for p in payloads(room) for e in p.events)


def test_a_deletion_comes_after_what_was_put_before_and_before_what_comes_later(room: Room) -> None:
    eraser = Eraser(room.spool, room.room._sealer, ())
    room.write("before")

    def delete() -> None:
        room.spool.intend(0, 0)
        eraser.finish()

    room.room.do(delete)
    room.write("after")
    room.room.start()
    until(lambda: room.room.pending == 0)
    first, second = payloads(room)
    assert [type(e) for e in first.events] == [GapEvent]
    assert any(isinstance(e, KeyEvent) for e in second.events)
