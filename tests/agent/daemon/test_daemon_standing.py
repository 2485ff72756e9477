"""What the disk says of capture: everything damaged, unsigned, ended or out of date closes the gate."""

from pathlib import Path

import pytest

from agent.core.lifecycle import Facts, changed
from agent.daemon.standing import NOTHING, read_standing, settle_withdrawal
from agent.disk.consent_store import ConsentStore
from agent.disk.enrolment import save_enrolment
from agent.disk.keys import DEVICE_KEY, FileKeys
from agent.disk.switch import Position, Switch, Switched
from agent.disk.versions import Versions
from schemas.consent import ConsentState, read_ledger
from schemas.events import Modality
from schemas.scope import TimingTier
from schemas.signed import public_bytes, sign
from schemas.status import ClosedReason as R
from tests.agent.disk.disk_rig import Machine
from tests.support.fake_clock import DAY_NS

HOUR_NS = 3_600 * 10**9


class Person(Machine):
    """A machine whose person may agree and switch."""

    @property
    def now(self) -> int:
        return self.world.now_ns

    @property
    def store(self) -> ConsentStore:
        return ConsentStore(self.places.consents)

    def agree(self) -> None:
        self.store.append(self.device.grant(at=self.now - HOUR_NS))

    def switch(self, position: Position, until_ns: int | None = None, at_ns: int | None = None) -> None:
        at = self.now if at_ns is None else at_ns
        Switch(self.places.switch).write(Switched(position=position, at_ns=at, until_ns=until_ns))

    def facts(self, at_ns: int | None = None) -> dict[str, object]:
        found = read_standing(self.places, FileKeys(self.places))
        return found.facts(self.now if at_ns is None else at_ns)


@pytest.fixture
def person(tmp_path: Path) -> Person:
    made = Person.make(tmp_path)
    save_enrolment(made.places.enrolment, made.enrolment())
    FileKeys(made.places).put(DEVICE_KEY, made.device.key.private_bytes_raw())
    Switch(made.places.switch).preallocate()
    return made


OPEN: dict[str, object] = {
    "enrolled": True,
    "consent": None,
    "clock_trusted": True,
    "switch": None,
    "policy": None,
    "keys": True,
}


def test_enrolling_alone_opens_nothing(person: Person) -> None:
    """G1."""
    assert person.facts() == OPEN | {"consent": R.NO_CONSENT, "switch": R.SWITCHED_OFF}
    person.switch(Position.ON)
    assert person.facts()["consent"] is R.NO_CONSENT
    assert read_standing(person.places, FileKeys(person.places)).effective(person.now) == NOTHING


def test_a_yes_and_the_switch_are_all_that_the_disk_asks_for(person: Person) -> None:
    person.agree()
    person.switch(Position.ON)
    assert person.facts() == OPEN
    changed(Facts(), **person.facts())
    scope = read_standing(person.places, FileKeys(person.places)).effective(person.now)
    assert scope.of("mail") == frozenset(Modality)
    assert scope.timing is TimingTier.EXACT


def test_an_empty_folder_closes(tmp_path: Path) -> None:
    bare = Machine.make(tmp_path)
    facts = read_standing(bare.places, FileKeys(bare.places)).facts(0)
    assert facts == OPEN | {
        "enrolled": False,
        "consent": R.NO_CONSENT,
        "switch": R.SWITCHED_OFF,
        "policy": R.POLICY_MISSING,
        "keys": False,
    }


@pytest.mark.parametrize(
    "what", ["enrolment", "signature", "older", "no versions", "ledger", "foreign ledger", "key", "other key", "switch"]
)
def test_what_is_damaged_closes(person: Person, what: str) -> None:
    person.agree()
    person.switch(Position.ON)
    entry = person.places.consents / "000000.json"
    if what == "enrolment":
        person.places.enrolment.write_bytes(b"{")
    elif what == "signature":
        save_enrolment(person.places.enrolment, person.enrolment(policy=sign(person.world.policy, person.device.key)))
    elif what == "older":
        newer = sign(person.world.policy.model_copy(update={"version": 2}), person.world.org_key)
        enrolment = person.enrolment(policy=newer)
        Versions(person.places.versions).note(enrolment.asked(), enrolment.organisation_key)
    elif what == "no versions":
        person.places.versions.write_bytes(b"[1]")
    elif what == "ledger":
        entry.write_bytes(entry.read_bytes()[:-2])
    elif what == "foreign ledger":
        entry.write_bytes(person.world.device().grant().to_bytes())
    elif what == "key":
        FileKeys(person.places).forget(DEVICE_KEY)
    elif what == "other key":
        FileKeys(person.places).put(DEVICE_KEY, bytes(32))
    else:
        person.places.switch.write_bytes(b"on")
    expected: dict[str, dict[str, object]] = {
        "enrolment": {"enrolled": False, "consent": R.NO_CONSENT, "policy": R.POLICY_MISSING, "keys": False},
        "signature": {"policy": R.POLICY_UNSIGNED},
        "older": {"policy": R.POLICY_ROLLED_BACK},
        "no versions": {"policy": R.POLICY_ROLLED_BACK},
        "ledger": {"consent": R.NO_CONSENT},
        "foreign ledger": {"consent": R.NO_CONSENT},
        "key": {"keys": False},
        "other key": {"keys": False},
        "switch": {"switch": R.SWITCHED_OFF},
    }
    assert person.facts() == OPEN | expected[what]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-1, {"clock_trusted": False}),
        (0, {}),
        (89, {}),
        (90, {"consent": R.EXPIRED}),
        (366, {"consent": R.EXPIRED, "policy": R.POLICY_EXPIRED}),
    ],
)
def test_time_closes(person: Person, days: int, expected: dict[str, object]) -> None:
    person.agree()
    person.switch(Position.ON)
    at = person.now + days * DAY_NS
    assert person.facts(at) == OPEN | expected
    found = read_standing(person.places, FileKeys(person.places))
    assert (found.effective(at) == NOTHING) is bool(expected)


