"""G1, G4: no policy, at any extreme or hostile, hooks anything without a yes; a hostile one stops a running capture."""

import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.hold import Hold
from agent.daemon.pace import TICK_NS
from agent.disk.hold import write_hold
from agent.disk.spool import BatchState
from schemas.events import Modality
from schemas.status import ClosedReason as R
from tests.agent.daemon.daemon_parts import texts_of
from tests.agent.daemon.daemon_rig import DaemonRig
from tests.support.fake_desktop import window
from tests.support.limit_files import EXTREMES, HOSTILE, put
from tests.support.waiting import until

ALL = frozenset(Modality)
SECOND_NS = 10**9
DAY_NS = 86_400 * SECOND_NS
MONTH_NS = 30 * DAY_NS
EVERY_EXTREME = [{key: value} for key, values in EXTREMES.items() for value in values]
MOST = {key: values[-1] for key, values in EXTREMES.items()} | {"blocked": False, "timing": "exact", "screen": "reveal"}


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DaemonRig]:
    made = DaemonRig(tmp_path, monkeypatch)
    yield made
    made.end()


def file_of(rig: DaemonRig) -> Path:
    (file,) = rig.places.machine_policies
    return file


def clear(file: Path) -> None:
    """As if there had never been anything."""
    shutil.rmtree(file.parent)


def capture(rig: DaemonRig) -> None:
    rig.say_yes(rig.answers(("mail",), ALL))
    front(rig)


def front(rig: DaemonRig) -> None:
    rig.focus(window(1))
    rig.seam.sign.shown = True
    rig.nudge()


def hooks(rig: DaemonRig) -> int:
    return sum(desktop.hooks_made for desktop in rig.seam.made)


def test_no_key_at_any_extreme_hooks_anything_without_a_yes(rig: DaemonRig) -> None:
    """Every key alone, in both files, and every key at its most at once; restarted under the widest."""
    for table, path in itertools.product([*EVERY_EXTREME, MOST], (file_of(rig), rig.places.own_limits)):
        put(path, json.dumps(table).encode())
        front(rig)
        rig.tell(rig.places, "reload")
        rig.type_word()
    rig.crash()
    rig.start()
    front(rig)
    rig.type_word()
    assert hooks(rig) == 0
    assert rig.warden.gate is None
    assert rig.daemon._teller.status().counts.seen == 0
    assert not rig.log.batches


def test_no_hostile_file_hooks_anything_without_a_yes(rig: DaemonRig) -> None:
    for write, _, _ in HOSTILE.values():
        write(file_of(rig), rig.machine.world)
        rig.publish()
        front(rig)
        rig.type_word()
        assert hooks(rig) == 0
        clear(file_of(rig))


def test_a_hostile_file_closes_the_gate_and_the_status_tells(rig: DaemonRig) -> None:
    """Each of them while capturing; and once it is gone, capture goes on."""
    capture(rig)
    for write, reason, words in HOSTILE.values():
        assert rig.warden.gate is not None
        write(file_of(rig), rig.machine.world)
        rig.publish()
        rig.clock.advance(TICK_NS)
        rig.turn()
        assert rig.warden.gate is None
        status = rig.daemon._teller.status()
        assert reason in [c.reason for c in status.conditions if not c.holds]
        assert words in (status.policy_problem or "")
        assert status.hooks == ()
        clear(file_of(rig))
        rig.tell(rig.places, "status")
        rig.nudge()


def test_switching_off_for_everybody_takes_effect_at_the_next_look(rig: DaemonRig) -> None:
    capture(rig)
    put(file_of(rig), b'{"blocked": true}')
    rig.clock.advance(TICK_NS)
    rig.turn()
    assert rig.warden.gate is None
    assert R.BLOCKED_BY_ORGANISATION in [c.reason for c in rig.daemon._teller.status().conditions if not c.holds]
    file_of(rig).unlink()
    rig.tell(rig.places, "status")
    rig.nudge()
    assert rig.warden.gate is not None


@pytest.mark.parametrize("table", [{"apps": ["editor"]}, {"modalities": []}])
def test_what_is_taken_away_is_not_captured_any_more(rig: DaemonRig, table: dict[str, object]) -> None:
    capture(rig)
    put(file_of(rig), json.dumps(table).encode())
    rig.clock.advance(TICK_NS)
    rig.turn()
    assert rig.warden.gate is None


def test_a_kind_that_is_taken_away_is_unhooked_while_the_others_stay(rig: DaemonRig) -> None:
    capture(rig)
    put(rig.places.own_limits, b'{"modalities": ["pointer"]}')
    rig.clock.advance(TICK_NS)
    rig.turn()
    assert rig.warden.gate is not None
    assert rig.warden.gate.modalities == {Modality.POINTER}
    assert rig.daemon._teller.status().policy_problem is None


