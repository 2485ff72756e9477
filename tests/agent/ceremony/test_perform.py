"""Answers on disk: what is written, in which order, and what still works when almost nothing does."""

import shutil
import threading
from pathlib import Path

import pytest

from agent.ceremony import halt, perform
from agent.ceremony.errors import ClockError, NotEnrolledError, NothingOfferedError, NotKeptError
from agent.core.ceremony import Answers
from agent.disk.consent_store import ConsentStore
from agent.disk.places import Places
from agent.disk.switch import Position, Switch, Switched
from schemas.consent import ConsentState, intervals, read_ledger
from schemas.events import Modality
from schemas.scope import TimingTier
from schemas.signed import public_bytes
from tests.agent.ceremony.participant import Participant, enrolled
from tests.agent.tray.fake_daemon import FakeDaemon

KEYS_IN_MOUSEPAD = Answers(apps={"mousepad": frozenset({Modality.KEYBOARD})}, timing=TimingTier.ORDER, language="en")
SECOND_NS = 1_000_000_000


@pytest.fixture
def me(tmp_path: Path) -> Participant:
    return enrolled(tmp_path)


def say_yes(me: Participant, at_ns: int = 0) -> None:
    perform.say_yes(me.places, me.asked, KEYS_IN_MOUSEPAD, seen(me, at_ns), "window")


def seen(me: Participant, at_ns: int = 0) -> perform.Seen:
    return perform.Seen(me.world.now_ns + at_ns, me.world.now_ns + at_ns)


def states(me: Participant) -> list[ConsentState]:
    """Answers alone; that the notice was shown before each is checked by itself."""
    return [record.latest.event_state for record in me.ledger() if record.answers]


def test_a_yes_is_signed_kept_switched_on_and_told(me: Participant) -> None:
    with FakeDaemon(me.places.control_socket) as daemon:
        say_yes(me)
        assert daemon.ops() == ["reload"]
    _, record = me.ledger()
    assert record.latest.event_state is ConsentState.GIVEN
    assert record.latest.validity_duration == "P30D"
    assert record.overt.manifest == me.asked.manifest_digest
    assert record.processing.privacy_notice == me.asked.manifest.notice_digest("en")
    assert [(app.app, app.modalities) for app in record.overt.scope.apps] == [("mousepad", (Modality.KEYBOARD,))]
    assert me.switched() is Position.ON


def test_a_no_after_a_yes_ends_it(me: Participant) -> None:
    say_yes(me)
    perform.say_no(me.places, me.asked, "en", seen(me, SECOND_NS), "terminal")
    assert states(me) == [ConsentState.GIVEN, ConsentState.REFUSED]
    assert me.switched() is Position.OFF


def test_a_withdrawal_stops_first_and_is_kept_once(me: Participant) -> None:
    say_yes(me)
    with FakeDaemon(me.places.control_socket) as daemon:
        assert perform.withdraw(me.places, me.world.now_ns + SECOND_NS, "tray")
        assert daemon.ops()[0] == "off"
    assert perform.withdraw(me.places, me.world.now_ns + 2 * SECOND_NS, "tray")
    assert states(me) == [ConsentState.GIVEN, ConsentState.WITHDRAWN]
    assert me.switched() is Position.OFF


def test_a_withdrawal_stops_without_key_ledger_or_enrolment(me: Participant) -> None:
    say_yes(me)
    shutil.rmtree(me.places.keys)
    me.places.enrolment.unlink()
    assert not perform.withdraw(me.places, me.world.now_ns + SECOND_NS, "cli")
    assert me.switched() is Position.OFF


def test_a_withdrawal_counts_with_a_clock_that_was_set_back(me: Participant) -> None:
    say_yes(me)
    assert perform.withdraw(me.places, me.world.now_ns - 3600 * SECOND_NS, "tray")
    assert states(me) == [ConsentState.GIVEN, ConsentState.WITHDRAWN]


