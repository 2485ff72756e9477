"""The spool loses nothing: kill -9 anywhere, failing disks, orphans."""

import os
import random
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agent.core.seal import Link
from agent.disk import spool as module
from agent.disk.durable import write_over
from agent.disk.spool import BatchState, Spool
from schemas.envelope import parse
from tests.agent.disk.disk_rig import SEALED_S, Machine

ROUNDS = 20
ROOT = Path(__file__).parents[3]
PUTTER = """
import sys
from pathlib import Path
from agent.disk.epoch import EpochStore
from agent.disk.spool import Spool
from tests.agent.disk.disk_rig import Machine
machine = Machine.make(Path(sys.argv[1]))
print("epoch", EpochStore(machine.places.epoch).next(), flush=True)
spool = Spool(machine.places)
while True:
    envelope = machine.put(spool, b"payload " * 500)
    print(envelope.header.sequence, envelope.digest, flush=True)
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine.make(tmp_path)


def check_chain(spool: Spool) -> dict[int, str]:
    """Every batch follows the one before, and the file of every waiting one is whole."""
    previous, found = None, {}
    for expected, row in enumerate(spool.history()):
        assert row.sequence == expected
        envelope = parse(spool.read(row.sequence))
        assert (envelope.digest, envelope.header.previous) == (row.digest, previous)
        assert row.size == len(envelope.to_bytes())
        previous = found[expected] = row.digest
    assert spool.link() == Link(len(found), previous)
    return found


def test_kill_9_at_random_points_loses_nothing(tmp_path: Path) -> None:
    rng = random.Random(9)  # noqa: S311
    told: dict[int, str] = {}
    epochs: list[int] = []
    for _ in range(ROUNDS):
        with subprocess.Popen(
            [sys.executable, "-c", PUTTER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, env=os.environ.copy()
        ) as putter:
            assert putter.stdout is not None
            lines = [putter.stdout.readline() for _ in range(rng.randint(1, 12))]
            for _ in range(rng.randint(0, 20_000)):  # some way into the next put
                pass
            putter.send_signal(signal.SIGKILL)
            lines += putter.stdout.readlines()
        for name, value in (line.decode().split() for line in lines if line.endswith(b"\n")):
            if name == "epoch":
                epochs.append(int(value))
            else:
                assert int(name) not in told
                told[int(name)] = value
    assert epochs == sorted(set(epochs))
    assert len(epochs) == ROUNDS
    machine = Machine.make(tmp_path)
    spool = Spool(machine.places)
    found = check_chain(spool)
    assert told.items() <= found.items()
    assert {p.name for p in machine.places.spool.iterdir()} == {f"{n:09d}.overt" for n in found}
    assert len(told) > ROUNDS
    spool.close()


def test_a_file_without_a_row_is_adopted(machine: Machine) -> None:
    spool = Spool(machine.places)
    machine.put(spool)
    orphan = machine.envelope(spool.link(), b"orphan")
    spool.close()
    write_over(machine.places.spool / "000000001.overt", orphan.to_bytes())
    looking = Spool(machine.places, adopt=False)
    assert len(looking.history()) == 1
    looking.close()
    spool = Spool(machine.places)
    assert check_chain(spool) == {0: spool.history()[0].digest, 1: orphan.digest}
    assert spool.waiting()[1].state is BatchState.WAITING
    spool.close()


@pytest.mark.parametrize("kind", ["damaged", "other link", "part"])
def test_what_no_chain_can_use_is_removed(machine: Machine, kind: str) -> None:
    name, data = {
        "damaged": ("000000000.overt", machine.envelope(Link(0, None)).to_bytes()[:-1]),
        "other link": ("000000005.overt", machine.envelope(Link(5, "0" * 64)).to_bytes()),
        "part": (".000000000.overt.12345678.part", b"half"),
    }[kind]
    (machine.places.spool / name).write_bytes(data)
    spool = Spool(machine.places)
    assert spool.history() == []
    assert list(machine.places.spool.iterdir()) == []
    spool.close()


def test_a_file_that_was_sent_before_the_crash_is_removed(machine: Machine) -> None:
    spool = Spool(machine.places)
    envelope = machine.put(spool)
    spool.sent(0, b"receipt")
    spool.close()
    write_over(machine.places.spool / "000000000.overt", envelope.to_bytes())
    spool = Spool(machine.places)
    assert list(machine.places.spool.iterdir()) == []
    assert spool.history()[0].state is BatchState.SENT
    spool.close()


def test_sent_removes_the_file_and_keeps_the_row(machine: Machine) -> None:
    spool = Spool(machine.places)
    first, second = machine.put(spool), machine.put(spool, b"second")
    spool.sent(0, b"receipt")
    with pytest.raises(FileNotFoundError):
        spool.read(0)
    assert [r.state for r in spool.history()] == [BatchState.SENT, BatchState.WAITING]
    assert [r.sequence for r in spool.waiting()] == [1]
    assert spool.size() == len(second.to_bytes())
    assert spool.link() == Link(2, second.digest)
    assert spool.history()[0].digest == first.digest
    spool.refused(1)
    assert spool.waiting() == []
    assert spool.read(1) == second.to_bytes()
    spool.close()


def test_what_is_counted_is_told_while_a_write_takes_its_time(machine: Machine) -> None:
    """The gate asks for it before it closes; it must not wait for a disk."""
    spool = Spool(machine.places)
    first, second = machine.put(spool), machine.put(spool, b"second")
    spool.sent(0, b"receipt")
    with spool._lock:  # as while a write is being flushed
        assert spool.size() == len(second.to_bytes())
        assert spool.load() == (len(second.to_bytes()), SEALED_S)
        assert spool.tally.batches == {BatchState.SENT: 1, BatchState.WAITING: 1}
        assert spool.tally.sizes[BatchState.SENT] == len(first.to_bytes())
    spool.close()
    assert Spool(machine.places).tally == spool.tally


def test_batches_wait_for_their_review(machine: Machine) -> None:
    spool = Spool(machine.places)
    for later in (0, 10, 20):
        machine.put(spool, b"%d" % later, SEALED_S + later)
    assert [r.sequence for r in spool.waiting(SEALED_S + 10)] == [0, 1]
    assert len(spool.waiting()) == 3
    spool.close()


def test_consents_that_were_told_are_remembered(machine: Machine) -> None:
    spool = Spool(machine.places)
    for number in (0, 2, 2):
        spool.tell(number, b"receipt %d" % number)
    spool.close()
    again = Spool(machine.places)
    assert again.told() == {0, 2}
    assert again.consent_receipts() == {0: b"receipt 0", 2: b"receipt 2"}
    again.close()


def test_a_disk_that_refuses_the_file_keeps_nothing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(machine.places)
    machine.put(spool)

    def refuse(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_over", refuse)
        with pytest.raises(OSError, match="space"):
            machine.put(spool, b"refused")
    machine.put(spool, b"another")
    assert len(check_chain(spool)) == 2
    spool.close()


def fill(machine: Machine, spool: Spool) -> None:
    for _ in range(200):
        machine.put(spool)


def test_a_full_index_is_an_os_error_and_the_next_try_keeps_the_batch(machine: Machine) -> None:
    """SQLite has errors of its own for a full disk; whoever waits for the disk's own would never try again."""
    spool = Spool(machine.places)
    (pages,) = spool._db.execute("PRAGMA page_count").fetchone()
    spool._db.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(OSError, match="index cannot be used"):
        fill(machine, spool)
    kept = spool.link().sequence
    spool._db.execute("PRAGMA max_page_count=1000000")
    machine.put(spool, b"another")
    assert len(check_chain(spool)) == kept + 1
    spool.close()


def test_a_damaged_index_is_an_os_error(machine: Machine) -> None:
    (machine.places.state / "index.sqlite").write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(OSError, match="index cannot be used"):
        Spool(machine.places)


def test_a_closed_index_is_an_os_error(machine: Machine) -> None:
    spool = Spool(machine.places)
    spool.close()
    with pytest.raises(OSError, match="index cannot be used"):
        spool.link()
    assert stat.S_IMODE((machine.places.state / "index.sqlite").stat().st_mode) == 0o600
