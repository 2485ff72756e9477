"""Admission of batches, every reason by itself, on real envelopes."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.admit import Context, Place, admit
from collector.verdicts import Duplicate, Refuse, Store
from schemas.base import digest
from schemas.consent import read_ledger
from schemas.envelope import HOUR_S, Envelope, EnvelopeHeader
from schemas.signed import parse_body, public_bytes
from schemas.study import DeviceRegistration
from schemas.wire import RefusalReason as R
from tests.support.devices import HOUR_NS, Device, World, draw_identity

OTHER = digest(b"something else")


def device_of(seed: int = 0) -> Device:
    device = World.make(seed).device()
    device.grant()
    return device


def context_for(device: Device, envelope: Envelope, **changes: Any) -> Context:
    world = device.world
    stored = [e for e in device.envelopes if e is not envelope and e.header.sequence < envelope.header.sequence]
    last = max(stored, key=lambda e: e.header.sequence, default=None)
    known: dict[str, Any] = {
        "digest": envelope.digest,
        "study": world.manifest.study,
        "registration": parse_body(DeviceRegistration, device.registration.body),
        "manifests": {world.signed_manifest.digest: world.manifest},
        "policies": frozenset({world.signed_policy.digest}),
        "consents": read_ledger(device.ledger, public_bytes(device.key)),
        "last": Place(last.header.sequence, last.digest) if last else None,
        "same_place": None,
    }
    return Context(**(known | changes))


def reason_of(device: Device, envelope: Envelope, **changes: Any) -> R:
    verdict = admit(envelope, context_for(device, envelope, **changes))
    assert isinstance(verdict, Refuse)
    assert verdict.detail
    return verdict.reason


def test_a_right_chain_is_stored() -> None:
    device = device_of()
    for _ in range(3):
        envelope = device.envelope(device.make.typing("hello"))
        assert admit(envelope, context_for(device, envelope)) == Store()


HEADER_FAULTS: list[tuple[dict[str, object], R]] = [
    ({"study": "other-study"}, R.UNKNOWN_STUDY),
    ({"sequence": 1, "previous": OTHER}, R.CHAIN_BROKEN),
    ({"previous": OTHER}, R.CHAIN_BROKEN),
    ({"consent": OTHER}, R.UNKNOWN_CONSENT),
    ({"policy": OTHER}, R.UNKNOWN_POLICY),
    ({"notice": OTHER}, R.WRONG_NOTICE),
    ({"recipients": (OTHER,)}, R.WRONG_RECIPIENTS),
    ({"sealed_hour": 0}, R.CONSENT_NOT_LIVE),
    ({"sealed_hour": 4_000_000_000 // HOUR_S * HOUR_S}, R.CONSENT_NOT_LIVE),
]


@pytest.mark.parametrize(("header", "reason"), HEADER_FAULTS)
def test_a_wrong_header_is_refused_for_what_is_wrong(header: dict[str, Any], reason: R) -> None:
    device = device_of()
    assert reason_of(device, device.envelope(**header)) is reason


CONTEXT_FAULTS: list[tuple[dict[str, Any], R]] = [
    ({"study": None}, R.UNKNOWN_STUDY),
    ({"registration": None}, R.UNKNOWN_DEVICE),
    ({"manifests": {}}, R.WRONG_NOTICE),
    ({"policies": frozenset()}, R.UNKNOWN_POLICY),
    ({"consents": ()}, R.UNKNOWN_CONSENT),
    ({"last": Place(5, OTHER)}, R.CHAIN_BROKEN),
    ({"same_place": Place(0, OTHER)}, R.SEQUENCE_TAKEN),
]


@pytest.mark.parametrize(("known", "reason"), CONTEXT_FAULTS)
def test_what_the_collector_does_not_know_is_refused(known: dict[str, Any], reason: R) -> None:
    device = device_of()
    assert reason_of(device, device.envelope(), **known) is reason


def test_the_same_batch_again_is_a_duplicate_even_after_withdrawal() -> None:
    device = device_of()
    envelope = device.envelope()
    device.withdraw(device.world.now_ns - 3 * HOUR_NS // 4)
    stored = Place(0, envelope.digest)
    assert admit(envelope, context_for(device, envelope, last=stored, same_place=stored)) == Duplicate()


def test_a_batch_missing_a_recipient_or_with_one_more_is_refused() -> None:
    device = device_of()
    readers = device.readers()
    stranger = draw_identity(device.world.rng).recipient
    assert reason_of(device, device.envelope(readers=readers[1:], keep=False)) is R.WRONG_RECIPIENTS
    assert reason_of(device, device.envelope(readers=readers[:-1], keep=False)) is R.WRONG_RECIPIENTS
    assert reason_of(device, device.envelope(readers=[*readers, stranger], keep=False)) is R.WRONG_RECIPIENTS


def test_a_batch_sealed_after_withdrawal_is_refused_and_one_of_the_same_hour_is_not() -> None:
    device = device_of()
    now = device.world.now_ns
    device.withdraw(now)
    given_then = device.ledger[0].digest
    late = device.envelope(at=now + HOUR_NS, keep=False, consent=given_then)
    assert reason_of(device, late) is R.CONSENT_NOT_LIVE
    in_time = device.envelope(at=now, keep=False, consent=given_then)
    assert admit(in_time, context_for(device, in_time)) == Store()


def test_a_withdrawal_never_carries_a_batch() -> None:
    device = device_of()
    device.withdraw()
    assert reason_of(device, device.envelope()) is R.CONSENT_NOT_LIVE


def test_a_consent_that_expired_is_not_live() -> None:
    device = device_of()
    device.grant(at=device.world.now_ns, days=1)
    late = device.envelope(at=device.world.now_ns + 26 * HOUR_NS)
    assert reason_of(device, late) is R.CONSENT_NOT_LIVE


def test_another_devices_batch_is_refused() -> None:
    device, other = device_of(1), device_of(2)
    envelope = other.envelope()
    assert reason_of(device, envelope) is R.UNKNOWN_DEVICE


def test_a_registration_of_another_key_does_not_verify() -> None:
    device = device_of()
    envelope = device.envelope()
    registration = context_for(device, envelope).registration
    assert registration is not None
    stranger = parse_body(DeviceRegistration, device.world.device().registration.body)
    mixed = registration.model_copy(update={"public_key": stranger.public_key})
    assert reason_of(device, envelope, registration=mixed) is R.BAD_SIGNATURE


def test_an_old_manifest_still_admits_what_was_agreed_to_under_it() -> None:
    device = device_of()
    world = device.world
    old = {world.signed_manifest.digest: world.manifest}
    envelope = device.envelope()
    world.manifest = world.manifest.model_copy(update={"version": 2, "researchers": world.manifest.researchers[:1]})
    both = old | {world.signed_manifest.digest: world.manifest}
    assert admit(envelope, context_for(device, envelope, manifests=both)) == Store()


DEVICE = device_of(7)
RIGHT = DEVICE.envelope(DEVICE.make.typing("x"))


def _tampered(part: Callable[[Envelope], bytes], position: int, bit: int) -> bytes:
    raw = bytearray(part(RIGHT))
    raw[position % len(raw)] ^= 1 << bit
    return bytes(raw)


@settings(deadline=None)
@given(position=st.integers(0, 1 << 20), bit=st.integers(0, 7))
def test_no_flipped_bit_of_signature_or_signed_bytes_is_stored(position: int, bit: int) -> None:
    signature = Envelope(RIGHT.header, RIGHT.signed, _tampered(lambda e: e.signature, position, bit), RIGHT.payload)
    signed = Envelope(RIGHT.header, _tampered(lambda e: e.signed, position, bit), RIGHT.signature, RIGHT.payload)
    assert reason_of(DEVICE, signature) is R.BAD_SIGNATURE
    assert reason_of(DEVICE, signed) is R.BAD_SIGNATURE


FIELDS = ("study", "sequence", "previous", "consent", "policy", "notice", "recipients")
values = {
    "study": st.from_regex(r"[a-z]{1,20}", fullmatch=True),
    "sequence": st.integers(0, 1 << 50),
    "previous": st.one_of(st.none(), st.binary().map(digest)),
    "recipients": st.lists(st.binary().map(digest), min_size=1, max_size=20, unique=True).map(
        lambda found: tuple(sorted(found))
    ),
}


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(data=st.data(), names=st.sets(st.sampled_from(FIELDS), min_size=1))
def test_any_other_header_is_refused_though_well_signed(data: st.DataObject, names: set[str]) -> None:
    drawn: dict[str, Any] = {n: data.draw(values.get(n, st.binary().map(digest))) for n in sorted(names)}
    envelope = DEVICE.envelope(keep=False, **dict[str, Any](sequence=0, previous=None) | drawn)
    changed = any(getattr(envelope.header, n) != getattr(RIGHT.header, n) for n in FIELDS)
    verdict = admit(envelope, context_for(DEVICE, RIGHT, digest=envelope.digest))
    assert isinstance(verdict, Refuse if changed else Store)


def test_the_header_class_is_what_the_table_covers() -> None:
    """A new header field must come with a check, or with a reason here why it needs none."""
    needs_no_check = {"version", "device", "payload_sha256", "payload_bytes", "sealed_hour"}
    assert set(EnvelopeHeader.model_fields) == set(FIELDS) | needs_no_check


def narrowed(device: Device, version: int = 2) -> dict[str, Any]:
    """What is published once a later study names the first researcher alone."""
    world = device.world
    fewer = world.manifest.model_copy(update={"version": version, "researchers": world.manifest.researchers[:1]})
    return {world.signed_manifest.digest: world.manifest, digest(b"newer"): fewer}


def test_readers_whom_a_later_study_took_away_may_be_left_out() -> None:
    """The consent names two; what is sealed for those who are left is still within it. No other choice is."""
    device = device_of()
    first, second, mine = device.readers()
    left = device.envelope(device.make.typing("hello"), readers=[first, mine], keep=False)
    both = device.envelope(device.make.typing("hello"), keep=False)
    wrong = device.envelope(device.make.typing("hello"), readers=[second, mine], keep=False)
    none = device.envelope(device.make.typing("hello"), readers=[mine], keep=False)
    published = narrowed(device)
    assert admit(left, context_for(device, left, manifests=published)) == Store()
    assert admit(both, context_for(device, both, manifests=published)) == Store()
    assert reason_of(device, left) is R.WRONG_RECIPIENTS, "before any study took them away"
    assert reason_of(device, wrong, manifests=published) is R.WRONG_RECIPIENTS
    assert reason_of(device, none, manifests=published) is R.WRONG_RECIPIENTS
    assert reason_of(device, left, manifests=narrowed(device, version=0)) is R.WRONG_RECIPIENTS
