"""Enrolling: the link's own key decides whose word counts, keys come before the code, and nothing starts."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ceremony import perform
from agent.core.ceremony import Agreement, Answers
from agent.core.difference import Difference
from agent.daemon.standing import read_standing
from agent.disk.enrolment import load_enrolment, save_enrolment
from agent.disk.keys import DEVICE_KEY, REVIEW_KEY, FileKeys
from agent.disk.places import Places
from agent.disk.switch import Position, Switch
from agent.enrolment import Link, enrol, parse_link, refresh
from agent.errors import (
    BadLinkError,
    EnrolmentRefusedError,
    NoStudyError,
    OvertError,
    RefreshRefusedError,
    UnreachableError,
)
from schemas.base import canonical
from schemas.consent import ConsentState
from schemas.events import Modality
from schemas.receipt import ReceiptKind
from schemas.scope import TimingTier
from schemas.signed import SignedDocument, public_key_text, sign
from schemas.status import ClosedReason
from schemas.wire import EnrolRequest, RefusalReason, StudyReply
from tests.agent.net.http_rig import Asked, Reply, Site, receipt, refusal
from tests.support.devices import World, draw_key

RNG = random.Random("enrolment")  # noqa: S311  # test keys must come again
SERVER_KEY = draw_key(RNG)
CODE = "AB2CD-EF3GH-JK4LM"


class Host:
    """A collector for one study, whose answers can be falsified."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.manifest: SignedDocument | None = None  # instead of the world's own
        self.policy: SignedDocument | None = None
        self.receipt_for: str | None = None
        self.refuses = False
        self.enrolled: list[SignedDocument] = []

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/v1/study":
            reply = StudyReply(
                manifest=self.manifest or self.world.signed_manifest,
                policy=self.policy or self.world.signed_policy,
                collector_key=public_key_text(SERVER_KEY),
            )
            return Reply(200, canonical(reply))
        if self.refuses:
            return refusal(RefusalReason.BAD_CODE, 403)
        request = EnrolRequest.model_validate_json(asked.body)
        assert request.code == CODE
        self.enrolled.append(request.registration)
        subject = self.receipt_for or request.registration.digest
        return Reply(201, receipt(subject, SERVER_KEY, ReceiptKind.ENROLMENT))


@pytest.fixture
def host() -> Host:
    return Host(World.make("enrolment", codes=2))


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "state", tmp_path / "run")


def join(host: Host, places: Places) -> None:
    with Site(host.answer) as site:
        link = Link(site.url, CODE, host.world.trust)
        enrol(link, places, FileKeys(places), RNG.randbytes, lambda: 1_800_000_000.0)


def test_enrolling_keeps_what_was_signed_and_starts_nothing(host: Host, places: Places) -> None:
    join(host, places)
    enrolment = load_enrolment(places.enrolment)
    assert enrolment is not None
    asked = enrolment.asked()
    assert (asked.manifest, asked.policy) == (host.world.manifest, host.world.policy)
    assert asked.registration.participant.startswith("p-")
    assert enrolment.organisation_key == host.world.trust
    assert Switch(places.switch).read().position is Position.OFF
    assert list(places.consents.iterdir()) == []
    assert list(places.spool.iterdir()) == []


def test_a_lost_answer_can_be_asked_for_again_with_the_same_keys(host: Host, places: Places) -> None:
    host.receipt_for = "0" * 64
    with pytest.raises(EnrolmentRefusedError):
        join(host, places)
    assert load_enrolment(places.enrolment) is None
    kept = [FileKeys(places).get(name) for name in (DEVICE_KEY, REVIEW_KEY)]
    host.receipt_for = None
    join(host, places)
    assert [FileKeys(places).get(name) for name in (DEVICE_KEY, REVIEW_KEY)] == kept
    first, second = host.enrolled
    assert first == second


@pytest.mark.parametrize("forged", ["manifest", "policy"])
def test_a_collector_cannot_pass_off_documents_of_its_own(host: Host, places: Places, forged: str) -> None:
    document = host.world.manifest if forged == "manifest" else host.world.policy
    setattr(host, forged, sign(document, SERVER_KEY))
    with pytest.raises(EnrolmentRefusedError, match="does not fit the link"):
        join(host, places)
    assert load_enrolment(places.enrolment) is None
    assert host.enrolled == []  # the code was not spent


def test_a_refusal_is_told_with_its_remedy(host: Host, places: Places) -> None:
    host.refuses = True
    with pytest.raises(EnrolmentRefusedError) as caught:
        join(host, places)
    assert caught.value.remedy == "none"
    assert load_enrolment(places.enrolment) is None


def test_nobody_there_is_told_as_such(host: Host, places: Places) -> None:
    with Site(host.answer) as site:
        link = Link(site.url, CODE, host.world.trust)
    with pytest.raises(UnreachableError, match="cannot be reached"):
        enrol(link, places, FileKeys(places), RNG.randbytes, lambda: 0.0)


def test_plain_http_to_another_machine_is_a_bad_link(host: Host, places: Places) -> None:
    link = Link("http://collector.example", CODE, host.world.trust)
    with pytest.raises(BadLinkError, match="https://"):
        enrol(link, places, FileKeys(places), RNG.randbytes, lambda: 0.0)


# --- fetching again ---


def again(host: Host, places: Places) -> Difference:
    """Refresh over the wire. The address is this run's: a test's server has another port each time."""
    with Site(host.answer) as site:
        enrolment = load_enrolment(places.enrolment)
        assert enrolment is not None
        save_enrolment(places.enrolment, enrolment.model_copy(update={"collector": site.url}))
        return refresh(places, RNG.randbytes, lambda: 1_800_000_000.0)[1]


