"""A device reads its own record, and nobody else's; researchers' sweep receipts reach those whom they concern."""

import httpx
import pytest

from schemas.access import AccessReply, ErasureCause, ErasureState
from schemas.base import unbase64url
from schemas.envelope import HOUR_S
from schemas.erasure import ErasedBatch, ErasureRequest
from schemas.receipt import Receipt, ReceiptKind
from schemas.signed import fingerprint, parse_signed, public_bytes, sign, verify
from schemas.sweep import SweepReceipt
from schemas.wire import RefusalReason as R
from schemas.wire import StudyReply
from tests.collector.test_api import refused
from tests.support.collectors import Collector
from tests.support.devices import Actor, Device, World, make_actor, signed_headers


def record(collector: Collector, device: Device, query: str = "") -> AccessReply:
    reply = collector.signed(device, "GET", f"/v1/access{query}").raise_for_status()
    return AccessReply.model_validate_json(reply.content)


def erase(collector: Collector, device: Device, count: int) -> str:
    batches = tuple(
        ErasedBatch(sequence=e.header.sequence, digest=e.digest, previous=e.header.previous)
        for e in device.envelopes[:count]
    )
    hour = device.world.now_ns // 10**9 // HOUR_S * HOUR_S
    request = ErasureRequest(
        version=1, study=device.world.manifest.study, device=device.fingerprint, requested_hour=hour, batches=batches
    )
    signed = sign(request, device.key)
    collector.signed(device, "POST", "/v1/erasures", signed.to_bytes()).raise_for_status()
    return signed.digest


def swept(actor: Actor, *batches: str, study: str = "mail-study") -> bytes:
    receipt = SweepReceipt(
        version=1,
        study=study,
        swept_hour=HOUR_S,
        pulled_hour=HOUR_S,
        batches=tuple(sorted(batches)),
        rewritten=1,
        removed=0,
        scanned_files=9,
        scanned_bytes=90,
        residue=0,
        trained_on=1,
    )
    return sign(receipt, actor.key).to_bytes()


def post_sweep(collector: Collector, actor: Actor, body: bytes) -> httpx.Response:
    headers = signed_headers(actor.key, "POST", collector.url + "/v1/sweeps", body)
    return collector.call("POST", "/v1/sweeps", body, headers)


def test_a_device_reads_who_read_what_and_why_by_pages(collector: Collector, world: World) -> None:
    mine, other = collector.join(world), collector.join(world)
    for device in (mine, other):
        for _ in range(3):
            collector.put(device, device.envelope()).raise_for_status()
    researcher = world.researchers[1]
    for envelope in (*mine.envelopes, *other.envelopes[:1]):
        collector.get(researcher, f"/v1/batches/{envelope.digest}", reason="pilot of the agent").raise_for_status()
    whole = record(collector, mine)
    assert [row.pull.batch for row in whole.pulls] == [e.digest for e in mine.envelopes]
    assert {(row.name, row.pull.researcher, row.pull.reason) for row in whole.pulls} == {
        (researcher.name, fingerprint(public_bytes(researcher.key)), "pilot of the agent")
    }
    assert (whole.batches, whole.stored_bytes) == (3, sum(len(e.to_bytes()) for e in mine.envelopes))
    assert (whole.next, whole.retention_days) == (None, world.manifest.retention_days)
    first = record(collector, mine, "?limit=2")
    rest = record(collector, mine, f"?after={first.next}&limit=2")
    assert (*first.pulls, *rest.pulls) == whole.pulls
    assert (len(first.pulls), rest.next) == (2, None)


def test_erasures_and_sweeps_are_told_to_whom_they_concern(collector: Collector, world: World) -> None:
    mine, other = collector.join(world), collector.join(world)
    for device in (mine, other):
        for _ in range(2):
            collector.put(device, device.envelope()).raise_for_status()
    digest = erase(collector, mine, 2)
    researcher = world.researchers[0]
    body = swept(researcher, *(e.digest for e in mine.envelopes))
    reply = post_sweep(collector, researcher, body)
    assert reply.status_code == 201
    key = StudyReply.model_validate_json(collector.call("GET", "/v1/study").content).collector_key
    raw = unbase64url(key)
    receipt = verify(parse_signed(reply.content), Receipt, {fingerprint(raw): raw})
    assert (receipt.kind, receipt.subject) == (ReceiptKind.SWEEP, parse_signed(body).digest)
    again = post_sweep(collector, researcher, body)
    assert (again.status_code, again.content) == (200, reply.content)
    told = record(collector, mine)
    assert [(e.digest, e.cause, e.state, e.batches) for e in told.erasures] == [
        (digest, ErasureCause.ASKED, ErasureState.DELETED, 2)
    ]
    assert [(s.digest, s.name, s.batches, s.residue, s.trained_on) for s in told.sweeps] == [
        (receipt.subject, researcher.name, 2, 0, 1)
    ]
    assert told.batches == 0
    untouched = record(collector, other)
    assert (untouched.sweeps, untouched.erasures) == ((), ())


def test_a_sweep_receipt_is_the_senders_own(collector: Collector, world: World) -> None:
    one, two = world.researchers
    refused(post_sweep(collector, one, swept(two)), 401, R.BAD_SIGNATURE)
    refused(post_sweep(collector, one, swept(one, study="another")), 404, R.UNKNOWN_STUDY)
    refused(post_sweep(collector, make_actor(world.rng, "Stranger"), swept(one)), 401, R.UNKNOWN_KEY)
    refused(post_sweep(collector, one, world.signed_policy.to_bytes()), 401, R.BAD_SIGNATURE)


@pytest.mark.parametrize("query", ["?after=x", "?limit=-1"])
def test_odd_pages_are_refused(collector: Collector, world: World, query: str) -> None:
    refused(collector.signed(collector.join(world), "GET", f"/v1/access{query}"), 400, R.MALFORMED)
