"""Admission of consent records: pure, like `admit`.

A withdrawal is taken whenever it is signed and follows the ledger: nothing about policies or notices may ever keep
somebody from stopping.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from collector.verdicts import Duplicate, Refuse, Store, Verdict
from schemas.base import SchemaError, unbase64url
from schemas.consent import ConsentRecord, LedgerError, read_ledger
from schemas.signed import SignatureError, SignedDocument, verify
from schemas.study import DeviceRegistration, StudyManifest
from schemas.wire import RefusalReason as R


class ConsentContext(Struct, frozen=True):
    """What the collector knows when a consent record comes: the sender, its ledger, and what was published."""

    registration: DeviceRegistration
    ledger: Sequence[SignedDocument]  # oldest first
    manifests: Mapping[str, StudyManifest]
    policies: frozenset[str]


def admit_consent(entry: SignedDocument, context: ConsentContext) -> Verdict:
    """Whether a consent record is appended to its device's ledger."""
    key = unbase64url(context.registration.public_key)
    try:
        record = verify(entry, ConsentRecord, {context.registration.device: key})
    except SignatureError:
        return Refuse(R.BAD_SIGNATURE, "the consent record is not signed by the sending device")
    except SchemaError:
        return Refuse(R.MALFORMED, "not a consent record of this version")
    return (
        _place(entry, record, context)
        or _sender(record, context)
        or _link(entry, key, context)
        or ((_offer(record, context) if record.valid else None) or Store())
    )


def _place(entry: SignedDocument, record: ConsentRecord, context: ConsentContext) -> Verdict | None:
    number, known = record.overt.number, len(context.ledger)
    if number > known:
        return Refuse(R.CHAIN_BROKEN, "a consent record before this one is missing")
    if number < known:
        same = context.ledger[number].digest == entry.digest
        return Duplicate() if same else Refuse(R.SEQUENCE_TAKEN, "another consent record has this number")
    return None


def _sender(record: ConsentRecord, context: ConsentContext) -> Verdict | None:
    mine, registered = record.overt, context.registration
    if (mine.study, mine.device) != (registered.study, registered.device):
        return Refuse(R.UNKNOWN_DEVICE, "the consent record is about another device or study")
    if mine.review_fingerprint != registered.review_fingerprint:
        return Refuse(R.WRONG_RECIPIENTS, "the consent record names another review key than the one registered")
    if record.pii_principal_id != registered.participant:
        return Refuse(R.UNKNOWN_DEVICE, "the consent record is about another participant")
    return None


def _link(entry: SignedDocument, key: bytes, context: ConsentContext) -> Verdict | None:
    try:
        read_ledger([*context.ledger, entry], key)
    except (LedgerError, SignatureError):
        return Refuse(R.CHAIN_BROKEN, "the consent record does not follow the one before")
    return None


def _offer(record: ConsentRecord, context: ConsentContext) -> Verdict | None:
    manifest = context.manifests.get(record.overt.manifest)
    if manifest is None:
        return Refuse(R.UNKNOWN_STUDY, "the manifest that was agreed to was never published here")
    if record.overt.policy not in context.policies:
        return Refuse(R.UNKNOWN_POLICY, "the policy that was agreed to was never published here")
    if record.processing.privacy_notice not in {manifest.notice_digest(n) for n in manifest.notices}:
        return Refuse(R.WRONG_NOTICE, "the notice that was agreed to is not one of the manifest's")
    named = {r.fingerprint for r in record.processing.recipient_third_parties}
    if named - {context.registration.review_fingerprint} != manifest.recipients():
        return Refuse(R.WRONG_RECIPIENTS, "the consent record names others than the manifest does")
    return None