def agree(host: Host, places: Places) -> None:
    enrolment = load_enrolment(places.enrolment)
    assert enrolment is not None
    ticks = Answers(apps={"mail": frozenset(Modality)}, timing=TimingTier.ORDER, language="en")
    perform.say_yes(places, enrolment.asked(), ticks, perform.Seen(host.world.now_ns), "window")


def publish(host: Host, *, apps: int = 2, readers: int = 2, version: int = 2) -> None:
    """The organisation's newer study, with so many apps and readers of the first."""
    world = host.world
    world.policy = world.policy.model_copy(update={"version": version, "apps": world.policy.apps[:apps]})
    researchers = world.manifest.researchers[:readers]
    world.manifest = world.manifest.model_copy(update={"version": version, "researchers": researchers})


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


def standing_of(host: Host, places: Places) -> tuple[ClosedReason | None, Agreement | None]:
    return read_standing(places, FileKeys(places)).consent(host.world.now_ns + 1)


@pytest.mark.usefixtures("no_keyring")
def test_a_narrower_study_asks_nobody(host: Host, places: Places) -> None:
    """Capture goes on with the old consent: fewer apps, and sealed for those alone who are named by both."""
    join(host, places)
    agree(host, places)
    publish(host, apps=1, readers=1)
    assert not again(host, places).asks
    reason, agreement = standing_of(host, places)
    assert reason is None
    assert agreement is not None
    assert agreement.policy_digest == host.world.signed_policy.digest
    assert agreement.readers == (host.world.researchers[0].entry().recipient,)


@pytest.mark.usefixtures("no_keyring")
def test_a_wider_study_ends_the_consent(host: Host, places: Places) -> None:
    publish(host, apps=1, readers=1, version=1)
    join(host, places)
    agree(host, places)
    fresh = World.make("enrolment", codes=2)
    host.world.policy, host.world.manifest = fresh.policy, fresh.manifest
    publish(host)
    assert sorted(c.key for c in again(host, places).wider) == ["app.added", "reader.added"]
    assert standing_of(host, places) == (ClosedReason.CONSENT_CHANGED, None)
    perform.settle(places, host.world.now_ns + 1)
    ledger = read_standing(places, FileKeys(places)).ledger
    assert ledger[-1][1].latest.event_state is ConsentState.INVALIDATED
    assert ledger[-1][1].latest.event_type == "implicit"


def test_an_older_study_is_refused(host: Host, places: Places) -> None:
    old = (host.world.manifest, host.world.policy)
    publish(host, version=3)
    join(host, places)
    kept = places.enrolment.read_bytes()
    host.world.manifest, host.world.policy = old
    with pytest.raises(RefreshRefusedError, match="version 3 is here already"):
        again(host, places)
    with pytest.raises(RefreshRefusedError, match="version 3 is here already"):
        join(host, places)
    now = load_enrolment(places.enrolment)
    assert now is not None
    assert now.manifest.to_bytes() in kept or now.asked().manifest.version == 3


@pytest.mark.parametrize("forged", ["manifest", "policy"])
def test_a_study_by_another_key_is_refused(host: Host, places: Places, forged: str) -> None:
    join(host, places)
    publish(host)
    setattr(host, forged, sign(getattr(host.world, forged), SERVER_KEY))
    with pytest.raises(RefreshRefusedError, match="not signed by a trusted key"):
        again(host, places)
    enrolment = load_enrolment(places.enrolment)
    assert enrolment is not None
    assert enrolment.asked().manifest.version == 1


def test_a_second_study_under_one_version_is_refused(host: Host, places: Places) -> None:
    join(host, places)
    publish(host, apps=1, version=1)
    with pytest.raises(RefreshRefusedError, match="under the same version"):
        again(host, places)


def test_nothing_to_fetch_again_without_a_study(places: Places) -> None:
    with pytest.raises(NoStudyError):
        refresh(places, RNG.randbytes, lambda: 0.0)


# --- links ---

KEY = public_key_text(SERVER_KEY)


@pytest.mark.parametrize(
    ("text", "collector"),
    [
        (f"https://collector.example#{CODE}.{KEY}", "https://collector.example"),
        (f"  https://collector.example:8443/overt/#{CODE}.{KEY}\n", "https://collector.example:8443/overt"),
        (f"http://127.0.0.1:8800#{CODE}.{KEY}", "http://127.0.0.1:8800"),
    ],
)
def test_a_link_is_taken_apart(text: str, collector: str) -> None:
    assert parse_link(text) == Link(collector, CODE, KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://collector.example",
        f"https://collector.example#{CODE}",
        f"https://collector.example#.{KEY}",
        f"https://collector.example#{CODE[:15]}.{KEY}",
        f"https://collector.example#{CODE * 6}.{KEY}",
        f"https://collector.example#{CODE}.{KEY[:-1]}",
        f"https://collector.example#{CODE}.{'é' * 43}",
        f"https://collector.example#{CODE}.{'=' * 43}",
        f"https://#{CODE}.{KEY}",
        f"ftp://collector.example#{CODE}.{KEY}",
        f"https://[::1#{CODE}.{KEY}",
        f"https://collector.example:99999#{CODE}.{KEY}",
        f"https://collector.example:port#{CODE}.{KEY}",
    ],
)
def test_what_is_no_link_is_told_as_such(text: str) -> None:
    with pytest.raises(BadLinkError) as caught:
        parse_link(text)
    assert isinstance(caught.value, OvertError)
    assert KEY not in str(caught.value)


@given(st.text(max_size=120))
def test_any_text_is_a_link_or_a_bad_link(text: str) -> None:
    for candidate in (text, f"https://{text}#{CODE}.{KEY}"):
        try:
            link = parse_link(candidate)
        except BadLinkError:
            continue
        assert link.organisation_key
