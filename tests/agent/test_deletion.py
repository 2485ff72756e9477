"""`overt delete` without a daemon, ended as by kill -9 before each of its durable steps: the next one finishes it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent import deletion
from agent.core.batch import Authority, Batch
from agent.core.chain import BatchState, extent_of
from agent.core.seal import Sealer
from agent.deletion import Deleted, delete_all, delete_last, in_words
from agent.disk.lock import only_one
from agent.disk.spool import Spool
from agent.errors import DeletionError
from schemas import age
from schemas.base import digest
from schemas.envelope import Envelope, parse
from schemas.payload import Payload
from tests.agent.ceremony.participant import Participant, enrolled
from tests.support.crash import CRASHED, crashing
from tests.support.device_events import account_of
from tests.support.devices import NS

ROOT = Path(__file__).parents[2]
MOST_STEPS = 80


def sealed(person: Participant, count: int = 3) -> list[Envelope]:
    """Batches of the last minutes, one a minute, the newest last."""
    spool, made = Spool(person.places), []
    review = age.Recipient.parse(str(person.device.review.recipient))
    sealer = Sealer(person.asked.manifest.study, person.device.key, review, os.urandom)
    readers = tuple(r.recipient for r in person.asked.manifest.researchers)
    now = time.time_ns()
    for n in range(count):
        at = now - (count - n) * 60 * NS
        events = [person.device.make.key("x", at=at, consent=digest(b"consent"))]
        batch = Batch(
            Authority(digest(b"consent"), digest(b"policy"), digest(b"notice"), readers),
            Payload([*events], b"", account_of(events), "episode"),
        )
        made.append(sealer.seal(batch, spool.link()))
        spool.put(made[-1], at // NS, extent_of(batch.payload))
    spool.close()
    return made


def held(person: Participant, envelope: Envelope) -> bool:
    middle = len(envelope.payload) // 2
    needle = envelope.payload[middle : middle + 64]
    return any(needle in p.read_bytes() for p in person.places.state.rglob("*") if p.is_file())


def check_chain(person: Participant) -> None:
    spool = Spool(person.places)
    previous = None
    for row in spool.history():
        assert row.state is BatchState.WAITING
        envelope = parse(spool.read(row.sequence))
        assert (envelope.digest, envelope.header.previous) == (row.digest, previous)
        previous = row.digest
    assert spool.deletions(unfinished=True) == []
    spool.close()


@pytest.fixture
def person(tmp_path: Path) -> Participant:
    return enrolled(tmp_path)


def test_the_last_minutes_go_and_the_rest_stays(person: Participant) -> None:
    made = sealed(person)
    done = delete_last(person.places, 150, time.time_ns())
    assert done == Deleted(events=2, batches=2, asked=0, daemon=False)
    assert [held(person, e) for e in made] == [True, False, False]
    check_chain(person)
    assert delete_all(person.places) == Deleted(events=1, batches=1, asked=0, daemon=False)
    assert delete_all(person.places) == Deleted(events=0, batches=0, asked=0, daemon=False)


def test_beside_a_daemon_that_does_not_answer_nothing_is_touched(
    person: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "TRIES", 2)
    made = sealed(person, 1)
    lock = only_one(person.places.runtime / "daemon.lock")
    assert lock is not None
    with pytest.raises(DeletionError):
        delete_all(person.places)
    os.close(lock)
    assert held(person, made[0])


def test_it_is_said_what_is_still_to_come() -> None:
    assert "overt start" in in_words(Deleted(1, 1, 1, daemon=False))
    assert "overt start" not in in_words(Deleted(1, 1, 1, daemon=True))


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_killed_anywhere_it_is_finished_by_the_next(tmp_path: Path) -> None:
    for at in range(1, MOST_STEPS):
        person, armed = enrolled(tmp_path / str(at)), tmp_path / f"armed-{at}"
        made = sealed(person)
        armed.touch()
        command, more = crashing(["delete", "--all", "--json"], at, armed)
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), **person.env}
        done = subprocess.run(command, env=env | more, capture_output=True, text=True, check=False, cwd=ROOT)
        assert done.returncode in (0, CRASHED), done.stderr
        overt = [str(Path(sys.executable).with_name("overt")), "delete", "--last", "1s", "--json"]
        again = subprocess.run(overt, env=env, capture_output=True, text=True, check=True)
        assert json.loads(again.stdout)["format"] == 1
        spool = Spool(person.places)
        noted = len(spool.deletions()) == 2
        spool.close()
        assert not any(held(person, e) for e in made) or not noted
        check_chain(person)
        if done.returncode == 0:
            assert noted
            assert at > 10
            return
    raise AssertionError("it never came through")
