"""`overt verify-log` against a real collector: what is checked, what is remembered, and that a rewrite is found."""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import own_record
from agent.disk.keys import FileKeys
from agent.disk.places import Places
from agent.enrolment import enrol, parse_link
from agent.errors import LogBrokenError, NoStudyError, UnreachableError
from tests.support.collectors import Collector
from tests.support.devices import World
from tests.support.waiting import until


@pytest.fixture
def world() -> World:
    return World.make("own record")


@pytest.fixture
def collector(tmp_path: Path, world: World) -> Iterator[Collector]:
    with Collector(tmp_path / "data", world.trust, "--log-period", "1") as made:
        made.publish_all(world)
        yield made


@pytest.fixture
def places(tmp_path: Path, world: World, collector: Collector) -> Places:
    """An enrolled machine."""
    made = Places(tmp_path / "state", tmp_path / "run", ())
    link = parse_link(f"{collector.url}#{world.codes[0]}.{world.trust}")
    enrol(link, made, FileKeys(made), secrets.token_bytes, time.time)
    return made


def look(places: Places) -> own_record.LogFound:
    return own_record.verify_log(places, FileKeys(places), secrets.token_bytes, time.time)


def moved(collector: Collector, places: Places) -> None:
    """The collector listens at another address now; it is the same one to whoever knows its key."""
    enrolment = json.loads(places.enrolment.read_bytes())
    places.enrolment.write_text(json.dumps(enrolment | {"collector": collector.url}))


def test_the_log_is_followed_from_look_to_look(places: Places) -> None:
    until(lambda: look(places).waiting == 0, 30, "the study's entries to have their places")
    first = look(places)
    assert (first.proved, first.missing, first.pulls) == (2, (), 0)
    until(lambda: look(places).size > first.size, 30, "the log to grow")
    assert look(places).before > 0


def test_a_rewritten_log_is_found_and_the_old_checkpoint_kept(collector: Collector, places: Places) -> None:
    before = look(places)
    seen = places.log_seen.read_bytes()
    collector.kill()
    with sqlite3.connect(collector.data / "ledger.db") as database:
        database.execute("UPDATE log SET position = NULL")
        database.execute("DELETE FROM log_tiles")
        database.execute("DELETE FROM log_heads")
    collector.start()
    moved(collector, places)

    def found() -> bool:
        try:
            return look(places).size < before.size
        except LogBrokenError:
            return True

    until(found, 60, "the rewrite to be found")
    with pytest.raises(LogBrokenError):
        look(places)
    assert places.log_seen.read_bytes() == seen


def test_what_is_missing_is_said(collector: Collector, places: Places) -> None:
    collector.kill()
    with sqlite3.connect(collector.data / "ledger.db") as database:
        database.execute("DELETE FROM log WHERE kind = 'policy'")
    collector.start()
    moved(collector, places)
    assert look(places).missing == ("the study's policy, as this machine has it, is not in the log",)


def test_no_study_and_no_collector_are_told(tmp_path: Path, collector: Collector, places: Places) -> None:
    with pytest.raises(NoStudyError):
        look(Places(tmp_path / "none", tmp_path / "run", ()))
    collector.kill()
    with pytest.raises(UnreachableError):
        look(places)
