"""The enrolment on disk: the study and policy as signed, the organisation's key that was pinned, our registration."""

from pathlib import Path

from pydantic import ValidationError

from agent.core.ceremony import Asked
from agent.disk.durable import write_over
from schemas.base import Bytes32, Document, SchemaError, canonical, note, unbase64url
from schemas.policy import Policy
from schemas.signed import SignedDocument, brief, fingerprint, parse_body, verify
from schemas.study import DeviceRegistration, StudyManifest


class Enrolment(Document):
    """Everything that enrolling brought, as it was signed."""

    manifest: SignedDocument = note("StudyManifest")
    policy: SignedDocument = note("Policy")
    registration: SignedDocument = note("DeviceRegistration")
    review_recipient: str = note("the person's own age recipient; its key is for the review program alone")
    organisation_key: Bytes32 = note("the organisation's key, pinned when enrolling")
    collector: str = note("URL of the collector")
    collector_key: Bytes32 = note("key with which the collector signs receipts, pinned when enrolling")

    def asked(self) -> Asked:
        """The documents, their signatures verified.

        Raises:
            SchemaError: a document is not signed by the pinned key, or they are about different studies.
        """
        trusted = _by_fingerprint(self.organisation_key)
        manifest = verify(self.manifest, StudyManifest, trusted)
        policy = verify(self.policy, Policy, trusted)
        registration = self.registered()
        if not manifest.study == policy.study == registration.study:
            raise SchemaError("manifest, policy and registration are about different studies")
        return Asked(
            manifest=manifest,
            manifest_digest=self.manifest.digest,
            policy=policy,
            policy_digest=self.policy.digest,
            registration=registration,
        )

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