def test_a_blocked_policy_closes_for_everybody(person: Person) -> None:
    person.world.policy = person.world.policy.model_copy(update={"blocked": True})
    save_enrolment(person.places.enrolment, person.enrolment())
    person.agree()
    person.switch(Position.ON)
    assert person.facts() == OPEN | {"policy": R.BLOCKED_BY_ORGANISATION}


def test_it_tells_when_it_will_change_by_itself(person: Person) -> None:
    person.agree()
    person.switch(Position.PAUSED, until_ns=person.now + HOUR_NS)
    found = read_standing(person.places, FileKeys(person.places))
    assert found.facts(person.now)["switch"] is R.PAUSED
    assert found.changes_at_ns(person.now) == person.now + HOUR_NS
    assert found.facts(person.now + HOUR_NS) == OPEN
    assert found.changes_at_ns(person.now + HOUR_NS) == person.now - HOUR_NS + 90 * DAY_NS


def test_an_off_that_the_ledger_does_not_know_is_written_once(person: Person) -> None:
    person.agree()
    person.switch(Position.OFF)
    found = read_standing(person.places, FileKeys(person.places))
    assert settle_withdrawal(person.places, found, person.now + HOUR_NS)
    assert person.facts()["consent"] is R.WITHDRAWN
    ledger = read_ledger(person.store.entries(), public_bytes(person.device.key))
    assert ledger[-1][1].latest.event_state is ConsentState.WITHDRAWN
    again = read_standing(person.places, FileKeys(person.places))
    assert not settle_withdrawal(person.places, again, person.now + HOUR_NS)


def test_settling_with_the_clock_set_back_keeps_the_ledger_whole(person: Person) -> None:
    person.agree()
    person.switch(Position.OFF)
    found = read_standing(person.places, FileKeys(person.places))
    assert settle_withdrawal(person.places, found, person.now - 10 * DAY_NS)
    assert person.facts()["consent"] is R.WITHDRAWN


def test_two_programs_that_settle_at_once_leave_one_intact_ledger(person: Person) -> None:
    person.agree()
    person.switch(Position.OFF)
    found = read_standing(person.places, FileKeys(person.places))
    assert settle_withdrawal(person.places, found, person.now)
    assert settle_withdrawal(person.places, found, person.now), "another program was first; the ledger grew"
    assert len(read_ledger(person.store.entries(), public_bytes(person.device.key))) == 2


def test_a_withdrawal_that_the_disk_refuses_waits_for_next_time(person: Person) -> None:
    person.agree()
    person.switch(Position.OFF)
    found = read_standing(person.places, FileKeys(person.places))
    aside = person.places.consents.with_name("aside")
    person.places.consents.rename(aside)
    assert not settle_withdrawal(person.places, found, person.now)
    aside.rename(person.places.consents)
    assert settle_withdrawal(person.places, found, person.now)
    assert len(read_ledger(person.store.entries(), public_bytes(person.device.key))) == 2


@pytest.mark.parametrize("case", ["on", "paused", "no key", "off before the yes"])
def test_nothing_is_settled_without_reason(person: Person, case: str) -> None:
    person.agree()
    positions = {"on": Position.ON, "paused": Position.PAUSED}
    before = person.now - 2 * HOUR_NS if case == "off before the yes" else None
    person.switch(positions.get(case, Position.OFF), at_ns=before)
    if case == "no key":
        FileKeys(person.places).forget(DEVICE_KEY)
    found = read_standing(person.places, FileKeys(person.places))
    assert not settle_withdrawal(person.places, found, person.now)
    assert len(person.store.entries()) == 1
