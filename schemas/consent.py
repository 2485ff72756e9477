"""Consent records, after ISO/IEC TS 27560:2023 with the terms of the W3C Data Privacy Vocabulary 2.3.

A ledger is a chain of records, each signed by the device and naming the digest of the one before. Each entry is a
whole record as of one event (given, withdrawn, …), so any single one can be read by itself. What is ours and not the
standard's stands under ``overt``.

:func:`intervals` turns a ledger into the stretches of time in which something may have been captured. The agent's gate,
the collector's admission and the researcher's verifier all call it: there is one reading of consent.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Literal

from msgspec import Struct
from pydantic import ConfigDict, Field

from schemas.base import Bytes32, Digest, Document, SchemaError, Sensitivity, Slug, note, unbase64url
from schemas.policy import MAX_CONSENT_DAYS
from schemas.scope import Scope
from schemas.signed import SignedDocument, fingerprint, verify
from schemas.study import Party
from schemas.times import Instant, unix_ns

DAY_NS = 86_400_000_000_000
CONTEXT: dict[str, str] = {
    "@vocab": "https://overt.example/schemas/v1/terms#",
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "ai": "https://w3id.org/dpv/ai#",
    "overt": "https://overt.example/schemas/v1/terms#",
    "schema_version": "dct:conformsTo",
    "record_id": "dct:identifier",
    "pii_principal_id": "dpv:hasDataSubject",
    "processing": "dpv:hasProcess",
    "privacy_notice": "dpv:hasNotice",
    "language": "dct:language",
    "purpose": "dpv:hasPurpose",
    "prohibition": "dpv:hasProhibition",
    "pii_information": "dpv:hasPersonalData",
    "pii_controllers": "dpv:hasDataController",
    "storage_locations": "dpv:hasStorageCondition",
    "retention_period": "dpv:hasDuration",
    "jurisdiction": "dpv:hasJurisdiction",
    "recipient_third_parties": "dpv:hasRecipient",
    "withdrawal_method": "dpv:hasConsentControl",
    "lawful_basis": "dpv:hasLegalBasis",
    "impact_assessment": "dpv:hasImpactAssessment",
    "event_time": "dpv:isIndicatedAtTime",
    "entity_id": "dpv:isIndicatedBy",
    "indication_method": "dpv:hasIndicationMethod",
    "event_state": "dpv:hasConsentStatus",
    "party_name": "dpv:hasName",
    "party_address": "dpv:hasAddress",
    "party_contact": "dpv:hasContact",
    "events": "overt:events",
    "parties": "overt:parties",
}
"""JSON-LD 1.1 context: our field names in DPV's and Dublin Core's terms, and all others in our own vocabulary.

Without ``@vocab``, a JSON-LD processor would silently leave out whatever has no term here.
"""


class ConsentState(StrEnum):
    """DPV's consent states. Processing is valid under the first two only."""

    GIVEN = "ConsentGiven"
    RENEWED = "RenewedConsentGiven"
    REQUESTED = "ConsentRequested"
    DEFERRED = "ConsentRequestDeferred"
    REFUSED = "ConsentRefused"
    WITHDRAWN = "ConsentWithdrawn"
    EXPIRED = "ConsentExpired"
    INVALIDATED = "ConsentInvalidated"
    REVOKED = "ConsentRevoked"


VALID_STATES = frozenset({ConsentState.GIVEN, ConsentState.RENEWED})
ASKING_STATES = frozenset({ConsentState.REQUESTED, ConsentState.DEFERRED})
"""States of a question, not of an answer: that the notice was shown, or put off, begins nothing and ends nothing."""


class ConsentEvent(Document):
    """What happened to the consent (TS 27560, event section)."""

    event_time: Instant = note("when", sensitivity=Sensitivity.BEHAVIOUR)
    validity_duration: str = note(
        "how long it holds from then on, ISO 8601 days", unit="d", pattern=r"^P(0|[1-9][0-9]?)D$"
    )
    entity_id: Slug = note("who did it: the participant's pseudonym", sensitivity=Sensitivity.PSEUDONYM)
    event_type: Literal["explicit", "implicit"] = note("explicit: the person did it; implicit: time or change did")
    event_state: ConsentState = note("state from then on", sensitivity=Sensitivity.BEHAVIOUR)
    indication_method: str = note("how it was indicated, such as `dialog` or `terminal`", max_length=60)

    @property
    def days(self) -> int:
        """Validity in days."""
        return int(self.validity_duration[1:-1])


class Recipient(Document):
    """Somebody who can decrypt, as the notice named them."""

    name: str = note("name", max_length=200)
    fingerprint: Digest = note("fingerprint of their age recipient")


class Processing(Document):
    """What was agreed to (TS 27560, processing section)."""

    privacy_notice: Digest = note("digest of the notice's text")
    language: str = note("language in which it was shown (BCP 47)", max_length=35)
    purpose: Literal["ai:ModelTraining"] = note("purpose, a DPV term")
    prohibition: Literal["dpv:PersonnelBehaviourMonitoring"] = note("what it may never be used for, a DPV term")
    purpose_text: str = note("the purpose in the study's words", max_length=1000)
    pii_information: tuple[str, ...] = note("types of personal data, terms under overt:", min_length=1)
    pii_controllers: tuple[str, ...] = note("party_id of each controller", min_length=1)
    storage_locations: tuple[str, ...] = note("where it is stored", min_length=1)
    retention_period: str = note("ISO 8601 duration", unit="d", pattern=r"^P[1-9][0-9]{0,3}D$")
    jurisdiction: str = note("ISO 3166 code", max_length=10)
    recipient_third_parties: tuple[Recipient, ...] = note("everybody who can decrypt", min_length=1)
    withdrawal_method: str = note("how to stop", max_length=200)
    lawful_basis: Literal["dpv:Consent"] = note("legal basis, a DPV term")
    impact_assessment: str = note("where it can be read", max_length=500)


