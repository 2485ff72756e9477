"""What comes over a daemon that captures: a clock that is set, a program that takes the keyboard for itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.clocks import STEP_NS
from agent.core.lifecycle import closed_by
from agent.pipeline.slots import HOLD_NS
from schemas.events import GapEvent, GapReason, KeyEvent, Modality
from schemas.status import ClosedReason as R
from tests.agent.daemon.daemon_rig import DaemonRig
from tests.support.fake_desktop import window


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[DaemonRig]:
    """A daemon that captures."""
    with pytest.MonkeyPatch.context() as patch:
        made = DaemonRig(tmp_path, patch)
        made.say_yes(made.answers(("mail",), frozenset(Modality)))
        made.focus(window(1))
        made.seam.sign.shown = True
        made.nudge()
        assert made.warden.gate is not None
        yield made
        made.end()


def sealed(rig: DaemonRig) -> list[object]:
    """Every event, once another window ended the segment and nothing waits any more."""
    rig.focus(None)
    rig.turn()
    rig.clock.advance(HOLD_NS)
    rig.turn()
    assert rig.warden.session is not None
    rig.warden.session.pipeline.flush()
    return [event for batch in rig.log.batches for event in batch.payload.events]


@pytest.mark.parametrize("by_ns", [60 * 10**9, 2 * STEP_NS])
def test_a_clock_that_is_set_begins_another_epoch_in_what_is_recorded(rig: DaemonRig, by_ns: int) -> None:
    """A sleep looks the same: the monotonic clock stood still meanwhile."""
    rig.type_word(1)
    rig.clock.step(by_ns)
    rig.turn()
    assert rig.warden.gate is not None, "it opens again by itself"
    rig.type_word(1)
    events = sealed(rig)
    epochs = [event.epoch for event in events if isinstance(event, KeyEvent)]
    assert epochs == sorted(epochs)
    first, second = sorted(set(epochs))
    assert first < second
    (gap,) = [event for event in events if isinstance(event, GapEvent)]
    assert gap.reason is GapReason.CLOCK_STEP


def test_a_clock_that_is_slewed_stays_in_its_epoch(rig: DaemonRig) -> None:
    for _ in range(5):
        rig.type_word(1)
        rig.clock.step(STEP_NS // 2)
        rig.turn()
    epochs = {event.epoch for event in sealed(rig) if isinstance(event, KeyEvent)}
    assert len(epochs) == 1


def test_while_another_program_has_the_keyboard_for_itself_the_gate_is_closed_and_says_so(rig: DaemonRig) -> None:
    assert rig.native is not None
    rig.native.grab()
    rig.turn()
    assert closed_by(rig.warden.facts) == [R.KEYBOARD_GRABBED]
    assert (rig.warden.gate, rig.native.hooked()) == (None, frozenset())
    rig.focus(None)
    rig.turn()
    assert closed_by(rig.warden.facts) == [R.FOCUS_UNKNOWN]
    rig.focus(window(1))
    rig.turn()
    assert rig.warden.gate is not None
