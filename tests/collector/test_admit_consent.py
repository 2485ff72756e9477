"""Admission of consent records, and that nothing keeps a withdrawal out."""

from typing import Any

import pytest

from collector.admit_consent import ConsentContext, admit_consent
from collector.verdicts import Duplicate, Refuse, Store, Verdict
from schemas.base import digest
from schemas.consent import ConsentState, Recipient, intervals, read_ledger
from schemas.signed import SignedDocument, parse_body, public_bytes, sign
from schemas.study import DeviceRegistration
from schemas.wire import RefusalReason as R
from tests.support.devices import HOUR_NS, Device, World

OTHER = digest(b"something else")


def device_of() -> Device:
    return World.make("consents").device()


def judged(device: Device, entry: SignedDocument, known: int, **changes: Any) -> Verdict:
    world = device.world
    facts: dict[str, Any] = {
        "registration": parse_body(DeviceRegistration, device.registration.body),
        "ledger": device.ledger[:known],
        "manifests": {world.signed_manifest.digest: world.manifest},
        "policies": frozenset({world.signed_policy.digest}),
    }
    return admit_consent(entry, ConsentContext(**(facts | changes)))


def reason_of(verdict: Verdict) -> R:
    assert isinstance(verdict, Refuse)
    return verdict.reason


def altered(device: Device, **changes: Any) -> SignedDocument:
    """The device's newest record with some fields of one section otherwise, signed again."""
    record = device.records[-1]
    sections: dict[str, Any] = {}
    for name, value in changes.items():
        section, _, key = name.partition("__")
        part = sections.get(section) or getattr(record, section)
        sections[section] = part.model_copy(update={key: value}) if key else value
    return sign(record.model_copy(update=sections), device.key)


def test_a_ledger_grows_entry_by_entry() -> None:
    device = device_of()
    for number, entry in enumerate([device.grant(), device.withdraw(), device.grant(at=device.world.now_ns)]):
        assert judged(device, entry, number) == Store()
        assert judged(device, entry, number + 1) == Duplicate()


FAULTS: list[tuple[dict[str, Any], R]] = [
    ({"overt__study": "other-study"}, R.UNKNOWN_DEVICE),
    ({"overt__device": OTHER}, R.UNKNOWN_DEVICE),
    ({"pii_principal_id": "p-other"}, R.UNKNOWN_DEVICE),
    ({"overt__review_fingerprint": OTHER}, R.WRONG_RECIPIENTS),
    ({"overt__previous": OTHER}, R.CHAIN_BROKEN),
    ({"overt__number": 1}, R.CHAIN_BROKEN),
    ({"overt__scope_digest": OTHER}, R.CHAIN_BROKEN),
    ({"overt__manifest": OTHER}, R.UNKNOWN_STUDY),
    ({"overt__policy": OTHER}, R.UNKNOWN_POLICY),
    ({"processing__privacy_notice": OTHER}, R.WRONG_NOTICE),
    (
        {"processing__recipient_third_parties": (Recipient(name="Stranger", fingerprint=OTHER),)},
        R.WRONG_RECIPIENTS,
    ),
]


@pytest.mark.parametrize(("changes", "reason"), FAULTS)
def test_a_wrong_record_is_refused_for_what_is_wrong(changes: dict[str, Any], reason: R) -> None:
    device = device_of()
    device.grant()
    assert reason_of(judged(device, altered(device, **changes), 0)) is reason


def test_a_forged_record_is_refused() -> None:
    device = device_of()
    device.grant()
    forged = sign(device.records[0], device.world.device().key)
    assert reason_of(judged(device, forged, 0)) is R.BAD_SIGNATURE


def test_another_type_of_document_is_refused() -> None:
    device = device_of()
    assert reason_of(judged(device, device.registration, 0)) is R.BAD_SIGNATURE


def test_a_gap_and_a_taken_number_are_refused() -> None:
    device = device_of()
    device.grant()
    second = device.withdraw()
    assert reason_of(judged(device, second, 0)) is R.CHAIN_BROKEN
    rewritten = altered(device, overt__number=0, overt__previous=None)
    assert reason_of(judged(device, rewritten, 1)) is R.SEQUENCE_TAKEN


def test_a_record_older_than_the_one_before_is_refused() -> None:
    device = device_of()
    device.grant()
    assert reason_of(judged(device, device.withdraw(device.world.now_ns - 9 * HOUR_NS), 1)) is R.CHAIN_BROKEN


def test_nothing_unknown_keeps_a_withdrawal_out() -> None:
    device = device_of()
    device.grant()
    entry = device.withdraw()
    assert judged(device, entry, 1, manifests={}, policies=frozenset()) == Store()


@pytest.mark.parametrize("state", [ConsentState.REQUESTED, ConsentState.DEFERRED])
def test_that_a_notice_was_shown_is_taken_and_ends_nothing(state: ConsentState) -> None:
    device = device_of()
    device.grant()
    entry = device.record(state, device.world.scope(apps=()), device.world.now_ns, 30)
    assert judged(device, entry, 1) == Store()
    ledger = read_ledger(device.ledger, public_bytes(device.key))
    assert [each.consent for each in intervals(ledger)] == [device.ledger[0].digest]
    assert intervals(ledger) == intervals(ledger[:1])
