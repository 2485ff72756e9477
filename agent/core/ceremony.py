"""Consent records in the making: what the person was shown and what they answered becomes a ledger entry.

Pure: who asks (a window or a terminal), who signs and where it is stored is elsewhere. Nothing here decides anything
for the person; there is no default answer.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct, structs

from agent.core.difference import Change, Difference, Terms, difference
from agent.core.scope import narrow, offered
from schemas.base import Digest
from schemas.consent import (
    DAY_NS,
    VALID_STATES,
    ConsentEvent,
    ConsentRecord,
    ConsentState,
    Extension,
    Interval,
    Processing,
    Recipient,
    answered,
    intervals,
)
from schemas.events import Modality
from schemas.policy import Policy
from schemas.scope import AppScope, Scope, TimingTier
from schemas.status import ClosedReason
from schemas.study import DeviceRegistration, StudyManifest
from schemas.times import from_unix_ns, unix_ns

Ledger = Sequence[tuple[Digest, ConsentRecord]]
"""Digest and record of each entry, oldest first, as :func:`schemas.consent.read_ledger` gives them."""

PII_TYPES = {
    Modality.KEYBOARD: "overt:TypedText",
    Modality.POINTER: "overt:PointerMovement",
    Modality.SCREEN: "overt:MaskedWindowPicture",
}
"""Types of personal data by modality. DPV has no terms for these; ours stand under ``pd:Interaction``."""

DEFERRAL_DAYS = 30
"""Days for which a "not now" is respected."""
NOTHING = Scope(apps=(), timing=TimingTier.ORDER)
"""The scope of an entry that agrees to nothing."""
WITHDRAWAL_METHOD = "the tray icon's menu, or: overt off"


class Asked(Struct, frozen=True, kw_only=True):
    """What a person is asked about: the signed study and policy as they are now."""

    manifest: StudyManifest
    manifest_digest: str
    policy: Policy
    policy_digest: str
    registration: DeviceRegistration
    manifests: Mapping[str, StudyManifest] = {}  # earlier versions at hand, by digest: a consent may be to one of them
    policies: Mapping[str, Policy] = {}

    def agreed(self, record: ConsentRecord) -> Terms | None:
        """The study and policy that a consent was given to; ``None`` if they are not at hand any more."""
        manifests = {**self.manifests, self.manifest_digest: self.manifest}
        policies = {**self.policies, self.policy_digest: self.policy}
        manifest, policy = manifests.get(record.overt.manifest), policies.get(record.overt.policy)
        return Terms(manifest, policy, record.processing.language) if manifest and policy else None

    def since(self, record: ConsentRecord) -> Difference:
        """What changed since a consent was given."""
        if (record.overt.manifest, record.overt.policy) == (self.manifest_digest, self.policy_digest):
            return Difference()
        old = self.agreed(record)
        if old is None:
            return Difference(wider=(Change("unknown.changed"),))
        return difference(old, Terms(self.manifest, self.policy, record.processing.language))


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


class Agreement(Interval, frozen=True, kw_only=True):
    """A consent in force, under the policy in force. Both may be narrower than what was first agreed to."""

    policy: Policy
    policy_digest: str
    readers: tuple[str, ...]  # age recipients of those who are named by the consent and by the study as it is now
    review_s: int  # seconds that a batch is held for the person: the longer of what was agreed to and what holds now


def grant(asked: Asked, ledger: Ledger, answers: Answers, occasion: Occasion) -> ConsentRecord:
    """The entry for a yes. It names exactly what was ticked.

    A yes to a consent that holds or ran out, and that nothing has widened since, renews it under its own name.

    Raises:
        ValueError: nothing was ticked; that is a no, not an empty yes.
    """
    scope = answers.scope(asked.policy)
    if not scope.apps:
        raise ValueError("a yes to nothing is a no")
    last = latest(ledger)
    if last is None or not (last.valid or last.latest.event_state is ConsentState.EXPIRED) or asked.since(last).asks:
        return _entry(asked, ledger, occasion, ConsentState.GIVEN, scope, answers.language)
    again = structs.replace(occasion, record_id=last.record_id)
    return _entry(asked, ledger, again, ConsentState.RENEWED, scope, answers.language)


def refuse(asked: Asked, ledger: Ledger, language: str, occasion: Occasion) -> ConsentRecord:
    """The entry for a no."""
    return _entry(asked, ledger, occasion, ConsentState.REFUSED, NOTHING, language)


def request(asked: Asked, ledger: Ledger, language: str, occasion: Occasion, *, read: bool) -> ConsentRecord:
    """The entry that says that the notice was shown, apart from any answer.

    Args:
        asked: what was shown.
        ledger: what there is.
        language: of the notice.
        occasion: when it was shown, or read to its end.
        read: the person went through it to its end. Their doing so is kept as an explicit act, which acknowledges the
            notice and agrees to nothing.
    """
    kind: Literal["explicit", "implicit"] = "explicit" if read else "implicit"
    return _entry(asked, ledger, occasion, ConsentState.REQUESTED, NOTHING, language, kind=kind)


def defer(asked: Asked, ledger: Ledger, language: str, occasion: Occasion) -> ConsentRecord:
    """The entry for "not now": for its validity nothing asks by itself."""
    return _entry(asked, ledger, occasion, ConsentState.DEFERRED, NOTHING, language)


def end(ledger: Ledger, occasion: Occasion, state: ConsentState = ConsentState.WITHDRAWN) -> ConsentRecord | None:
    """The entry that ends the consent in force; ``None`` if none is in force, so that ending twice is one ending."""
    last = latest(ledger)
    if last is None or not last.valid:
        return None
    kind: Literal["explicit", "implicit"] = "explicit" if state is ConsentState.WITHDRAWN else "implicit"
    event = _event(occasion, state, days=0, entity=last.pii_principal_id, kind=kind)
    link = last.overt.model_copy(update={"number": len(ledger), "previous": ledger[-1][0]})
    return last.model_copy(update={"events": (event,), "overt": link})


def lapse(asked: Asked, ledger: Ledger, now_ns: int) -> ConsentRecord | None:
    """The entry that the passing of time or a wider study calls for; ``None`` if none does.

    Its time is when the consent ran out, or now if what changed is the study; never before the entry before it.
    """
    last = latest(ledger)
    if last is None or not last.valid:
        return None
    newest_ns, interval = unix_ns(ledger[-1][1].latest.event_time), intervals(ledger)[-1]
    if now_ns >= _end_ns(asked, interval):
        # A policy that shortens consent does so from now on: what was captured before was captured in time.
        at_ns = max(min(interval.end_ns, now_ns), newest_ns)
        return end(ledger, Occasion(now_ns=at_ns, record_id="", method="time"), ConsentState.EXPIRED)
    if asked.since(last).asks and now_ns >= newest_ns:
        return end(ledger, Occasion(now_ns=now_ns, record_id="", method="change"), ConsentState.INVALIDATED)
    return None


def _end_ns(asked: Asked, interval: Interval) -> int:
    """When a consent ends by itself: as it was given, or earlier if the policy in force shortens it."""
    return min(interval.end_ns, interval.begin_ns + asked.policy.consent_days * DAY_NS)


def latest(ledger: Ledger) -> ConsentRecord | None:
    """The newest answer; ``None`` if there is none yet."""
    answers = answered(ledger)
    return answers[-1][1] if answers else None


def ask_not_before_ns(ledger: Ledger) -> int | None:
    """Unix time before which nothing may ask by itself: the newest "not now" is respected. ``None``: there is none."""
    put_off = [record for _, record in ledger if record.latest.event_state is ConsentState.DEFERRED]
    return unix_ns(put_off[-1].latest.event_time) + put_off[-1].latest.days * DAY_NS if put_off else None


def ends_ns(asked: Asked, ledger: Ledger) -> int | None:
    """Unix time at which the newest consent ends by itself; ``None`` if there is none."""
    last = latest(ledger)
    return _end_ns(asked, intervals(ledger)[-1]) if last is not None and last.valid else None


def answer(ledger: Ledger) -> ClosedReason | None:
    """The newest answer alone, whatever study and time say to it: ``None`` for a yes, else why not."""
    last = latest(ledger)
    if last is None:
        return ClosedReason.NO_CONSENT
    return None if last.valid else _ENDED[last.latest.event_state]


def standing(asked: Asked, ledger: Ledger, now_ns: int) -> tuple[ClosedReason | None, Agreement | None]:
    """How consent stands: ``(None, agreement)`` where it is in force, else the reason why not."""
    last = latest(ledger)
    if last is None or not last.valid:
        return answer(ledger), None
    interval = intervals(ledger)[-1]
    end_ns, old = _end_ns(asked, interval), asked.agreed(last)
    if now_ns >= end_ns:
        return ClosedReason.EXPIRED, None
    if old is None or asked.since(last).asks:
        return ClosedReason.CONSENT_CHANGED, None
    if now_ns < interval.begin_ns:
        return ClosedReason.CLOCK_UNTRUSTED, None
    return None, _agreement(asked, old, interval, end_ns)


def _agreement(asked: Asked, old: Terms, interval: Interval, end_ns: int) -> Agreement:
    stay = asked.manifest.recipients()
    return Agreement(
        consent=interval.consent,
        begin_ns=interval.begin_ns,
        end_ns=end_ns,
        scope=interval.scope,
        record=interval.record,
        policy=asked.policy,
        policy_digest=asked.policy_digest,
        readers=tuple(r.recipient for r in old.manifest.researchers if r.recipient_fingerprint in stay),
        review_s=max(asked.policy.review_s, old.policy.review_s),
    )


_ENDED = {
    ConsentState.REFUSED: ClosedReason.REFUSED,
    ConsentState.WITHDRAWN: ClosedReason.WITHDRAWN,
    ConsentState.EXPIRED: ClosedReason.EXPIRED,
    ConsentState.INVALIDATED: ClosedReason.CONSENT_CHANGED,
    ConsentState.REVOKED: ClosedReason.BLOCKED_BY_ORGANISATION,
}


def _entry(
    asked: Asked,
    ledger: Ledger,
    occasion: Occasion,
    state: ConsentState,
    scope: Scope,
    language: str,
    *,
    kind: Literal["explicit", "implicit"] = "explicit",
) -> ConsentRecord:
    days = (
        asked.policy.consent_days if state in VALID_STATES else DEFERRAL_DAYS if state is ConsentState.DEFERRED else 0
    )
    return ConsentRecord(
        record_id=occasion.record_id,
        pii_principal_id=asked.registration.participant,
        processing=_processing(asked, scope, language),
        parties=(asked.manifest.controller,),
        events=(_event(occasion, state, days=days, entity=asked.registration.participant, kind=kind),),
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


def _event(
    occasion: Occasion, state: ConsentState, *, days: int, entity: str, kind: Literal["explicit", "implicit"]
) -> ConsentEvent:
    return ConsentEvent(
        event_time=from_unix_ns(occasion.now_ns),
        validity_duration=f"P{days}D",
        entity_id=entity,
        event_type=kind,
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