class Extension(Document):
    """What TS 27560 has no field for."""

    study: Slug = note("the study")
    number: int = note("entry of this device's ledger, from 0", ge=0)
    previous: Digest | None = note("digest of the entry before; absent in the first", default=None)
    device: Digest = note("fingerprint of the device's key", sensitivity=Sensitivity.PSEUDONYM)
    public_key: Bytes32 = note("that key, base64url", sensitivity=Sensitivity.PSEUDONYM)
    review_fingerprint: Digest = note("the person's own review recipient", sensitivity=Sensitivity.PSEUDONYM)
    manifest: Digest = note("digest of the study manifest that was shown")
    policy: Digest = note("digest of the policy in force")
    scope: Scope = note("what was agreed to, app by app", sensitivity=Sensitivity.BEHAVIOUR)
    scope_digest: Digest = note("digest of the scope")


class ConsentRecord(Document):
    """One entry of a consent ledger."""

    model_config = ConfigDict(populate_by_name=True)

    context: dict[str, str] = Field(
        alias="@context",
        default=CONTEXT,
        description="JSON-LD context",
        json_schema_extra={"x-unit": "1", "x-sensitivity": "public"},
    )
    type: Literal["dpv:ConsentRecord"] = Field(
        alias="@type",
        default="dpv:ConsentRecord",
        description="JSON-LD type",
        json_schema_extra={"x-unit": "1", "x-sensitivity": "public"},
    )
    schema_version: Literal["https://overt.example/schemas/v1/consent-record"] = note(
        "what this record conforms to", default="https://overt.example/schemas/v1/consent-record"
    )
    record_id: str = note("urn:uuid of this consent; the same in all entries about it", max_length=60)
    pii_principal_id: Slug = note("study pseudonym of the person", sensitivity=Sensitivity.PSEUDONYM)
    processing: Processing = note("what was agreed to")
    parties: tuple[Party, ...] = note("parties named in it", min_length=1)
    events: tuple[ConsentEvent, ...] = note("what happened; the newest last", min_length=1, max_length=100)
    overt: Extension = note("own extension")

    @property
    def latest(self) -> ConsentEvent:
        """The event that this entry was written for."""
        return self.events[-1]

    @property
    def valid(self) -> bool:
        """True if the state allows processing (expiry aside)."""
        return self.latest.event_state in VALID_STATES

    @property
    def answers(self) -> bool:
        """True if consent stands as this entry says; False if it only tells that somebody was asked."""
        return self.latest.event_state not in ASKING_STATES


class LedgerError(SchemaError):
    """A consent ledger that does not hold together."""

    remedy = "Ask for the ledger again; if it stays so, treat everything that cites it as not consented to."


class Interval(Struct, frozen=True):
    """From ``begin_ns`` until before ``end_ns`` (Unix nanoseconds), ``scope`` was agreed to."""

    consent: str  # digest of the record
    begin_ns: int
    end_ns: int
    scope: Scope
    record: ConsentRecord


def read_ledger(entries: Sequence[SignedDocument], public_key: bytes) -> list[tuple[str, ConsentRecord]]:
    """Verify a device's chain of consent records: signatures, order, links, times.

    Args:
        entries: oldest first.
        public_key: the device's raw Ed25519 key.

    Returns:
        Digest and record of each entry.

    Raises:
        LedgerError: a link is missing, repeated or out of order.
        SignatureError: an entry is not signed by this device.
    """
    keys: Mapping[str, bytes] = {fingerprint(public_key): public_key}
    ledger: list[tuple[str, ConsentRecord]] = []
    for number, entry in enumerate(entries):
        record = verify(entry, ConsentRecord, keys)
        _check_link(record, number, ledger, public_key)
        ledger.append((entry.digest, record))
    return ledger


def _check_link(record: ConsentRecord, number: int, ledger: list[tuple[str, ConsentRecord]], public_key: bytes) -> None:
    before = ledger[-1] if ledger else None
    if record.overt.number != number or record.overt.previous != (before[0] if before else None):
        raise LedgerError(f"entry {number} does not follow the one before")
    named = (unbase64url(record.overt.public_key), record.overt.device)
    if named != (public_key, fingerprint(public_key)):
        raise LedgerError(f"entry {number} is about another device")
    if record.overt.scope.digest != record.overt.scope_digest:
        raise LedgerError(f"entry {number} has a scope that is not the one it cites")
    if before and record.overt.study != before[1].overt.study:
        raise LedgerError(f"entry {number} is about another study than the one before")
    if before and record.latest.event_time < before[1].latest.event_time:
        raise LedgerError(f"entry {number} is older than the one before")


def answered(ledger: Sequence[tuple[str, ConsentRecord]]) -> list[tuple[str, ConsentRecord]]:
    """The entries that say how consent stands; the last of them says how it stands now."""
    return [entry for entry in ledger if entry[1].answers]


def intervals(ledger: Sequence[tuple[str, ConsentRecord]]) -> list[Interval]:
    """When what was agreed to. Each answer ends the one before; a valid one ends by itself when it expires."""
    answers = answered(ledger)
    starts = [unix_ns(record.latest.event_time) for _, record in answers]
    found = []
    for index, (name, record) in enumerate(answers):
        if not record.valid:
            continue
        days = min(record.latest.days, MAX_CONSENT_DAYS)
        end = starts[index] + days * DAY_NS
        if index + 1 < len(starts):
            end = min(end, starts[index + 1])
        found.append(Interval(name, starts[index], end, record.overt.scope, record))
    return found
