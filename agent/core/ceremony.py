"""Consent records in the making: what the person was shown and what they answered becomes a ledger entry.

Pure: who asks (a window or a terminal), who signs and where it is stored is elsewhere. Nothing here decides anything
for the person; there is no default answer.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from agent.core.scope import narrow, offered
from schemas.base import Digest
from schemas.consent import (
    ConsentEvent,
    ConsentRecord,
    ConsentState,
    Extension,
    Interval,
    Processing,
    Recipient,
    intervals,
)
from schemas.events import Modality
from schemas.policy import Policy
from schemas.scope import AppScope, Scope, TimingTier
from schemas.status import ClosedReason
from schemas.study import DeviceRegistration, StudyManifest
from schemas.times import from_unix_ns

Ledger = Sequence[tuple[Digest, ConsentRecord]]
"""Digest and record of each entry, oldest first, as :func:`schemas.consent.read_ledger` gives them."""

PII_TYPES = {
    Modality.KEYBOARD: "overt:TypedText",
    Modality.POINTER: "overt:PointerMovement",
    Modality.SCREEN: "overt:MaskedWindowPicture",
}
"""Types of personal data by modality. DPV has no terms for these; ours stand under ``pd:Interaction``."""

WITHDRAWAL_METHOD = "the tray icon's menu, or: overt off"


class Asked(Struct, frozen=True, kw_only=True):
    """What a person is asked about: the signed study and policy as they are now."""

    manifest: StudyManifest
    manifest_digest: str
    policy: Policy
    policy_digest: str
    registration: DeviceRegistration


class Answers(Struct, frozen=True, kw_only=True):
    """What a person ticked. An app or modality that is absent was not agreed to."""

    apps: Mapping[str, frozenset[Modality]]
    timing: TimingTier
    language: str

    def scope(self, policy: Policy) -> Scope:
        """The ticked scope, never more than the policy offers."""
        most = offered(policy)
        ticked = Scope(
            apps=tuple(
                AppScope(app=app, modalities=tuple(sorted(chosen)), screen=most.screen_of(app))
                for app, chosen in sorted(self.apps.items())
                if chosen
            ),
            timing=self.timing,
        )
        return narrow(ticked, most)


class Occasion(Struct, frozen=True, kw_only=True):
    """When and how a person acted."""

    now_ns: int  # Unix time, nanoseconds
    record_id: str  # urn:uuid, for a new consent
    method: str  # "window", "terminal", "tray", "cli"


def grant(asked: Asked, ledger: Ledger, answers: Answers, occasion: Occasion) -> ConsentRecord:
    """The entry for a yes. It names exactly what was ticked.

    Raises:
        ValueError: nothing was ticked; that is a no, not an empty yes.
    """
    scope = answers.scope(asked.policy)
    if not scope.apps:
        raise ValueError("a yes to nothing is a no")
    return _entry(asked, ledger, occasion, ConsentState.GIVEN, scope, answers.language)


def refuse(asked: Asked, ledger: Ledger, language: str, occasion: Occasion) -> ConsentRecord:
    """The entry for a no."""
    nothing = Scope(apps=(), timing=TimingTier.ORDER)
    return _entry(asked, ledger, occasion, ConsentState.REFUSED, nothing, language)


def end(ledger: Ledger, occasion: Occasion, state: ConsentState = ConsentState.WITHDRAWN) -> ConsentRecord | None:
    """The entry that ends the consent in force; ``None`` if none is in force, so that ending twice is one ending."""
    if not ledger or not ledger[-1][1].valid:
        return None
    name, last = ledger[-1]
    entity = last.pii_principal_id
    event = _event(occasion, state, days=0, entity=entity)
    link = last.overt.model_copy(update={"number": last.overt.number + 1, "previous": name})
    return last.model_copy(update={"events": (event,), "overt": link})


def standing(asked: Asked, ledger: Ledger, now_ns: int) -> tuple[ClosedReason | None, Interval | None]:
    """How consent stands: ``(None, interval)`` where it is in force, else the reason why not."""
    if not ledger:
        return ClosedReason.NO_CONSENT, None
    last = ledger[-1][1]
    if not last.valid:
        return _ENDED.get(last.latest.event_state, ClosedReason.NO_CONSENT), None
    interval = intervals(ledger)[-1]
    if last.overt.manifest != asked.manifest_digest:
        return ClosedReason.CONSENT_CHANGED, None
    if now_ns >= interval.end_ns:
        return ClosedReason.EXPIRED, None
    if now_ns < interval.begin_ns:
        return ClosedReason.CLOCK_UNTRUSTED, None
    return None, interval


_ENDED = {
    ConsentState.REFUSED: ClosedReason.REFUSED,
    ConsentState.WITHDRAWN: ClosedReason.WITHDRAWN,
    ConsentState.EXPIRED: ClosedReason.EXPIRED,
    ConsentState.INVALIDATED: ClosedReason.CONSENT_CHANGED,
    ConsentState.REVOKED: ClosedReason.BLOCKED_BY_ORGANISATION,
}


def _entry(
    asked: Asked, ledger: Ledger, occasion: Occasion, state: ConsentState, scope: Scope, language: str
) -> ConsentRecord:
    days = asked.policy.consent_days if state is ConsentState.GIVEN else 0
    return ConsentRecord(
        record_id=occasion.record_id,
        pii_principal_id=asked.registration.participant,
        processing=_processing(asked, scope, language),
        parties=(asked.manifest.controller,),
        events=(_event(occasion, state, days=days, entity=asked.registration.participant),),
        overt=Extension(
            study=asked.manifest.study,
            number=len(ledger),
            previous=ledger[-1][0] if ledger else None,
            device=asked.registration.device,
            public_key=asked.registration.public_key,
            review_fingerprint=asked.registration.review_fingerprint,
            manifest=asked.manifest_digest,
            policy=asked.policy_digest,
            scope=scope,
            scope_digest=scope.digest,
        ),
    )


def _event(occasion: Occasion, state: ConsentState, *, days: int, entity: str) -> ConsentEvent:
    return ConsentEvent(
        event_time=from_unix_ns(occasion.now_ns),
        validity_duration=f"P{days}D",
        entity_id=entity,
        event_type="explicit",
        event_state=state,
        indication_method=occasion.method,
    )


def _processing(asked: Asked, scope: Scope, language: str) -> Processing:
    manifest = asked.manifest
    modalities = {m for app in scope.apps for m in app.modalities} or set(manifest.modalities)
    return Processing(
        privacy_notice=manifest.notice_digest(language),
        language=language,
        purpose="ai:ModelTraining",
        prohibition="dpv:PersonnelBehaviourMonitoring",
        purpose_text=manifest.purpose,
        pii_information=tuple(sorted(PII_TYPES[m] for m in modalities)),
        pii_controllers=(manifest.controller.party_id,),
        storage_locations=(manifest.storage_location,),
        retention_period=f"P{manifest.retention_days}D",
        jurisdiction=manifest.jurisdiction,
        recipient_third_parties=tuple(
            Recipient(name=r.name, fingerprint=r.recipient_fingerprint) for r in manifest.researchers
        ),
        withdrawal_method=WITHDRAWAL_METHOD,
        lawful_basis="dpv:Consent",
        impact_assessment=manifest.impact_assessment,
    )
