"""G12: every route against every role. Only a researcher, whose proof it is, sees that anybody agreed to anything."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from collector import routes, routes_research
from schemas.signed import SignedDocument, sign
from tests.support.collectors import Collector, running
from tests.support.devices import Device, World, make_actor, signed_headers

Answers = dict[tuple[str, str, str], tuple[int, Mapping[str, str], bytes]]
HIDDEN_FROM_TELLING = ("date",)
"""Headers that differ from one second to the next."""


@pytest.fixture
def world() -> World:
    return World.make("roles")


@pytest.fixture
def collector(tmp_path: Path, world: World) -> Iterator[Collector]:
    with running(tmp_path, world) as made:
        yield made


def paths() -> set[tuple[str, str]]:
    """Every method and address that the collector serves."""
    found = [r for router in (routes.router, routes_research.router) for r in router.routes if isinstance(r, APIRoute)]
    return {(method, route.path) for route in found for method in route.methods or ()}


def bodies(digest: str, document: SignedDocument) -> dict[tuple[str, str], tuple[str, bytes]]:
    """For each of them an address, and a body such as somebody without anybody else's papers could send."""
    paper = document.to_bytes()
    return {
        ("GET", "/healthz"): ("/healthz", b""),
        ("GET", "/readyz"): ("/readyz", b""),
        ("GET", "/v1/study"): ("/v1/study", b""),
        ("GET", "/v1/ledger"): ("/v1/ledger", b""),
        ("GET", "/v1/batches"): ("/v1/batches?after=0&limit=100", b""),
        ("GET", "/v1/batches/{digest}"): (f"/v1/batches/{digest}", b""),
        ("PUT", "/v1/batches/{digest}"): (f"/v1/batches/{digest}", b"not what was sealed"),
        ("POST", "/v1/consents"): ("/v1/consents", paper),
        ("GET", "/v1/access"): ("/v1/access", b""),
        ("POST", "/v1/sweeps"): ("/v1/sweeps", paper),
        ("POST", "/v1/erasures"): ("/v1/erasures", paper),
        ("POST", "/v1/publish"): ("/v1/publish", paper),
        ("POST", "/v1/enrol"): ("/v1/enrol", b"{}"),
    }


def ask_all(collector: Collector, world: World, manager: Device, digest: str) -> Answers:
    """What everybody but a researcher of the study is answered, everywhere."""
    stranger = make_actor(world.rng, "Stranger").key
    roles = {"nobody": None, "IT": world.org_key, "a manager's own device": manager.key, "a stranger": stranger}
    found: Answers = {}
    for role, key in roles.items():
        for (method, route), (path, body) in bodies(digest, sign(world.manifest, stranger)).items():
            url = collector.url + path
            headers: dict[str, Any] = signed_headers(key, method, url, body, reason="curious") if key else {}
            reply = collector.call(method, path, body, headers)
            kept = {k: v for k, v in reply.headers.items() if k not in HIDDEN_FROM_TELLING}
            found[role, method, route] = reply.status_code, kept, reply.content
    return found


def test_every_route_is_asked(world: World) -> None:
    assert paths() == set(bodies("0" * 64, world.signed_manifest))


def test_nobody_but_a_researcher_is_answered_otherwise_once_somebody_agreed(collector: Collector, world: World) -> None:
    """Status, size, headers and every byte are the same before a yes, after it, with batches, and after its end."""
    manager, person = world.device(), world.device()
    for device in (manager, person):
        collector.enrol(device).raise_for_status()
    yes = person.grant()
    envelope = person.envelope()
    answers = [ask_all(collector, world, manager, envelope.digest)]
    collector.consent(person, yes).raise_for_status()
    answers.append(ask_all(collector, world, manager, envelope.digest))
    collector.put(person, envelope).raise_for_status()
    answers.append(ask_all(collector, world, manager, envelope.digest))
    collector.consent(person, person.withdraw()).raise_for_status()
    answers.append(ask_all(collector, world, manager, envelope.digest))
    for later in answers[1:]:
        assert later == answers[0]
    secrets = [person.fingerprint, person.participant, yes.digest, envelope.digest]
    told = b"".join(content for _, _, content in answers[-1].values()).decode()
    assert not [secret for secret in secrets if secret in told]
    assert person.fingerprint in {str(row["device"]) for row in collector.listing(world.researchers[0])}
