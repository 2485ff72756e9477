"""Consent records of simulated devices, filled in from a real manifest."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.consent import (
    VALID_STATES,
    ConsentEvent,
    ConsentRecord,
    ConsentState,
    Extension,
    Processing,
    Recipient,
)
from schemas.scope import Scope
from schemas.signed import fingerprint, public_bytes, public_key_text
from schemas.study import StudyManifest

LANGUAGE = "en"


@dataclass(frozen=True)
class Given:
    """What is agreed to: a manifest and a policy, by content and digest, and a scope."""

    manifest: StudyManifest
    manifest_digest: str
    policy_digest: str
    scope: Scope


def write_consent(
    given: Given,
    key: Ed25519PrivateKey,
    participant: str,
    review: str,
    before: tuple[str, ConsentRecord] | None,
) -> Callable[[ConsentState, datetime, int], ConsentRecord]:
    """A writer of the ledger's next entry: call it with state, time and validity in days."""

    def write(state: ConsentState, at: datetime, days: int) -> ConsentRecord:
        event = ConsentEvent(
            event_time=at,
            validity_duration=f"P{days}D",
            entity_id=participant,
            event_type="explicit",
            event_state=state,
            indication_method="test",
        )
        earlier = before[1].events if before and state not in VALID_STATES else ()
        name = uuid.uuid5(uuid.NAMESPACE_URL, fingerprint(public_bytes(key)))
        return ConsentRecord(
            record_id=f"urn:uuid:{name}",
            pii_principal_id=participant,
            processing=processing(given.manifest),
            parties=(given.manifest.controller,),
            events=(*earlier, event),
            overt=_extension(given, key, review, before),
        )

    return write


def processing(manifest: StudyManifest) -> Processing:
    """The processing section that a manifest asks for."""
    readers = tuple(Recipient(name=r.name, fingerprint=r.recipient_fingerprint) for r in manifest.researchers)
    return Processing(
        privacy_notice=manifest.notice_digest(LANGUAGE),
        language=LANGUAGE,
        purpose="ai:ModelTraining",
        prohibition="dpv:PersonnelBehaviourMonitoring",
        purpose_text=manifest.purpose,
        pii_information=tuple(f"overt:{m.value.title()}" for m in manifest.modalities),
        pii_controllers=(manifest.controller.party_id,),
        storage_locations=(manifest.storage_location,),
        retention_period=f"P{manifest.retention_days}D",
        jurisdiction=manifest.jurisdiction,
        recipient_third_parties=readers,
        withdrawal_method="overt off",
        lawful_basis="dpv:Consent",
        impact_assessment=manifest.impact_assessment,
    )


def _extension(
    given: Given, key: Ed25519PrivateKey, review: str, before: tuple[str, ConsentRecord] | None
) -> Extension:
    return Extension(
        study=given.manifest.study,
        number=before[1].overt.number + 1 if before else 0,
        previous=before[0] if before else None,
        device=fingerprint(public_bytes(key)),
        public_key=public_key_text(key),
        review_fingerprint=review,
        manifest=given.manifest_digest,
        policy=given.policy_digest,
        scope=given.scope,
        scope_digest=given.scope.digest,
    )
