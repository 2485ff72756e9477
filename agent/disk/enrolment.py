"""The enrolment on disk: the study and policy as signed, the organisation's key that was pinned, our registration."""

from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from agent.core.ceremony import Asked
from agent.core.seal import recipients_of
from agent.disk.durable import write_over
from schemas.base import Bytes32, Document, SchemaError, canonical, note, unbase64url
from schemas.policy import Policy
from schemas.signed import SignedDocument, brief, fingerprint, media_type, parse_body, verify
from schemas.study import DeviceRegistration, StudyManifest

MAX_EARLIER = 4
"""Documents: the two that a consent names, and the two that were shown last, which an open ceremony may still show."""

D = TypeVar("D", bound=Document)


class RollbackError(SchemaError):
    """A study or policy that is older than the one that is here."""

    remedy = "Ask your organisation why its collector offers an older version; what you agreed to still holds."


class MixedError(SchemaError):
    """A study and a policy, both signed, that do not belong together."""

    remedy = "Try again in a while: your organisation may be publishing the other one just now."


class Enrolment(Document):
    """Everything that enrolling brought, as it was signed."""

    manifest: SignedDocument = note("StudyManifest")
    policy: SignedDocument = note("Policy")
    registration: SignedDocument = note("DeviceRegistration")
    review_recipient: str = note("the person's own age recipient; its key is for the review program alone")
    organisation_key: Bytes32 = note("the organisation's key, pinned when enrolling")
    collector: str = note("URL of the collector")
    collector_key: Bytes32 = note("key with which the collector signs receipts, pinned when enrolling")
    earlier: tuple[SignedDocument, ...] = note(
        "earlier manifests and policies that a consent may name: with them, what changed can be told",
        default=(),
        max_length=MAX_EARLIER,
    )

    def asked(self) -> Asked:
        """The documents, their signatures verified.

        Raises:
            SchemaError: a document is not signed by the pinned key, or they are about different studies.
        """
        trusted = _by_fingerprint(self.organisation_key)
        manifest = verify(self.manifest, StudyManifest, trusted)
        policy = verify(self.policy, Policy, trusted)
        registration = self.registered()
        manifests, policies = _of(self.earlier, StudyManifest, trusted), _of(self.earlier, Policy, trusted)
        for each in (manifest, *manifests.values()):
            recipients_of(each)
        if not manifest.study == policy.study == registration.study:
            raise SchemaError("manifest, policy and registration are about different studies")
        if policy.manifest not in (None, self.manifest.digest):
            raise MixedError("the policy that is offered was signed for another version of the study")
        return Asked(
            manifest=manifest,
            manifest_digest=self.manifest.digest,
            policy=policy,
            policy_digest=self.policy.digest,
            registration=registration,
            manifests=manifests,
            policies=policies,
        )

    def succeeded(self, manifest: SignedDocument, policy: SignedDocument, cited: Collection[str]) -> "Enrolment":
        """The enrolment with newer documents. Kept beside them are those before them, and those that are cited.

        Args:
            manifest: the newer manifest, or the same.
            policy: the newer policy, or the same.
            cited: digests of the documents that a consent in force names.

        Raises:
            RollbackError: one is of an older version than is here, or another document of the same version.
            SchemaError: one is not signed by the pinned key, or is about another study.
        """
        asked = self.asked()
        changed = self.model_copy(update={"manifest": manifest, "policy": policy, "earlier": ()}).asked()
        if changed.manifest.study != asked.manifest.study:
            raise SchemaError("the newer study is another one")
        _check_newer("study", (asked.manifest.version, self.manifest), (changed.manifest.version, manifest))
        _check_newer("policy", (asked.policy.version, self.policy), (changed.policy.version, policy))
        known = {d.digest: d for d in (*self.earlier, self.manifest, self.policy)}
        keep = {*cited, self.manifest.digest, self.policy.digest} - {manifest.digest, policy.digest}
        earlier = tuple(d for name, d in known.items() if name in keep)[-MAX_EARLIER:]
        return self.model_copy(update={"manifest": manifest, "policy": policy, "earlier": earlier})

    def registered(self) -> DeviceRegistration:
        """Our own registration, its signature verified by the key that it names."""
        claimed = parse_body(DeviceRegistration, self.registration.body)
        return verify(self.registration, DeviceRegistration, _by_fingerprint(claimed.public_key))

    @property
    def public_key(self) -> bytes:
        """The device's raw public key."""
        return unbase64url(self.registered().public_key)


def _by_fingerprint(key: str) -> dict[str, bytes]:
    raw = unbase64url(key)
    return {fingerprint(raw): raw}


def _of(documents: Collection[SignedDocument], kind: type[D], trusted: dict[str, bytes]) -> dict[str, D]:
    """The documents of a kind, verified, by digest."""
    return {d.digest: verify(d, kind, trusted) for d in documents if d.payloadType == media_type(kind)}


def _check_newer(what: str, here: tuple[int, SignedDocument], there: tuple[int, SignedDocument]) -> None:
    if there[0] < here[0]:
        raise RollbackError(f"the {what} that is offered has version {there[0]}; version {here[0]} is here already")
    if there[0] == here[0] and there[1].digest != here[1].digest:
        raise RollbackError(f"the {what} that is offered is another one than is here, under the same version")


def load_enrolment(path: Path) -> Enrolment | None:
    """The enrolment, or ``None`` if this machine is not enrolled.

    Raises:
        SchemaError: the file is damaged.
    """
    try:
        return Enrolment.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise SchemaError(f"enrolment file: {brief(error)}") from None


def save_enrolment(path: Path, enrolment: Enrolment) -> None:
    """Keep an enrolment durably."""
    write_over(path, canonical(enrolment))
