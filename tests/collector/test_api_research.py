"""The researchers' side of the API, against a real server."""

import json
import sqlite3
from pathlib import Path

import pytest

from research.client import Collector as Client
from schemas.age import decrypt
from schemas.consent import intervals, read_ledger
from schemas.envelope import parse, verify
from schemas.payload import unpack
from schemas.signed import parse_body, public_bytes
from schemas.study import DeviceRegistration, StudyManifest
from schemas.wire import BatchPage, LedgerReply
from schemas.wire import RefusalReason as R
from tests.collector.test_api import refused
from tests.support.collectors import Collector, running
from tests.support.devices import World, make_actor


def test_a_researcher_lists_pulls_proves_and_reads(collector: Collector, world: World) -> None:
    device = collector.join(world)
    sent = [device.envelope(device.make.typing(f"text {n}")) for n in range(3)]
    for envelope in sent:
        collector.put(device, envelope).raise_for_status()
    researcher = world.researchers[1]
    rows = [row for row in collector.listing(researcher) if row["device"] == device.fingerprint]
    assert [row["digest"] for row in rows] == [e.digest for e in sent]
    pulled = collector.get(researcher, f"/v1/batches/{rows[2]['digest']}")
    envelope = parse(pulled.content)
    ledger = LedgerReply.model_validate_json(collector.get(researcher, "/v1/ledger", reason=None).content)
    assert device.registration in ledger.registrations
    key = public_bytes(device.key)
    verify(envelope, key)
    mine = [c for c in ledger.consents if c.digest == device.ledger[0].digest]
    assert intervals(read_ledger(mine, key))[0].consent == envelope.header.consent
    assert ledger.manifests[-1].digest == world.signed_manifest.digest
    assert ledger.policies[-1].digest == world.signed_policy.digest
    payload = unpack(decrypt(envelope.payload, [researcher.identity], limit=1 << 24))
    assert len(payload.events) == 13


def test_pages_follow_each_other(collector: Collector, world: World) -> None:
    device = collector.join(world)
    for _ in range(5):
        collector.put(device, device.envelope()).raise_for_status()
    whole = collector.listing(world.researchers[0])
    found, after = [], 0
    while True:
        reply = collector.get(world.researchers[0], f"/v1/batches?after={after}&limit=2")
        page = BatchPage.model_validate_json(reply.content)
        found += [row.digest for row in page.rows]
        if page.next is None:
            break
        after = page.next
    assert found == [row["digest"] for row in whole]


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=", "limit=1e3", "after=99999999999999999999"])
def test_odd_pages_are_refused(collector: Collector, world: World, query: str) -> None:
    refused(collector.get(world.researchers[0], f"/v1/batches?{query}"), 400, R.MALFORMED)


def test_a_broken_off_pull_goes_on(collector: Collector, world: World) -> None:
    device = collector.join(world)
    envelope = device.envelope(frames=world.rng.randbytes(700_000))
    collector.put(device, envelope).raise_for_status()
    whole, path = envelope.to_bytes(), f"/v1/batches/{envelope.digest}"
    researcher = world.researchers[0]
    first = collector.get(researcher, path, range="bytes=0-399999")
    assert (first.status_code, first.headers["content-range"]) == (206, f"bytes 0-399999/{len(whole)}")
    rest = collector.get(researcher, path, range="bytes=400000-", if_range=first.headers["etag"])
    assert first.content + rest.content == whole
    assert collector.get(researcher, path, range="bytes=-10").content == whole[-10:]
    changed = collector.get(researcher, path, range="bytes=400000-", if_range='"other"')
    assert (changed.status_code, changed.content) == (200, whole)
    refused(collector.get(researcher, path, range=f"bytes={len(whole)}-"), 416, R.NOT_FOUND)


def test_no_reason_no_batch(collector: Collector, world: World) -> None:
    device = collector.join(world)
    envelope = device.envelope()
    collector.put(device, envelope).raise_for_status()
    for path in ("/v1/batches", f"/v1/batches/{envelope.digest}"):
        refused(collector.get(world.researchers[0], path, reason=None), 400, R.NO_REASON)
        refused(collector.get(world.researchers[0], path, reason=""), 400, R.NO_REASON)
        refused(collector.get(world.researchers[0], path, reason="x" * 201), 400, R.MALFORMED)


