"""Every role against every route of the application, and G12: who agreed to something does not show elsewhere."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.routing import Route

from collector.app import create_app
from collector.house import build_house
from collector.settings import choose_blobs, choose_ledger
from schemas.signed import SignedDocument, public_key_text, sign
from tests.support.collectors import Collector
from tests.support.devices import Device, World, draw_key, make_actor, signed_headers

Answers = dict[tuple[str, str, str], tuple[int, Mapping[str, str], bytes]]
HIDDEN_FROM_TELLING = ("date",)
"""Headers that differ from one second to the next."""
NEVER = str(10**8)
"""Seconds of the log's period: longer than any test, so that it does not grow at a full hour."""
ANYBODY, DEVICE, RESEARCHER, AUDITOR = "anybody", "device", "researcher", "auditor"
VISITOR, DOCUMENT = "visitor", "document"
OPEN_TO = {
    ("GET", "/healthz"): ANYBODY,
    ("GET", "/readyz"): ANYBODY,
    ("GET", "/openapi.json"): ANYBODY,
    ("GET", "/"): ANYBODY,
    ("GET", "/static/style.css"): ANYBODY,
    ("GET", "/v1/study"): ANYBODY,
    ("GET", "/v1/log/checkpoint"): ANYBODY,
    ("GET", "/v1/log/tile/{path:path}"): ANYBODY,
    ("GET", "/v1/log/openings/public"): ANYBODY,
    ("GET", "/v1/log/openings"): DEVICE,
    ("GET", "/v1/log/openings/study"): RESEARCHER,
    ("GET", "/v1/feed"): RESEARCHER,
    ("GET", "/v1/ledger"): RESEARCHER,
    ("GET", "/v1/batches"): RESEARCHER,
    ("GET", "/v1/batches/{digest}"): RESEARCHER,
    ("POST", "/v1/sweeps"): RESEARCHER,
    ("GET", "/v1/audit/openings"): AUDITOR,
    ("GET", "/v1/audit/pulls"): AUDITOR,
    ("GET", "/v1/audit/retention"): AUDITOR,
    ("GET", "/v1/access"): DEVICE,
    ("PUT", "/v1/batches/{digest}"): DEVICE,
    ("PATCH", "/v1/uploads/{digest}"): DEVICE,
    ("POST", "/v1/consents"): DEVICE,
    ("POST", "/v1/erasures"): DEVICE,
    ("POST", "/v1/page"): DEVICE,
    ("POST", "/v1/page/lift"): DEVICE,
    ("POST", "/v1/publish"): DOCUMENT,
    ("POST", "/v1/enrol"): DOCUMENT,
    ("GET", "/me/enter"): VISITOR,
    ("GET", "/me"): VISITOR,
    ("GET", "/me/export.json"): VISITOR,
    ("POST", "/me/wish"): VISITOR,
    ("POST", "/me/leave"): ANYBODY,
    ("GET", "/operator/enter"): VISITOR,
    ("GET", "/operator"): VISITOR,
    ("GET", "/metrics"): VISITOR,
}
"""Who may, by route. A document's own signature or code decides where the request needs none; a visitor has a ticket,
Prometheus its token."""
CLOSED = {401, 403, 404}


@pytest.fixture
def world() -> World:
    return World.make("roles")


@pytest.fixture
def auditor(world: World) -> Ed25519PrivateKey:
    return draw_key(world.rng)


@pytest.fixture
def collector(tmp_path: Path, world: World, auditor: Ed25519PrivateKey) -> Iterator[Collector]:
    options = ("--log-period", NEVER, "--auditor", public_key_text(auditor))
    with Collector(tmp_path / "data", world.trust, *options) as made:
        made.publish_all(world)
        yield made


def routes_of(folder: Path, world: World) -> set[tuple[str, str]]:
    """Every method and address that the application serves, whoever added it."""
    ledger, blobs = choose_ledger(f"sqlite:///{folder}/none.db"), choose_blobs(f"file://{folder}/none")
    app = create_app(build_house(ledger, blobs, draw_key(world.rng), [world.trust], lambda: 0.0))
    found = {(method, r.path) for r in walk(app.routes) for method in r.methods or ()}
    return {(method, path) for method, path in found if method != "HEAD"}


def walk(routes: Iterable[Any]) -> Iterator[Route]:
    """Routes of an application, those of the routers in it too. Anything else that it serves fails the test."""
    for each in routes:
        if isinstance(each, Route):
            yield each
        else:
            yield from walk(each.original_router.routes)


def asked(method: str, route: str, digest: str, document: SignedDocument) -> tuple[str, bytes]:
    """An address, and a body such as somebody without anybody else's papers could send."""
    path = route.replace("{digest}", digest).replace("{path:path}", "0/000.p/32")
    return path, b"" if method == "GET" or path.startswith("/v1/page") else document.to_bytes()


def ask_all(collector: Collector, roles: Mapping[str, Ed25519PrivateKey | None], digest: str, paper: Any) -> Answers:
    """What some roles are answered, everywhere."""
    found: Answers = {}
    for role, key in roles.items():
        for method, route in OPEN_TO:
            path, body = asked(method, route, digest, paper)
            url = collector.url + path
            headers: dict[str, Any] = signed_headers(key, method, url, body, reason="curious") if key else {}
            reply = collector.call(method, path, body, headers)
            told = reply.headers.items()
            kept = {k: re.sub("expires=[^;]*", "", v) for k, v in told if k not in HIDDEN_FROM_TELLING}
            content = re.sub(rb'ticket=[\w-]+|"expires_s":\d+', b"", reply.content)
            found[role, method, route] = reply.status_code, kept, content
    return found


