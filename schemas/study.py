"""The study: who asks, what for, who can read, and the notice in words. Signed by the organisation."""

from collections.abc import Iterable

from pydantic import field_validator, model_validator

from schemas.base import Bytes32, Digest, Document, Sensitivity, Slug, digest, note
from schemas.events import Modality
from schemas.times import Instant


class Party(Document):
    """An organisation or person, in the terms of ISO/IEC TS 27560 (party section)."""

    party_id: str = note("stable identifier", max_length=200)
    party_name: str = note("name", max_length=200)
    party_address: str = note("postal address", max_length=500)
    party_contact: str = note("how to reach them: an e-mail address or a page", max_length=500)
    party_type: str = note("role as a DPV term, such as DataController", max_length=60)


class Researcher(Document):
    """Somebody who can decrypt. Everyone who can is named here, and so in the notice."""

    name: str = note("name, as the notice shows it", min_length=1, max_length=200)
    recipient: str = note("age recipient, age1pq1…", max_length=4000)
    recipient_fingerprint: Digest = note("SHA-256 of the recipient's raw public key")
    signing_key: Bytes32 = note("Ed25519 key with which they sign requests, base64url")


class StudyManifest(Document):
    """Everything that a person must know before they say yes, and that an envelope must fit."""

    study: Slug = note("short stable name")
    version: int = note("counts up with each change", ge=1)
    created: Instant = note("when this version was signed")
    title: str = note("title, for people", min_length=1, max_length=200)
    purpose: str = note("what it is for, in a sentence", min_length=1, max_length=1000)
    controller: Party = note("who is answerable")
    researchers: tuple[Researcher, ...] = note("everybody who can decrypt", min_length=1, max_length=19)
    modalities: tuple[Modality, ...] = note("what may be asked for", min_length=1)
    retention_days: int = note("days after which everything is erased", unit="d", ge=1, le=3650)
    jurisdiction: str = note("law that applies: ISO 3166 code", max_length=10)
    storage_location: str = note("where sealed data lies: ISO 3166 code or region", max_length=60)
    impact_assessment: str = note("where the impact assessment can be read", max_length=500)
    complaints: str = note("where to complain", max_length=500)
    notices: dict[str, str] = note("the notice in Markdown, by language (BCP 47)", min_length=1, max_length=20)
    collector: str = note("URL of the collector", max_length=500)

    @field_validator("notices")
    @classmethod
    def _not_empty(cls, value: dict[str, str]) -> dict[str, str]:
        if not all(text.strip() for text in value.values()):
            raise ValueError("a notice is empty")
        return value

    @model_validator(mode="after")
    def _recipients_distinct(self) -> "StudyManifest":
        prints = [r.recipient_fingerprint for r in self.researchers]
        if len(set(prints)) != len(prints):
            raise ValueError("two researchers have the same recipient")
        return self

    def notice_digest(self, language: str) -> str:
        """Digest of the notice's text in a language."""
        return digest(self.notices[language].encode())

    def recipients(self) -> frozenset[str]:
        """Fingerprints of everybody who can decrypt, the participant's own review key aside."""
        return frozenset(r.recipient_fingerprint for r in self.researchers)


def readers_since(agreed: StudyManifest, published: Iterable[StudyManifest]) -> frozenset[frozenset[str]]:
    """To whom, the review key aside, batches may be sealed under a consent to a manifest.

    Everybody whom that manifest names; or, once a later one names fewer of them, those who are in both. Never anybody
    whom the consent does not name, and never nobody. Agent, collector and research desk all take it from here.
    """
    mine = agreed.recipients()
    later = (m.recipients() & mine for m in published if m.study == agreed.study and m.version >= agreed.version)
    return frozenset(readers for readers in (mine, *later) if readers)


class DeviceRegistration(Document):
    """A device's key for one study, made on the device and signed by itself."""

    study: Slug = note("the study")
    participant: Slug = note("study pseudonym of the person, drawn at random", sensitivity=Sensitivity.PSEUDONYM)
    device: Digest = note("fingerprint of the key", sensitivity=Sensitivity.PSEUDONYM)
    public_key: Bytes32 = note("Ed25519 public key, base64url", sensitivity=Sensitivity.PSEUDONYM)
    review_fingerprint: Digest = note(
        "fingerprint of the age recipient with which the person reads their own batches",
        sensitivity=Sensitivity.PSEUDONYM,
    )


class EnrolmentCodes(Document):
    """One-time codes that an organisation hands out. Only their digests are told to the collector."""

    study: Slug = note("the study")
    issued: Instant = note("when they were made")
    expires: Instant = note("from then on they enrol nobody")
    digests: tuple[Digest, ...] = note("SHA-256 of each code", min_length=1, max_length=10_000)
