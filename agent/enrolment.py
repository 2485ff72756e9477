"""Enrolling: a one-time link becomes a device key, a pinned organisation and a signed registration. Starts nothing.

The link is ``URL#CODE.KEY``: the collector's address, a code that works once, and the organisation's Ed25519 public
key. The key travels with the link and not with the collector's answer, so that a collector cannot pass off recipients
of its own. After ``#`` nothing is sent to a server by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.core.ceremony import Asked, latest
from agent.core.difference import Difference
from agent.core.seal import recipients_of
from agent.disk.enrolment import Enrolment, load_enrolment, save_enrolment
from agent.disk.keys import DEVICE_KEY, REVIEW_KEY, Keys
from agent.disk.places import Places
from agent.disk.switch import Switch
from agent.disk.versions import Versions
from agent.errors import BadLinkError, EnrolmentRefusedError, NoStudyError, RefreshRefusedError, UnreachableError
from agent.net.collector import Collector, Refused, Unreachable
from agent.net.renewal import cited, ledger_of, renew
from schemas import age
from schemas.base import SchemaError, digest, unbase64url
from schemas.policy import Policy
from schemas.receipt import Receipt
from schemas.signed import SignedDocument, fingerprint, public_bytes, public_key_text, sign, verify
from schemas.study import DeviceRegistration, StudyManifest
from schemas.wire import StudyReply

SEED_BYTES = 32
PSEUDONYM_BYTES = 10
"""80 random bits: no two participants of a study will ever share a pseudonym."""
KEY_CHARS = 43
MIN_CODE_CHARS, MAX_CODE_CHARS = 16, 100
"""As :class:`schemas.wire.EnrolRequest` has it: a link that was cut off is told as such before anything is sent."""
Entropy = Callable[[int], bytes]


@dataclass(frozen=True)
class Link:
    """An enrolment link taken apart."""

    collector: str
    code: str
    organisation_key: str


def parse_link(text: str) -> Link:
    """Take a link apart.

    Raises:
        BadLinkError: it is not one.
    """
    try:
        parts = urlsplit(text.strip())
        _ = parts.port  # out of range raises
    except ValueError:
        raise BadLinkError("this is not an enrolment link") from None
    code, dot, key = parts.fragment.rpartition(".")
    whole = bool(dot) and MIN_CODE_CHARS <= len(code) <= MAX_CODE_CHARS and len(key) == KEY_CHARS
    if parts.scheme not in ("https", "http") or not parts.netloc or not whole:
        raise BadLinkError("this is not an enrolment link")
    try:
        unbase64url(key)
    except SchemaError:
        raise BadLinkError("the link's key is damaged") from None
    return Link(urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", "")), code, key)


def enrol(link: Link, places: Places, keys: Keys, entropy: Entropy, now_s: Callable[[], float]) -> Asked:
    """Register this device. Capture stays off: only the person's own yes can start it.

    The device's keys are kept before the code is spent, so that a lost answer can be asked for again.

    Raises:
        UnreachableError, EnrolmentRefusedError, BadLinkError: as their names say; nothing was changed but unused keys.
    """
    places.make()
    Switch(places.switch).preallocate()
    try:
        collector = Collector(link.collector, None, now_s=now_s, entropy=entropy)
    except ValueError as error:
        raise BadLinkError(str(error)) from None
    try:
        reply = collector.study()
        manifest = _manifest(reply, link)  # before the code is spent
        registration, review = _register(manifest, keys, entropy)
        receipt = collector.enrol(link.code, registration)
        _check_receipt(receipt, reply, registration)
        enrolment = _enrolment(reply, registration, review, link)
        asked = enrolment.asked()
    except Unreachable as error:
        raise UnreachableError(f"the collector at {link.collector} cannot be reached ({error})") from None
    except Refused as error:
        raise EnrolmentRefusedError(error.refusal.detail, error.refusal.remedy) from None
    except SchemaError as error:
        raise EnrolmentRefusedError(f"the study does not fit the link: {error}") from None
    finally:
        collector.close()
    try:
        save_enrolment(places.enrolment, _following(places, enrolment))
    except SchemaError as error:
        raise RefreshRefusedError(str(error)) from None
    Versions(places.versions).note(asked, enrolment.organisation_key)
    return asked


def refresh(places: Places, entropy: Entropy, now_s: Callable[[], float]) -> tuple[Asked, Difference]:
    """Fetch the study and its policy again, and keep them if the pinned organisation signed them and they are no older.

    Returns:
        What is asked about now, and what changed for a consent in force.

    Raises:
        NoStudyError, UnreachableError, RefreshRefusedError: as their names say; nothing was changed.
    """
    enrolment = _load(places)
    if enrolment is None:
        raise NoStudyError("this machine takes part in no study")
    try:
        _, asked = renew(places, enrolment, entropy, now_s)
    except Unreachable as error:
        raise UnreachableError(f"the collector at {enrolment.collector} cannot be reached ({error})") from None
    except Refused as error:
        raise RefreshRefusedError(error.refusal.detail, error.refusal.remedy) from None
    except SchemaError as error:
        raise RefreshRefusedError(str(error), error.remedy) from None
    last = latest(ledger_of(places, enrolment))
    return asked, asked.since(last) if last is not None and last.valid else Difference()


def _load(places: Places) -> Enrolment | None:
    try:
        return load_enrolment(places.enrolment)
    except SchemaError:
        return None


def _following(places: Places, enrolment: Enrolment) -> Enrolment:
    """An enrolment that keeps what an earlier one in the same study, by the same key, knew; never an older version."""
    before = _load(places)
    if before is None or before.registration.digest != enrolment.registration.digest:
        return enrolment
    if before.organisation_key != enrolment.organisation_key:
        return enrolment
    after = before.succeeded(enrolment.manifest, enrolment.policy, cited(places, before))
    return enrolment.model_copy(update={"earlier": after.earlier})


def _manifest(reply: StudyReply, link: Link) -> StudyManifest:
    """The study, if the link's organisation signed it and the policy, and its recipients are who it says."""
    raw = unbase64url(link.organisation_key)
    trusted = {fingerprint(raw): raw}
    verify(reply.policy, Policy, trusted)
    manifest = verify(reply.manifest, StudyManifest, trusted)
    recipients_of(manifest)
    return manifest