def test_a_reason_that_was_not_signed_does_not_count(collector: Collector, world: World) -> None:
    headers = world.researchers[0].headers("GET", collector.url + "/v1/batches", reason=None)
    reply = collector.call("GET", "/v1/batches", headers=headers | {"overt-reason": "added on the way"})
    refused(reply, 401, R.BAD_SIGNATURE)


def test_nobody_else_reads(collector: Collector, world: World) -> None:
    device = collector.join(world)
    stranger = make_actor(world.rng, "Stranger")
    for path in ("/v1/batches", "/v1/ledger", f"/v1/batches/{'0' * 64}"):
        refused(collector.get(stranger, path), 401, R.UNKNOWN_KEY)
        refused(collector.signed(device, "GET", path), 401, R.UNKNOWN_KEY)
        refused(collector.call("GET", path), 401, R.BAD_SIGNATURE)


def test_there_is_no_such_batch(collector: Collector, world: World) -> None:
    for name in ("0" * 64, "nothing", "%2e%2e"):
        refused(collector.get(world.researchers[0], f"/v1/batches/{name}"), 404, R.NOT_FOUND)


def test_every_pull_is_noted_with_who_and_why(tmp_path: Path) -> None:
    world = World.make("pulls")
    with running(tmp_path, world) as collector:
        device = collector.join(world)
        envelope = device.envelope()
        collector.put(device, envelope).raise_for_status()
        for reason in ("first look", "second look"):
            collector.get(world.researchers[0], f"/v1/batches/{envelope.digest}", reason=reason).raise_for_status()
        assert collector.stop() == 0
        with sqlite3.connect(collector.data / "ledger.db") as rows:
            noted = rows.execute("SELECT digest, reason FROM pulls ORDER BY position").fetchall()
        rows.close()
    assert noted == [(envelope.digest, "first look"), (envelope.digest, "second look")]


def test_a_researcher_who_left_the_manifest_reads_no_more(tmp_path: Path) -> None:
    world = World.make("leaving")
    with running(tmp_path, world) as collector:
        device = collector.join(world)
        waiting = device.envelope()
        left = world.researchers[1]
        assert collector.get(left, "/v1/ledger").status_code == 200
        changes = {"version": 2, "researchers": world.manifest.researchers[:1]}
        world.manifest = StudyManifest.model_validate(world.manifest.model_copy(update=changes).model_dump())
        assert collector.publish(world.signed_manifest).status_code == 201
        refused(collector.get(left, "/v1/ledger"), 401, R.UNKNOWN_KEY)
        # What was sealed under the manifest that was agreed to is still taken.
        assert collector.put(device, waiting).status_code == 201
        refused(collector.publish(world.signed_codes.model_copy(update={"payload": "AA"})), 401, R.BAD_SIGNATURE)


def test_registrations_are_listed_in_no_order_of_enrolment(collector: Collector, world: World) -> None:
    for _ in range(4):
        collector.join(world)
    reply = collector.get(world.researchers[0], "/v1/ledger")
    ledger = LedgerReply.model_validate_json(reply.content)
    devices = [parse_body(DeviceRegistration, r.body).device for r in ledger.registrations]
    assert devices == sorted(devices)


def test_the_ledger_comes_in_pages_and_whole(collector: Collector, world: World) -> None:
    joined = {collector.join(world).fingerprint for _ in range(3)}
    reader = world.researchers[0]
    whole = collector.get(reader, "/v1/ledger").json()
    assert "next" not in whole
    pages, after = [], ""
    while True:
        page = collector.get(reader, "/v1/ledger?limit=2" + (f"&after={after}" if after else "")).json()
        assert len(page["registrations"]) <= 2
        pages.append(page)
        if (after := page.get("next", "")) == "":
            break
    assert len(joined) <= len(whole["registrations"])
    for part in ("registrations", "consents", "policies", "manifests"):
        assert [d for page in pages for d in page[part]] == whole[part]
    assert collector.get(reader, "/v1/ledger?after=nonsense").status_code == 404
    client = Client(collector.url, reader.key, "checking", http=collector.client)
    assert client.ledger().model_dump_json(exclude_none=True) == json.dumps(whole, separators=(",", ":"))
