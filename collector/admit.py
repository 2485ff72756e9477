"""Admission of batches: pure. Everything that it needs is passed in; it reads no clock, disk or network.

A batch is stored if the device's registered key signed it, it follows the device's last batch, it is sealed to exactly
those whom the notice named, and the consent that it cites was live in the hour in which it was sealed (G8).
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from collector.limits import MAX_BATCH_BYTES
from collector.verdicts import Duplicate, Refuse, Store, Verdict
from schemas.base import unbase64url
from schemas.consent import ConsentRecord, intervals
from schemas.envelope import HOUR_S, Envelope, EnvelopeError, EnvelopeHeader, verify
from schemas.study import DeviceRegistration, StudyManifest, readers_since
from schemas.wire import RefusalReason as R

HOUR_NS = HOUR_S * 1_000_000_000


class Place(Struct, frozen=True):
    """A place in a device's chain that is taken."""

    sequence: int
    digest: str


class Context(Struct, frozen=True):
    """What the collector knows when a batch comes.

    `digest` is that of the bytes that came, computed once by whoever read them. `consents` is the device's verified
    ledger, oldest first. `manifests` are all published ones, by digest. `same_place` is the stored batch with the
    sequence of the one that came.
    """

    digest: str
    study: str | None
    registration: DeviceRegistration | None
    manifests: Mapping[str, StudyManifest]
    policies: frozenset[str]
    consents: Sequence[tuple[str, ConsentRecord]]
    last: Place | None
    same_place: Place | None


Check = Callable[[Envelope, Context], Verdict | None]


def admit(envelope: Envelope, context: Context) -> Verdict:
    """Whether a batch is stored. The first check that has something to say decides."""
    verdicts = (check(envelope, context) for check in CHECKS)
    return next((verdict for verdict in verdicts if verdict is not None), Store())


def _size(envelope: Envelope, context: Context) -> Verdict | None:
    del context
    size = len(envelope.signed) + len(envelope.signature) + len(envelope.payload)
    return Refuse(R.TOO_LARGE, "the batch is too large") if size > MAX_BATCH_BYTES else None


def _study(envelope: Envelope, context: Context) -> Verdict | None:
    if context.study is None or envelope.header.study != context.study:
        return Refuse(R.UNKNOWN_STUDY, "this collector does not serve that study")
    return None


def _signature(envelope: Envelope, context: Context) -> Verdict | None:
    registration = context.registration
    if registration is None or registration.device != envelope.header.device:
        return Refuse(R.UNKNOWN_DEVICE, "the batch names a device that is not the sender's")
    try:
        verify(envelope, unbase64url(registration.public_key))
    except EnvelopeError:
        return Refuse(R.BAD_SIGNATURE, "the envelope's signature does not fit")
    return None


def _stored_before(envelope: Envelope, context: Context) -> Verdict | None:
    del envelope
    if context.same_place is None:
        return None
    if context.same_place.digest == context.digest:
        return Duplicate()
    return Refuse(R.SEQUENCE_TAKEN, "another batch has this sequence")


def _chain(envelope: Envelope, context: Context) -> Verdict | None:
    sequence, previous = (context.last.sequence + 1, context.last.digest) if context.last else (0, None)
    if envelope.header.sequence != sequence:
        return Refuse(R.CHAIN_BROKEN, "a batch before this one is missing")
    if envelope.header.previous != previous:
        return Refuse(R.CHAIN_BROKEN, "the batch does not follow the one that is stored before it")
    return None


def _consent(envelope: Envelope, context: Context) -> Verdict | None:
    header = envelope.header
    if not any(name == header.consent for name, _ in context.consents):
        return Refuse(R.UNKNOWN_CONSENT, "the consent record that the batch cites is not in the device's ledger")
    if not _live(header, context):
        return Refuse(R.CONSENT_NOT_LIVE, "the consent was not live in the hour in which the batch was sealed")
    return None


def _live(header: EnvelopeHeader, context: Context) -> bool:
    begin = header.sealed_hour * 1_000_000_000
    end = begin + HOUR_NS
    mine = (i for i in intervals(context.consents) if i.consent == header.consent)
    return any(i.begin_ns < i.end_ns and i.begin_ns < end and i.end_ns > begin for i in mine)


def _policy(envelope: Envelope, context: Context) -> Verdict | None:
    if envelope.header.policy not in context.policies:
        return Refuse(R.UNKNOWN_POLICY, "the policy that the batch cites was never published here")
    return None


def _notice(envelope: Envelope, context: Context) -> Verdict | None:
    record, manifest = _agreed(envelope.header, context)
    notices = {manifest.notice_digest(language) for language in manifest.notices} if manifest else set()
    if envelope.header.notice not in notices or envelope.header.notice != record.processing.privacy_notice:
        return Refuse(R.WRONG_NOTICE, "the batch cites another notice than the one that was agreed to")
    return None


def _recipients(envelope: Envelope, context: Context) -> Verdict | None:
    _, manifest = _agreed(envelope.header, context)
    if manifest is None or context.registration is None:
        return Refuse(R.WRONG_RECIPIENTS, "the agreed manifest was never published here")
    review = context.registration.review_fingerprint
    allowed = [readers | {review} for readers in readers_since(manifest, context.manifests.values())]
    if set(envelope.header.recipients) not in allowed:
        return Refuse(R.WRONG_RECIPIENTS, "the batch is sealed to others than those whom the notice names")
    return None


def _agreed(header: EnvelopeHeader, context: Context) -> tuple[ConsentRecord, StudyManifest | None]:
    """The consent that a batch cites, and the manifest that was agreed to with it.

    Not the newest manifest: a batch that waited on a laptop while the study changed was sealed for those whom its
    person had agreed to, and nobody else. A later manifest can only take some of them away.
    """
    record = next(record for name, record in context.consents if name == header.consent)
    return record, context.manifests.get(record.overt.manifest)


CHECKS: tuple[Check, ...] = (
    _size,
    _study,
    _signature,
    _stored_before,
    _chain,
    _consent,
    _policy,
    _notice,
    _recipients,
)
"""In order: who it is before what it says, and what was stored before anything that may have changed since."""
