"""Newer studies and policies come by themselves; what is rolled back, mixed, forged or older changes nothing."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.disk.enrolment import Enrolment, load_enrolment, save_enrolment
from agent.disk.keys import FileKeys
from agent.disk.places import Places
from agent.net.updates import Updates
from schemas.base import canonical
from schemas.signed import SignedDocument, public_key_text, sign
from schemas.wire import StudyReply
from tests.agent.disk.disk_rig import Machine
from tests.agent.net.http_rig import Asked, Reply, Site
from tests.support.devices import World, draw_key

RNG = random.Random("updates")  # noqa: S311  # test keys must come again
SERVER_KEY = draw_key(RNG)


class Office:
    """An organisation with a machine in its study, and a collector that offers what it is told to."""

    def __init__(self, folder: Path) -> None:
        self.world = World.make("updates", codes=1)
        self.machine = Machine(Places(folder / "state", folder / "run"), self.world, self.world.device())
        self.places = self.machine.places
        self.places.make()
        self.manifest: SignedDocument = self.world.signed_manifest
        self.policy: SignedDocument = self.world.signed_policy
        self.looks: list[bool] = []
        self.looked = threading.Event()
        self.asked: list[Asked] = []

    def enrol(self, collector: str) -> None:
        save_enrolment(self.places.enrolment, self.machine.enrolment(collector=collector))

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        key = public_key_text(SERVER_KEY)
        return Reply(200, canonical(StudyReply(manifest=self.manifest, policy=self.policy, collector_key=key)))

    def sign_policy(self, **changes: object) -> SignedDocument:
        return sign(self.world.policy.model_copy(update=changes), self.world.org_key)

    def here(self) -> Enrolment:
        found = load_enrolment(self.places.enrolment)
        assert found is not None
        return found

    def tell(self, new: bool) -> None:  # noqa: FBT001  # as Updates calls it
        self.looks.append(new)
        self.looked.set()

    def look(self) -> bool:
        """One look, at once: whether something new came of it."""
        self.looked.clear()
        updates = Updates(self.places, RNG.randbytes, lambda: 1.8e9, self.tell, lambda looks, _: 600.0 * looks)
        updates.start()
        assert self.looked.wait(30)
        updates.stop()
        return self.looks[-1]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    with Site(made.answer) as site:
        made.enrol(site.url)
        yield made


def test_a_newer_policy_is_taken_and_the_daemon_is_told(office: Office) -> None:
    office.policy = office.sign_policy(version=2, blocked=True)
    assert office.look() is True
    assert office.here().asked().policy.blocked
    assert office.look() is False
    assert office.places.looked.exists()


def test_a_look_tells_nobody_who_asks(office: Office) -> None:
    """No signature and no pseudonym: the same request from everybody, whether they take part or not."""
    office.look()
    (asked,) = office.asked
    assert (asked.method, asked.path, asked.body) == ("GET", "/v1/study", b"")
    assert not {"signature", "signature-input", "authorization", "cookie"} & asked.headers.keys()


@pytest.mark.parametrize("attack", ["rollback", "same version", "forged", "mixed", "another study", "nonsense"])
def test_what_may_not_follow_changes_nothing(office: Office, attack: str) -> None:
    office.policy = office.sign_policy(version=3)
    assert office.look()
    before = office.places.enrolment.read_bytes()
    match attack:
        case "rollback":
            office.policy = office.sign_policy(version=2, consent_days=90)
        case "same version":
            office.policy = office.sign_policy(version=3, consent_days=89)
        case "forged":
            office.policy = sign(office.world.policy.model_copy(update={"version": 4}), SERVER_KEY)
        case "mixed":
            office.policy = office.sign_policy(version=4, manifest="0" * 64)
        case "another study":
            office.policy = office.sign_policy(version=4, study="other")
        case _:
            office.policy = sign(office.world.manifest, office.world.org_key)
    assert office.look() is False
    assert office.places.enrolment.read_bytes() == before


def test_a_policy_for_exactly_this_study_is_taken(office: Office) -> None:
    office.policy = office.sign_policy(version=2, manifest=office.manifest.digest)
    assert office.look() is True


def test_without_a_study_nobody_is_asked(office: Office) -> None:
    office.places.enrolment.unlink()
    assert office.look() is False
    assert office.asked == []


def test_who_enrols_anew_meanwhile_is_not_overwritten(office: Office) -> None:
    office.policy = office.sign_policy(version=2)
    newer = office.here().model_copy(update={"collector": "https://elsewhere.example"})
    answer = office.answer

    def while_asked(asked: Asked) -> Reply:
        office.places.enrolment.write_bytes(canonical(newer))
        return answer(asked)

    with Site(while_asked) as site:
        office.enrol(site.url)
        assert office.look() is False
    assert office.here() == newer


def test_keys_are_not_needed(office: Office) -> None:
    assert FileKeys(office.places).get("device") is None
    office.policy = office.sign_policy(version=2)
    assert office.look() is True
