"""The devices' side of the API, against a real server."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest

from schemas.base import digest, unbase64url
from schemas.receipt import Receipt, ReceiptKind
from schemas.signed import SignedDocument, fingerprint, sign, verify
from schemas.study import EnrolmentCodes
from schemas.times import from_unix_ns
from schemas.wire import Refusal, StudyReply
from schemas.wire import RefusalReason as R
from tests.support.collectors import Collector
from tests.support.devices import World, draw_key, signed_headers


def receipt_in(collector: Collector, reply: httpx.Response) -> Receipt:
    study = StudyReply.model_validate_json(collector.call("GET", "/v1/study").content)
    raw = SignedDocument.model_validate_json(reply.content)
    key = unbase64url(study.collector_key)
    return verify(raw, Receipt, {fingerprint(key): key})


def refused(reply: httpx.Response, status: int, reason: R) -> None:
    assert (reply.status_code, Refusal.model_validate_json(reply.content).reason) == (status, reason)


def test_the_whole_life_of_a_device(collector: Collector, world: World) -> None:
    device = world.device()
    enrolled = collector.enrol(device)
    assert enrolled.status_code == 201
    assert receipt_in(collector, enrolled).kind is ReceiptKind.ENROLMENT
    agreed = collector.consent(device, device.grant())
    assert (agreed.status_code, receipt_in(collector, agreed).subject) == (201, device.consent)
    for _ in range(3):
        envelope = device.envelope(device.make.typing("hello"))
        stored = collector.put(device, envelope)
        receipt = receipt_in(collector, stored)
        assert stored.status_code == 201
        assert (receipt.kind, receipt.subject, receipt.device) == (
            "batch",
            envelope.digest,
            device.fingerprint,
        )
    assert collector.consent(device, device.withdraw()).status_code == 201


def test_everything_sent_again_is_acknowledged_with_the_same_receipt(collector: Collector, world: World) -> None:
    device = world.device()
    first = collector.enrol(device)
    again = collector.enrol(device)
    other_code = collector.enrol(device, "WRONG-WRONG-WRONG-WRONG")
    assert (again.status_code, again.content, other_code.content) == (200, first.content, first.content)
    entry = device.grant()
    pairs = [(collector.consent(device, entry), collector.consent(device, entry))]
    envelope = device.envelope()
    pairs.append((collector.put(device, envelope), collector.put(device, envelope)))
    for new, old in pairs:
        assert (new.status_code, old.status_code) == (201, 200)
        assert new.content == old.content


def test_publishing_again_changes_nothing(collector: Collector, world: World) -> None:
    for document in world.publications():
        assert collector.publish(document).status_code == 200
    reply = StudyReply.model_validate_json(collector.call("GET", "/v1/study").content)
    assert reply.manifest == world.signed_manifest


def test_what_may_not_be_published(collector: Collector, world: World) -> None:
    stranger = draw_key(world.rng)
    refused(collector.publish(sign(world.manifest, stranger)), 401, R.BAD_SIGNATURE)
    changed = world.manifest.model_copy(update={"title": "Another"})
    refused(collector.publish(sign(changed, world.org_key)), 409, R.OLDER_VERSION)
    elsewhere = world.manifest.model_copy(update={"study": "other-study", "version": 2})
    refused(collector.publish(sign(elsewhere, world.org_key)), 404, R.UNKNOWN_STUDY)
    refused(collector.publish(world.device().registration), 400, R.MALFORMED)


def test_codes_enrol_once_and_only_while_they_are_good(collector: Collector, world: World) -> None:
    device, other = world.device(), world.device()
    refused(collector.enrol(device, "NOT-A-CODE-AT-ALL"), 403, R.BAD_CODE)
    assert collector.enrol(device).status_code == 201
    refused(collector.enrol(other, device.code), 403, R.BAD_CODE)
    expired = EnrolmentCodes(
        study=world.manifest.study,
        issued=from_unix_ns(world.now_ns) - timedelta(days=9),
        expires=from_unix_ns(world.now_ns) - timedelta(days=2),
        digests=(digest(b"EXPIRED-CODE-0123456789"),),
    )
    assert collector.publish(sign(expired, world.org_key)).status_code == 201
    refused(collector.enrol(other, "EXPIRED-CODE-0123456789"), 403, R.BAD_CODE)
    assert collector.enrol(other).status_code == 201


def test_a_used_code_stays_used_when_it_is_published_again(collector: Collector, world: World) -> None:
    device, other = world.device(), world.device()
    assert collector.enrol(device).status_code == 201
    again = EnrolmentCodes(
        study=world.manifest.study,
        issued=from_unix_ns(world.now_ns),
        expires=from_unix_ns(world.now_ns) + timedelta(days=3),
        digests=(digest(device.code.encode()), digest(world.rng.randbytes(9))),
    )
    assert collector.publish(sign(again, world.org_key)).status_code == 201
    refused(collector.enrol(other, device.code), 403, R.BAD_CODE)


def test_a_registration_must_be_signed_by_its_own_key(collector: Collector, world: World) -> None:
    device, other = world.device(), world.device()
    swapped = device.enrol_request().model_copy(
        update={"registration": device.registration.model_copy(update={"payload": other.registration.payload})}
    )
    reply = collector.call("POST", "/v1/enrol", swapped.model_dump_json().encode())
    refused(reply, 401, R.BAD_SIGNATURE)
    assert collector.enrol(device).status_code == 201  # its code was not used up
    device.participant = "p-somebody-else"
    refused(collector.enrol(device), 409, R.MALFORMED)


def test_forged_and_misplaced_consents_are_refused(collector: Collector, world: World) -> None:
    device, other = collector.join(world), collector.join(world)
    refused(collector.consent(device, other.withdraw()), 401, R.BAD_SIGNATURE)
    device.withdraw()
    refused(collector.consent(device, device.grant(at=world.now_ns)), 409, R.CHAIN_BROKEN)
    refused(collector.signed(device, "POST", "/v1/consents", b"{}"), 400, R.MALFORMED)


def test_wrong_batches_are_refused(collector: Collector, world: World) -> None:
    device = collector.join(world)
    readers = device.readers()
    refused(collector.put(device, device.envelope(readers=readers[1:], keep=False)), 422, R.WRONG_RECIPIENTS)
    refused(
        collector.put(device, device.envelope(sequence=3, previous=digest(b""), keep=False)),
        409,
        R.CHAIN_BROKEN,
    )
    refused(collector.put(device, device.envelope(consent=digest(b""), keep=False)), 422, R.UNKNOWN_CONSENT)
    refused(collector.put(device, device.envelope(policy=digest(b""), keep=False)), 422, R.UNKNOWN_POLICY)
    refused(collector.put(device, device.envelope(notice=digest(b""), keep=False)), 422, R.WRONG_NOTICE)
    refused(collector.put(device, device.envelope(sealed_hour=0, keep=False)), 403, R.CONSENT_NOT_LIVE)
    refused(collector.put(device, device.envelope(study="other-study", keep=False)), 404, R.UNKNOWN_STUDY)
    right, other = device.envelope(keep=False), device.envelope(keep=False)
    assert collector.put(device, right).status_code == 201
    refused(collector.put(device, other), 409, R.SEQUENCE_TAKEN)


def test_another_devices_batch_is_refused(collector: Collector, world: World) -> None:
    device, other = collector.join(world), collector.join(world)
    refused(collector.put(device, other.envelope()), 403, R.UNKNOWN_DEVICE)


@pytest.mark.parametrize("place", [0, 20, 200, -1])
def test_a_flipped_bit_is_refused_signed_request_or_not(collector: Collector, world: World, place: int) -> None:
    device = collector.join(world)
    envelope = device.envelope()
    broken = bytearray(envelope.to_bytes())
    broken[place] ^= 1
    path = f"/v1/batches/{envelope.digest}"
    headers = device.headers("PUT", collector.url + path, envelope.to_bytes())
    refused(collector.call("PUT", path, bytes(broken), headers), 401, R.BAD_SIGNATURE)
    refused(collector.signed(device, "PUT", path, bytes(broken)), 400, R.MALFORMED)
    renamed = f"/v1/batches/{digest(bytes(broken))}"
    assert collector.signed(device, "PUT", renamed, bytes(broken)).status_code in (400, 401, 403)
    assert collector.put(device, envelope).status_code == 201


def test_the_address_must_name_the_body(collector: Collector, world: World) -> None:
    device = collector.join(world)
    envelope = device.envelope()
    for name in (digest(b"other"), "x", "..%2f..%2fetc", envelope.digest.upper()):
        reply = collector.signed(device, "PUT", f"/v1/batches/{name}", envelope.to_bytes())
        assert reply.status_code in (400, 404)


def test_requests_that_are_not_rightly_signed_are_refused(collector: Collector, world: World) -> None:
    device = collector.join(world)
    envelope = device.envelope()
    body, path = envelope.to_bytes(), f"/v1/batches/{envelope.digest}"
    url = collector.url + path
    refused(collector.call("PUT", path, body), 401, R.BAD_SIGNATURE)
    stranger = signed_headers(draw_key(world.rng), "PUT", url, body)
    refused(collector.call("PUT", path, body, stranger), 401, R.UNKNOWN_KEY)
    researcher = world.researchers[0].headers("PUT", url, body)
    refused(collector.call("PUT", path, body, researcher), 401, R.UNKNOWN_KEY)
    for wrong in (time.time() - 3600, time.time() + 3600):
        stale = signed_headers(device.key, "PUT", url, body, now_s=wrong)
        refused(collector.call("PUT", path, body, stale), 401, R.BAD_SIGNATURE)
    for method, address in (("POST", url), ("PUT", url + "?x=1")):
        elsewhere = signed_headers(device.key, method, address, body)
        refused(collector.call("PUT", path, body, elsewhere), 401, R.BAD_SIGNATURE)


def test_a_request_is_served_once(collector: Collector, world: World) -> None:
    device = collector.join(world)
    envelope = device.envelope()
    body, path = envelope.to_bytes(), f"/v1/batches/{envelope.digest}"
    headers = device.headers("PUT", collector.url + path, body)
    assert collector.call("PUT", path, body, headers).status_code == 201
    refused(collector.call("PUT", path, body, headers), 409, R.REPLAYED)


def test_the_same_batch_many_times_at_once_is_stored_once(collector: Collector, world: World) -> None:
    device = collector.join(world)
    envelope = device.envelope(frames=world.rng.randbytes(200_000))
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: collector.put(device, envelope), range(8)))
    assert sorted(reply.status_code for reply in replies) == [200] * 7 + [201]
    assert len({reply.content for reply in replies}) == 1


def test_one_of_many_batches_that_race_for_a_place_is_stored(collector: Collector, world: World) -> None:
    device = collector.join(world)
    rivals = [device.envelope(keep=False) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda envelope: collector.put(device, envelope), rivals))
    assert sorted(reply.status_code for reply in replies) == [201] + [409] * 5
    listed = [row["digest"] for row in collector.listing(world.researchers[0])]
    assert sum(envelope.digest in listed for envelope in rivals) == 1


def test_one_code_for_many_devices_at_once_enrols_one(collector: Collector, world: World) -> None:
    devices = [world.device() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda device: collector.enrol(device, devices[0].code), devices))
    assert sorted(reply.status_code for reply in replies) == [201] + [403] * 5


def test_oversized_bodies_are_refused_declared_or_not(collector: Collector, world: World) -> None:
    device = collector.join(world)
    size = (64 << 20) + 1

    def headers() -> dict[str, str]:
        return device.headers("PUT", collector.url + f"/v1/batches/{digest(b'')}")

    def chunks() -> Iterator[bytes]:
        for _ in range(size // (1 << 20) + 1):
            yield bytes(1 << 20)

    path = f"{collector.url}/v1/batches/{digest(b'')}"
    refused(httpx.put(path, content=chunks(), headers=headers(), timeout=60), 413, R.TOO_LARGE)
    refused(httpx.put(path, content=bytes(size), headers=headers(), timeout=60), 413, R.TOO_LARGE)
    refused(collector.call("POST", "/v1/publish", bytes(3 << 20)), 413, R.TOO_LARGE)
    refused(collector.call("POST", "/v1/enrol", b"[" * (2 << 20)), 400, R.MALFORMED)


def test_unknown_addresses_and_methods_are_refused_in_the_same_form(collector: Collector) -> None:
    refused(collector.call("GET", "/v1/nothing"), 404, R.NOT_FOUND)
    refused(collector.call("DELETE", "/v1/study"), 405, R.NOT_FOUND)
    refused(collector.call("GET", "/docs"), 404, R.NOT_FOUND)


def test_it_says_that_it_lives(collector: Collector) -> None:
    assert collector.call("GET", "/healthz").json() == {"ok": True}
    assert collector.call("GET", "/readyz").json() == {"ok": True}
    assert "server" not in collector.call("GET", "/healthz").headers
