"""How things end: a consent by time, a policy by damage, an off by a disk that refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.lifecycle import closed_by
from agent.core.reasons import REASONS
from agent.daemon.pace import MAX_SLEEP_S
from agent.daemon.switching import RETRY_OFF_NS
from agent.disk.switch import Position, Switch
from agent.pipeline.slots import HOLD_NS, STEP_NS
from schemas.consent import DAY_NS, ConsentState
from schemas.events import Modality
from schemas.signed import sign
from schemas.status import ClosedReason as R
from schemas.status import State
from tests.agent.daemon.daemon_parts import texts_of
from tests.agent.daemon.daemon_rig import DaemonRig
from tests.support.disks import read_only
from tests.support.fake_desktop import window

ALL = frozenset(Modality)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[DaemonRig]:
    """A daemon that captures."""
    with pytest.MonkeyPatch.context() as patch:
        made = DaemonRig(tmp_path, patch)
        made.say_yes(made.answers(("mail",), ALL))
        made.focus(window(1))
        made.seam.sign.shown = True
        made.nudge()
        assert made.warden.gate is not None
        yield made
        made.end()


def kept(rig: DaemonRig, word: str) -> bool:
    return any(word in text for batch in rig.log.batches for text in texts_of(batch))


def pass_time(rig: DaemonRig, ns: int) -> None:
    rig.clock.advance(ns)
    rig.turn()


def live(rig: DaemonRig) -> None:
    """Sign and window are there: if nothing else stood in the way, it would capture."""
    rig.seam.sign.shown = True
    rig.nudge()


def test_a_consent_that_ran_out_while_the_daemon_ran_stays_so_whatever_the_clock_says(rig: DaemonRig) -> None:
    pass_time(rig, 91 * DAY_NS)
    assert rig.states()[-1] is ConsentState.EXPIRED
    for restart in (False, True):
        rig.clock.step(-60 * DAY_NS)
        if restart:
            rig.crash()
            rig.start()
        live(rig)
        assert closed_by(rig.warden.facts)[0] is R.EXPIRED
        assert rig.warden.gate is None


def test_a_consent_that_ran_out_while_the_key_was_away_is_written_when_it_is_back(rig: DaemonRig) -> None:
    rig.keys.forget("device")
    rig.tell(rig.places, "reload")
    pass_time(rig, 91 * DAY_NS)
    assert rig.states()[-1] is ConsentState.GIVEN
    rig.put_key()
    rig.tell(rig.places, "reload")
    assert rig.states()[-1] is ConsentState.EXPIRED


def test_a_daemon_that_never_saw_the_end_believes_a_clock_within_the_consent_and_none_before_it(
    rig: DaemonRig,
) -> None:
    """What no program can know: see "Clocks" in the threat model. It ends with the first right clock."""
    rig.crash()
    rig.clock.advance(91 * DAY_NS)
    rig.clock.step(-100 * DAY_NS)
    rig.start()
    live(rig)
    assert closed_by(rig.warden.facts)[0] is R.CLOCK_UNTRUSTED
    rig.clock.step(60 * DAY_NS)
    live(rig)
    assert rig.warden.gate is not None
    rig.clock.step(40 * DAY_NS)
    rig.turn()
    assert rig.warden.gate is None
    assert rig.states()[-1] is ConsentState.EXPIRED
    rig.clock.step(-40 * DAY_NS)
    live(rig)
    assert closed_by(rig.warden.facts)[0] is R.EXPIRED


@pytest.mark.parametrize("damage", [R.POLICY_UNSIGNED, R.POLICY_MISSING])
def test_a_policy_that_cannot_be_used_keeps_what_was_captured_and_says_so(rig: DaemonRig, damage: R) -> None:
    word, wipes, world = rig.type_word(), rig.log.wipes, rig.machine.world
    rig.damage(
        sign(world.policy, rig.machine.device.key)
        if damage is R.POLICY_UNSIGNED
        else sign(world.policy.model_copy(update={"study": "other-study"}), world.org_key)
    )
    assert rig.warden.gate is None
    assert not kept(rig, word), "news may still come"
    pass_time(rig, HOLD_NS + STEP_NS)
    assert kept(rig, word)
    assert rig.log.wipes == wipes
    status = rig.daemon._teller.status()
    assert status.state is State.BLOCKED
    assert REASONS[damage].closed in status.sentence
    assert rig.type_word(1000) not in " ".join(text for batch in rig.log.batches for text in texts_of(batch))


def test_an_off_that_the_disk_refused_is_written_as_soon_as_it_can_be(rig: DaemonRig) -> None:
    switch = Switch(rig.places.switch)
    with read_only(rig.places.state):
        rig.tell(rig.places, "off")
        assert rig.warden.gate is None
        pass_time(rig, RETRY_OFF_NS)
        assert switch.read().position is Position.ON
        assert rig.daemon._patience_s() == pytest.approx(RETRY_OFF_NS / 1e9)
    pass_time(rig, RETRY_OFF_NS - 1)
    assert switch.read().position is Position.ON
    off_ns = rig.warden.found.switched.at_ns
    pass_time(rig, 1)
    assert (switch.read().position, switch.read().at_ns) == (Position.OFF, off_ns), "when it was said, not when written"
    assert rig.states()[-1] is ConsentState.WITHDRAWN
    assert rig.daemon._patience_s() == MAX_SLEEP_S, "nothing more to try"
    rig.crash()
    rig.start()
    live(rig)
    assert closed_by(rig.warden.facts)[:2] == [R.WITHDRAWN, R.SWITCHED_OFF]


def test_a_yes_after_an_off_that_the_disk_refused_is_not_undone(rig: DaemonRig) -> None:
    with read_only(rig.places.state):
        rig.tell(rig.places, "off")
    rig.clock.advance(10**9)
    rig.say_yes(rig.answers(("mail",), ALL))
    pass_time(rig, 2 * RETRY_OFF_NS)
    assert Switch(rig.places.switch).read().position is Position.ON
    assert rig.warden.gate is not None