def _register(manifest: StudyManifest, keys: Keys, entropy: Entropy) -> tuple[SignedDocument, age.Recipient]:
    try:
        key = Ed25519PrivateKey.from_private_bytes(_seed(keys, DEVICE_KEY, entropy))
        review = age.Identity.from_seed(_seed(keys, REVIEW_KEY, entropy)).recipient
    except OSError as error:
        raise EnrolmentRefusedError(f"the device's keys cannot be kept: {error}", "unlock your keyring") from None
    public = public_bytes(key)
    registration = DeviceRegistration(
        study=manifest.study,
        participant=f"p-{digest(public)[: 2 * PSEUDONYM_BYTES]}",
        device=fingerprint(public),
        public_key=public_key_text(key),
        review_fingerprint=review.fingerprint,
    )
    return sign(registration, key), review


def _seed(keys: Keys, name: str, entropy: Entropy) -> bytes:
    """The secret of this name; made now if there is none, and kept before it is used."""
    seed = keys.get(name)
    if seed is None:
        seed = entropy(SEED_BYTES)
        keys.put(name, seed)
    return seed


def _check_receipt(receipt: SignedDocument, reply: StudyReply, registration: SignedDocument) -> None:
    raw = unbase64url(reply.collector_key)
    if verify(receipt, Receipt, {fingerprint(raw): raw}).subject != registration.digest:
        raise SchemaError("the receipt is for another registration")


def _enrolment(reply: StudyReply, registration: SignedDocument, review: age.Recipient, link: Link) -> Enrolment:
    return Enrolment(
        manifest=reply.manifest,
        policy=reply.policy,
        registration=registration,
        review_recipient=str(review),
        organisation_key=link.organisation_key,
        collector=link.collector,
        collector_key=reply.collector_key,
    )
