"""What an envelope's open part must fit: device, chain, consent, notice, policy, recipients. Pure; needs no key."""

from msgspec import Struct

from research.reasons import Reason
from research.trust import Device, Trust
from schemas.consent import Interval
from schemas.envelope import HOUR_S, Envelope, EnvelopeError, EnvelopeHeader, verify
from schemas.policy import Policy
from schemas.study import StudyManifest, readers_since

NS = 1_000_000_000
_AGE_HEAD_BYTES = 40_000
"""Bytes. Twenty recipients make an age header of 31,210 bytes."""
_STANZA = b"-> "
_STANZA_OURS = b"-> mlkem768x25519 "

Fault = tuple[Reason, str]


class Terms(Struct, frozen=True):
    """What a batch's events are measured against."""

    interval: Interval
    policy: Policy
    manifest: StudyManifest


def check_origin(envelope: Envelope, trust: Trust) -> list[Fault]:
    """Study, device and signature. If one of these fails, nothing else in the header means anything."""
    if envelope.header.study != trust.study:
        return [(Reason.OTHER_STUDY, "")]
    device = trust.devices.get(envelope.header.device)
    if device is None:
        return [(Reason.UNKNOWN_DEVICE, "")]
    try:
        verify(envelope, device.public_key)
    except EnvelopeError as error:
        return [(Reason.BAD_SIGNATURE, str(error))]
    return []


def check_terms(envelope: Envelope, trust: Trust) -> tuple[list[Fault], Terms | None]:
    """What the header cites. The terms come only if all that they are made of is known."""
    header, device = envelope.header, trust.devices[envelope.header.device]
    faults = _stanzas(envelope)
    policy = trust.policies.get(header.policy)
    faults += _policy(policy, header, trust, device)
    record = device.records.get(header.consent)
    if record is None:
        return [*faults, (Reason.UNKNOWN_CONSENT, "")], None
    faults += _notice(header, device)
    manifest = trust.manifests.get(record.overt.manifest)
    if manifest is None:
        faults.append((Reason.UNKNOWN_MANIFEST, ""))
    else:
        faults += _recipients(header, device, manifest, trust)
    interval = device.intervals.get(header.consent)
    if interval is None:
        return [*faults, (Reason.CONSENT_NOT_GIVEN, f"its state is {record.latest.event_state}")], None
    if (header.sealed_hour + HOUR_S) * NS <= interval.begin_ns:
        faults.append((Reason.SEALED_BEFORE_CONSENT, ""))
    return faults, Terms(interval, policy, manifest) if policy and manifest else None


def _notice(header: EnvelopeHeader, device: Device) -> list[Fault]:
    processing = device.records[header.consent].processing
    if header.notice != processing.privacy_notice:
        return [(Reason.WRONG_NOTICE, "consent names another notice")]
    return []


def _recipients(header: EnvelopeHeader, device: Device, manifest: StudyManifest, trust: Trust) -> list[Fault]:
    record, faults = device.records[header.consent], []
    if header.notice not in {manifest.notice_digest(language) for language in manifest.notices}:
        faults.append((Reason.WRONG_NOTICE, "the manifest that was shown does not hold this notice"))
    review = {device.registration.review_fingerprint}
    expected = manifest.recipients() | review
    allowed = [readers | review for readers in readers_since(manifest, trust.manifests.values())]
    if set(header.recipients) not in allowed:
        extra, lacking = len(set(header.recipients) - expected), len(expected - set(header.recipients))
        faults.append((Reason.WRONG_RECIPIENTS, f"{extra} too many, {lacking} lacking"))
    named = {r.fingerprint for r in record.processing.recipient_third_parties}
    if not manifest.recipients() <= named:
        faults.append((Reason.UNNAMED_RECIPIENT, ""))
    return faults


def _policy(policy: Policy | None, header: EnvelopeHeader, trust: Trust, device: Device) -> list[Fault]:
    if policy is None or policy.study != header.study:
        return [(Reason.UNKNOWN_POLICY, "")]
    if policy.blocked:
        return [(Reason.POLICY_BLOCKED, "")]
    record = device.records.get(header.consent)
    agreed = trust.policies.get(record.overt.policy) if record else None
    if agreed and policy.version < agreed.version:
        return [(Reason.OLDER_POLICY, f"version {policy.version}, at consent {agreed.version}")]
    return []


def _stanzas(envelope: Envelope) -> list[Fault]:
    """Compare the age file's own stanzas (https://c2sp.org/age) with the header. It says how many, not who."""
    head, mark, _ = envelope.payload[:_AGE_HEAD_BYTES].partition(b"\n--- ")
    stanzas = [line for line in head.split(b"\n") if line.startswith(_STANZA)]
    ours = sum(line.startswith(_STANZA_OURS) for line in stanzas)
    if not mark or ours != len(stanzas) or ours != len(envelope.header.recipients):
        return [(Reason.STANZAS_DIFFER, f"{len(stanzas)} stanzas, {len(envelope.header.recipients)} recipients")]
    return []