def test_limits_in_force_when_the_yes_is_given_are_not_outgrown_later(rig: DaemonRig) -> None:
    """What was not offered was not agreed to: taking the limit away captures no more than was ticked."""
    put(file_of(rig), b'{"modalities": ["pointer"]}')
    capture(rig)
    file_of(rig).unlink()
    rig.clock.advance(TICK_NS)
    rig.turn()
    assert rig.warden.gate is not None
    assert rig.warden.gate.modalities == {Modality.POINTER}


def put_batch(rig: DaemonRig) -> None:
    session = rig.warden.session
    assert session is not None
    rig.machine.put(session.spool)


def test_holding_all_until_the_room_is_used_up_stops_capture_says_so_and_loses_nothing(rig: DaemonRig) -> None:
    capture(rig)
    write_hold(rig.places.hold, Hold(all=True))
    rig.tell(rig.places, "reload")
    words = [rig.type_word(2_000) for _ in range(3)]
    rig.fill_spool()
    rig.clock.advance(TICK_NS)
    rig.turn()
    session = rig.warden.session
    assert session is not None
    assert rig.warden.gate is None
    status = rig.daemon._teller.status()
    (told,) = (c for c in status.conditions if c.reason is R.SPOOL_FULL)
    assert not told.holds
    assert "overt review release" in told.remedy
    unheard = [rig.type_word(2_000) for _ in range(3)]  # nothing hears it any more
    until(lambda: session.sealing.pending == 0)
    counts = rig.daemon._teller.status().counts
    assert counts.seen == counts.kept + sum(counts.dropped.values()) + counts.held
    typed = " ".join(text for batch in rig.log.batches for text in texts_of(batch))
    assert all(word in typed for word in words)
    assert not any(word in typed for word in unheard)
    rig.clock.advance(MONTH_NS)  # nothing is sent, and nothing of it goes
    rig.turn()
    lying = session.spool.history()
    assert len(lying) >= 2
    assert {row.state for row in lying} == {BatchState.WAITING}
    assert session.shipper._ripe(session.spool.waiting()) == []
    rig.empty_spool()  # released, and sent
    rig.say_yes(rig.answers(("mail",), ALL))
    front(rig)
    assert rig.warden.gate is not None


def test_what_is_held_goes_once_where_the_organisation_purges(rig: DaemonRig) -> None:
    """And only then: off alone keeps what was agreed to."""
    capture(rig)
    put_batch(rig)
    put(file_of(rig), b'{"blocked": true}')
    rig.clock.advance(TICK_NS)
    rig.turn()
    session = rig.warden.session
    assert session is not None
    assert session.spool.deletions() == []
    put(file_of(rig), b'{"blocked": true, "purge": true}')
    rig.daemon._looked(False)  # nothing new at the collector: the files are looked at as often
    rig.turn()
    for op in ("status", "reload"):
        rig.tell(rig.places, op)
    until(lambda: len(session.spool.deletions()) == 1 and not session.spool.deletions(unfinished=True))
    assert all(row.deletion is not None for row in session.spool.history())
    rig.crash()
    rig.start()
    rig.daemon._purge_if_wanted()
    assert rig.warden.session is not None
    assert len(rig.warden.session.spool.deletions()) == 1
    assert rig.warden.gate is None


def test_a_newer_policy_that_a_look_brought_is_obeyed_at_once(rig: DaemonRig, monkeypatch: pytest.MonkeyPatch) -> None:
    capture(rig)
    assert rig.warden.gate is not None
    world = rig.machine.world
    world.policy = world.policy.model_copy(update={"version": world.policy.version + 1, "blocked": True})
    with monkeypatch.context() as quiet:
        quiet.setattr(rig, "tell", lambda *_: None)
        rig.publish()
    assert rig.warden.gate is not None  # nobody told the daemon
    rig.daemon._looked(True)
    rig.turn()
    assert rig.warden.gate is None
    assert R.BLOCKED_BY_ORGANISATION in [c.reason for c in rig.daemon._teller.status().conditions if not c.holds]


def test_what_waits_longer_than_the_policy_allows_stops_capture_and_is_kept(rig: DaemonRig) -> None:
    capture(rig)
    session = rig.warden.session
    assert session is not None
    rig.machine.put(session.spool, bytes(100), int(rig.clock.now_s()))
    assert session.spool_room()
    days = rig.machine.world.policy.spool_days
    rig.clock.advance(days * DAY_NS - SECOND_NS)
    assert session.spool_room()
    rig.clock.advance(SECOND_NS)
    rig.turn()
    assert rig.warden.gate is None
    assert R.SPOOL_FULL in [c.reason for c in rig.daemon._teller.status().conditions if not c.holds]
    assert BatchState.WAITING in {row.state for row in session.spool.history()}
    rig.empty_spool()  # sent after all
    assert session.spool_room()
