"""Enrolling: the link's own key decides whose word counts, keys come before the code, and nothing starts."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.disk.enrolment import load_enrolment
from agent.disk.keys import DEVICE_KEY, REVIEW_KEY, FileKeys
from agent.disk.places import Places
from agent.disk.switch import Position, Switch
from agent.enrolment import Link, enrol, parse_link
from agent.errors import BadLinkError, EnrolmentRefusedError, OvertError, UnreachableError
from schemas.base import canonical
from schemas.receipt import ReceiptKind
from schemas.signed import SignedDocument, public_key_text, sign
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
        self.manifest: SignedDocument = world.signed_manifest
        self.policy: SignedDocument = world.signed_policy
        self.receipt_for: str | None = None
        self.refuses = False
        self.enrolled: list[SignedDocument] = []

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/v1/study":
            reply = StudyReply(manifest=self.manifest, policy=self.policy, collector_key=public_key_text(SERVER_KEY))
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