def test_a_yes_does_not_count_with_a_clock_that_was_set_back(me: Participant) -> None:
    say_yes(me)
    perform.withdraw(me.places, me.world.now_ns + SECOND_NS, "tray")
    with pytest.raises(ClockError):
        say_yes(me, at_ns=-3600 * SECOND_NS)
    assert me.switched() is Position.OFF


def test_a_yes_that_cannot_be_signed_turns_nothing_on(me: Participant) -> None:
    shutil.rmtree(me.places.keys)
    with pytest.raises(NotEnrolledError):
        say_yes(me)
    assert me.switched() is Position.OFF
    assert not list(me.places.consents.iterdir())


def test_a_yes_onto_a_damaged_ledger_turns_nothing_on(me: Participant) -> None:
    (me.places.consents / "000000.json").write_bytes(b"{}")
    with pytest.raises(NotKeptError) as caught:
        say_yes(me)
    assert caught.value.remedy
    assert me.switched() is Position.OFF


def test_a_yes_to_nothing_is_an_error(me: Participant) -> None:
    nothing = Answers(apps={"mousepad": frozenset()}, timing=TimingTier.ORDER, language="en")
    with pytest.raises(ValueError, match="yes to nothing"):
        perform.say_yes(me.places, me.asked, nothing, seen(me), "window")
    assert me.switched() is Position.OFF


def test_two_answers_at_once_both_count(me: Participant) -> None:
    """Several of the person's programs may append together; the chain stays whole."""
    failed: list[Exception] = []

    def answer() -> None:
        try:
            say_yes(me)
        except NotKeptError as error:
            failed.append(error)

    threads = [threading.Thread(target=answer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(states(me)) + len(failed) == 4
    assert set(states(me)) <= {ConsentState.GIVEN, ConsentState.RENEWED}


def test_pause_and_resume_never_turn_on_what_is_off(me: Participant) -> None:
    now = me.world.now_ns
    halt.pause(me.places, now, now + 900 * SECOND_NS)
    halt.resume(me.places, now)
    assert Switch(me.places.switch).read().position is Position.OFF


def test_pause_and_resume(me: Participant) -> None:
    say_yes(me)
    now = me.world.now_ns
    with FakeDaemon(me.places.control_socket) as daemon:
        halt.pause(me.places, now, now + 900 * SECOND_NS)
        paused = Switch(me.places.switch).read()
        assert (paused.now(now), paused.now(now + 900 * SECOND_NS)) == (Position.PAUSED, Position.ON)
        halt.resume(me.places, now)
        assert Switch(me.places.switch).read() == Switched(position=Position.ON, at_ns=now)
        assert daemon.ops() == ["reload", "reload"]


def test_off_works_where_the_switch_cannot_be_written(me: Participant) -> None:
    say_yes(me)
    me.places.switch.unlink()
    me.places.switch.mkdir()  # even root cannot write a folder as a file
    with FakeDaemon(me.places.control_socket) as daemon:
        halt.switch_off(me.places, me.world.now_ns)
        assert daemon.ops() == ["off"]
    assert me.switched() is Position.OFF


def test_there_must_be_something_to_ask(me: Participant, tmp_path: Path) -> None:
    assert perform.what_to_ask(me.places) == me.asked
    with pytest.raises(NotEnrolledError) as caught:
        perform.what_to_ask(Places(tmp_path / "none", tmp_path / "none"))
    assert "overt enrol" in caught.value.remedy
    me.places.enrolment.write_bytes(b"{")
    with pytest.raises(NotEnrolledError, match="cannot be used"):
        perform.what_to_ask(me.places)


def test_a_policy_that_offers_nothing_is_not_asked_about(tmp_path: Path) -> None:
    with pytest.raises(NothingOfferedError):
        perform.what_to_ask(enrolled(tmp_path, policy={"apps": ()}).places)


def test_the_ledger_reads_as_one_interval(me: Participant) -> None:
    say_yes(me)
    perform.withdraw(me.places, me.world.now_ns + SECOND_NS, "tray")
    ledger = read_ledger(ConsentStore(me.places.consents).entries(), public_bytes(me.device.key))
    (interval,) = intervals(ledger)
    assert interval.end_ns - interval.begin_ns == SECOND_NS
