"""From closed batches to a chain on disk, in a thread: in order, and again while the disk refuses."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.seal import Sealer
from agent.disk import spool as spool_module
from agent.disk.durable import write_over
from agent.disk.spool import Spool
from agent.pipeline import sealing
from agent.pipeline.sealing import SealingRoom
from schemas import age
from schemas.envelope import parse
from schemas.events import Event, TextEvent
from schemas.payload import unpack
from tests.agent.disk.disk_rig import Machine
from tests.agent.pipeline.pipeline_rig import Rig
from tests.support.devices import draw_identity
from tests.support.waiting import until

READER = draw_identity(random.Random("reader"))  # noqa: S311  # test keys must come again


class Room:
    """A pipeline whose batches are sealed into a spool."""

    def __init__(self, folder: Path) -> None:
        self.machine = Machine.make(folder)
        self.spool = Spool(self.machine.places)
        self.rig = Rig()
        rng = random.Random("entropy")  # noqa: S311
        sealer = Sealer("mail-study", self.machine.device.key, READER.recipient, rng.randbytes)
        self.changes = 0
        self.room = SealingRoom(sealer, self.spool, self.rig.clock.now_s, self._changed)
        self.rig.pipe._out = self.room.put

    def _changed(self) -> None:
        self.changes += 1

    def write(self, text: str) -> None:
        self.rig.enter()
        self.rig.type(text)
        self.rig.leave()
        self.rig.pipe.flush()

    def read(self) -> list[Event]:
        envelopes = [parse(self.spool.read(row.sequence)) for row in self.spool.history()]
        return [
            event
            for envelope in envelopes
            for event in unpack(age.decrypt(envelope.payload, [READER], limit=64 << 20)).events
        ]

    def texts(self) -> list[str]:
        return [event.text for event in self.read() if isinstance(event, TextEvent)]


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setattr(sealing, "RETRY_S", 0.02)
    made = Room(tmp_path)
    made.room.start()
    yield made
    made.room.stop(10)
    made.spool.close()


def test_batches_are_sealed_in_order_and_read_back(room: Room) -> None:
    words = ["one", "two", "three"]
    for word in words:
        room.write(word)
    until(lambda: room.room.pending == 0)
    assert room.texts() == words
    assert [e.seq for e in room.read()] == sorted(e.seq for e in room.read())
    until(lambda: room.changes == 3)


def test_what_the_disk_refuses_is_tried_again_in_order(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool_module, "write_over", refuse)
    room.write("one")
    room.write("two")
    until(lambda: room.room.disk_refuses)
    assert room.room.pending == 2
    monkeypatch.setattr(spool_module, "write_over", write_over)
    until(lambda: room.room.pending == 0)
    assert not room.room.disk_refuses
    assert room.texts() == ["one", "two"]


def test_a_full_index_is_a_refusing_disk_and_not_the_end_of_sealing(room: Room) -> None:
    room.spool._db.execute("PRAGMA query_only=ON")
    room.write("one")
    until(lambda: room.room.disk_refuses)
    assert room.room._thread.is_alive()
    room.spool._db.execute("PRAGMA query_only=OFF")
    until(lambda: room.room.pending == 0)
    assert room.texts() == ["one"]


def test_stopping_seals_what_is_left(room: Room) -> None:
    for word in ("one", "two", "three"):
        room.write(word)
    room.room.stop(10)
    assert room.texts() == ["one", "two", "three"]
