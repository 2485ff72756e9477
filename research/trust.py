"""From signed documents to what may be relied on: manifests, policies, devices and what each agreed to, when.

Everything starts at one key, the organisation's. Whatever does not verify is left out and reported.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeVar

from msgspec import Struct

from research.reasons import Finding, Reason
from schemas.access import ErasureCause
from schemas.base import Document, SchemaError, unbase64url
from schemas.consent import ConsentRecord, Interval, LedgerError, intervals, read_ledger
from schemas.erasure import ErasureRequest
from schemas.feed import FeedPage, head_after
from schemas.policy import Policy
from schemas.signed import SignedDocument, fingerprint, parse_body, verify
from schemas.study import DeviceRegistration, StudyManifest
from schemas.wire import LedgerReply, StudyReply

D = TypeVar("D", bound=Document)


class Device(Struct, frozen=True):
    """A registered device: its key and its verified consents."""

    registration: DeviceRegistration
    public_key: bytes
    records: dict[str, ConsentRecord]  # by digest
    intervals: dict[str, Interval]  # by digest of the consent record
    erased: dict[int, str]  # digests of the batches that it had deleted, by their place


class Trust(Struct, frozen=True):
    """What may be relied on."""

    study: str | None  # None if no manifest verifies: then no batch does
    manifests: dict[str, StudyManifest]
    policies: dict[str, Policy]
    devices: dict[str, Device]
    findings: list[Finding]

    def participant(self, device: str) -> str | None:
        """Whose device it is, by pseudonym."""
        found = self.devices.get(device)
        return found.registration.participant if found else None


def establish(ledger: LedgerReply, study: StudyReply | None, organisation: bytes) -> Trust:
    """Verify all documents.

    Args:
        ledger: as the collector gave it.
        study: the current manifest and policy, if at hand.
        organisation: raw Ed25519 key, from a source other than the collector.
    """
    keys = {fingerprint(organisation): organisation}
    findings: list[Finding] = []
    manifests = _signed([*ledger.manifests, *([study.manifest] if study else [])], StudyManifest, keys, findings)
    policies = _signed([*ledger.policies, *([study.policy] if study else [])], Policy, keys, findings)
    name = max(manifests.values(), key=lambda m: m.version).study if manifests else None
    chains = _chains(ledger.consents, findings)
    devices = dict(
        found for signed in ledger.registrations if (found := _device(signed, chains, name, findings)) is not None
    )
    for erasure in ledger.erasures:
        try:
            _note_erased(erasure, devices, name)
        except SchemaError as error:
            findings.append(Finding(Reason.ERASURE_UNTRUSTED, detail=str(error)))
    for page in ledger.expired:
        try:
            _note_expired(page, devices, name, study)
        except SchemaError as error:
            findings.append(Finding(Reason.ERASURE_UNTRUSTED, detail=str(error)))
    return Trust(name, manifests, policies, devices, findings)


_UNTRUSTED: dict[type[Document], Reason] = {
    StudyManifest: Reason.MANIFEST_UNTRUSTED,
    Policy: Reason.POLICY_UNTRUSTED,
}


def _signed(
    documents: Iterable[SignedDocument], model: type[D], keys: Mapping[str, bytes], findings: list[Finding]
) -> dict[str, D]:
    found = {}
    for signed in documents:
        try:
            found[signed.digest] = verify(signed, model, keys)
        except SchemaError as error:
            findings.append(Finding(_UNTRUSTED[model], detail=str(error)))
    return found


def _chains(consents: Iterable[SignedDocument], findings: list[Finding]) -> dict[str, list[SignedDocument]]:
    """Each device's entries in their order. Which device an entry is about is its own word until it is verified."""
    chains: dict[str, list[SignedDocument]] = defaultdict(list)
    for signed in consents:
        try:
            chains[parse_body(ConsentRecord, signed.body).overt.device].append(signed)
        except SchemaError as error:
            findings.append(Finding(Reason.LEDGER_BROKEN, detail=str(error)))
    return chains


def _device(
    signed: SignedDocument, chains: Mapping[str, list[SignedDocument]], study: str | None, findings: list[Finding]
) -> tuple[str, Device] | None:
    try:
        claimed = parse_body(DeviceRegistration, signed.body)
        raw = unbase64url(claimed.public_key)
        registration = verify(signed, DeviceRegistration, {claimed.device: raw})
    except SchemaError as error:
        findings.append(Finding(Reason.REGISTRATION_BROKEN, detail=str(error)))
        return None
    name = registration.device
    if registration.study != study:
        findings.append(Finding(Reason.REGISTRATION_BROKEN, device=name, detail="registered for another study"))
        return None
    try:
        ledger = read_ledger(chains.get(name, []), raw)
        for _, record in ledger:
            _check_subject(record, registration)
        agreed = {i.consent: i for i in intervals(ledger)}
    except SchemaError as error:
        findings.append(Finding(Reason.LEDGER_BROKEN, device=name, detail=str(error)))
        return name, Device(registration, raw, {}, {}, {})
    return name, Device(registration, raw, dict(ledger), agreed, {})


def _note_erased(signed: SignedDocument, devices: Mapping[str, Device], study: str | None) -> None:
    """What a device had deleted, by its own signature: the collector's word alone could hide what it lost.

    Raises:
        SchemaError: not signed by a device of this study, for this study.
    """
    device = devices.get(parse_body(ErasureRequest, signed.body).device)
    if device is None:
        raise SchemaError("it is from a device that never registered")
    request = verify(signed, ErasureRequest, {device.registration.device: device.public_key})
    if request.study != study:
        raise SchemaError("it is about another study")
    device.erased.update({batch.sequence: batch.digest for batch in request.batches})


def _note_expired(
    signed: SignedDocument, devices: Mapping[str, Device], study: str | None, reply: StudyReply | None
) -> None:
    """What went because the notice's time was over. That is the collector's own word, signed and in its log.

    Raises:
        SchemaError: not signed by the collector, for this study.
    """
    if reply is None:
        raise SchemaError("the collector's key is not at hand")
    raw = unbase64url(reply.collector_key)
    page = verify(signed, FeedPage, {fingerprint(raw): raw})
    head_after(page)
    if page.study != study:
        raise SchemaError("it is about another study")
    for entry in page.entries:
        if entry.cause is ErasureCause.RETENTION and entry.device in devices:
            devices[entry.device].erased.update({batch.sequence: batch.digest for batch in entry.batches})


def _check_subject(record: ConsentRecord, registration: DeviceRegistration) -> None:
    own, given = record.overt, registration
    if (own.study, own.device, own.review_fingerprint) != (given.study, given.device, given.review_fingerprint):
        raise LedgerError("an entry is about another study, device or review key than the registration")
    if record.pii_principal_id != registration.participant:
        raise LedgerError("an entry is about another participant than the registration")