def test_every_route_has_its_row(tmp_path: Path, world: World) -> None:
    assert routes_of(tmp_path, world) == set(OPEN_TO)


def test_every_role_against_every_route(collector: Collector, world: World, auditor: Ed25519PrivateKey) -> None:
    """Nobody gets through a door that is not theirs."""
    device = collector.join(world)
    envelope = device.envelope()
    collector.put(device, envelope).raise_for_status()
    stranger = make_actor(world.rng, "Stranger").key
    keys: dict[str, Ed25519PrivateKey | None] = {
        "nobody": None,
        "stranger": stranger,
        "study owner": world.org_key,
        DEVICE: device.key,
        RESEARCHER: world.researchers[0].key,
        AUDITOR: auditor,
    }
    answers = ask_all(collector, keys, envelope.digest, sign(world.manifest, stranger))
    for (role, method, route), (status, _, _) in answers.items():
        may = OPEN_TO[method, route] in {ANYBODY, role}
        if OPEN_TO[method, route] == DOCUMENT:
            may = False  # the stranger's document is nobody's, whoever carries it
            assert status in CLOSED | {400}, (role, method, route)
        elif may:
            assert status not in {401, 403} or (method, route) in MAY_BE_NO, (role, method, route, status)
        else:
            assert status in CLOSED, (role, method, route, status)


MAY_BE_NO = {
    ("POST", "/v1/sweeps"),  # the paper is not the researcher's own
    ("POST", "/v1/consents"),
    ("POST", "/v1/erasures"),
}
"""Where the right role is told no because of the paper it brings in this test."""


def test_an_auditor_sees_readings_and_nobodys_consent(
    collector: Collector, world: World, auditor: Ed25519PrivateKey
) -> None:
    device = collector.join(world)
    envelope = device.envelope()
    collector.put(device, envelope).raise_for_status()
    collector.get(world.researchers[0], f"/v1/batches/{envelope.digest}", reason="to look").raise_for_status()
    told = {}
    for name in ("openings", "pulls", "retention"):
        path = f"/v1/audit/{name}"
        headers = signed_headers(auditor, "GET", collector.url + path)
        told[name] = collector.call("GET", path, headers=headers).raise_for_status().text
    assert "to look" in told["pulls"]
    assert envelope.digest in told["pulls"]
    assert {device.fingerprint, device.participant, device.ledger[0].digest} & set(
        re.findall(r'"([^"]+)"', "".join(told.values()))
    ) == set()
    assert '"consent"' not in told["openings"]


def test_a_researchers_key_is_changed_and_taken_away_by_a_new_manifest(collector: Collector, world: World) -> None:
    """At once: what counts is the newest manifest."""
    first, second = world.researchers
    old = first.key
    first.key = draw_key(world.rng)
    assert collector.get(first, "/v1/ledger").status_code == 401
    named = tuple(actor.entry() for actor in (first, second))
    collector.publish(sign(world.manifest.model_copy(update={"version": 2, "researchers": named}), world.org_key))
    assert collector.get(first, "/v1/ledger").status_code == 200
    first.key = old
    assert collector.get(first, "/v1/ledger").status_code == 401
    alone = (second.entry(),)
    collector.publish(sign(world.manifest.model_copy(update={"version": 3, "researchers": alone}), world.org_key))
    assert collector.get(second, "/v1/ledger").status_code == 200
    first.key = draw_key(world.rng)
    assert collector.get(first, "/v1/ledger").status_code == 401


def test_nobody_but_a_researcher_is_answered_otherwise_once_somebody_agreed(collector: Collector, world: World) -> None:
    """Status, size, headers and every byte are the same before a yes, after it, with batches, and after its end."""
    manager, person = world.device(), world.device()
    for device in (manager, person):
        collector.enrol(device).raise_for_status()
    yes = person.grant()
    envelope = person.envelope()
    answers = [as_others(collector, world, manager, envelope.digest)]
    collector.consent(person, yes).raise_for_status()
    answers.append(as_others(collector, world, manager, envelope.digest))
    collector.put(person, envelope).raise_for_status()
    answers.append(as_others(collector, world, manager, envelope.digest))
    collector.consent(person, person.withdraw()).raise_for_status()
    answers.append(as_others(collector, world, manager, envelope.digest))
    for later in answers[1:]:
        assert later == answers[0]
    secrets = [person.fingerprint, person.participant, yes.digest, envelope.digest]
    told = b"".join(content for _, _, content in answers[-1].values()).decode("latin-1")
    assert not [secret for secret in secrets if secret in told]
    assert person.fingerprint in {str(row["device"]) for row in collector.listing(world.researchers[0])}


def as_others(collector: Collector, world: World, manager: Device, digest: str) -> Answers:
    """What everybody but a researcher of the study is answered."""
    stranger = make_actor(world.rng, "Stranger").key
    roles = {"nobody": None, "IT": world.org_key, "a manager's own device": manager.key, "a stranger": stranger}
    return ask_all(collector, roles, digest, sign(world.manifest, stranger))
