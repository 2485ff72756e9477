"""A batch to an envelope: pack, encrypt to the study and to the person's own review key, sign. Only writes."""

from collections.abc import Callable, Iterable
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from agent.core.batch import Batch
from agent.core.note import note_of, packed
from schemas import age
from schemas.base import SchemaError, digest
from schemas.envelope import HOUR_S, Envelope, EnvelopeHeader, build
from schemas.payload import Payload, pack
from schemas.signed import fingerprint, public_bytes
from schemas.study import StudyManifest

SECOND_NS = 1_000_000_000


_parsed = lru_cache(maxsize=64)(age.Recipient.parse)


class Link(Struct, frozen=True):
    """Where the device's chain stands: the next sequence, and the digest of the envelope before."""

    sequence: int
    previous: str | None


def recipients_of(manifest: StudyManifest) -> list[age.Recipient]:
    """The researchers' recipients, each the one whose fingerprint the notice shows.

    Raises:
        SchemaError: a recipient is damaged, or is not the one that was shown.
    """
    found = []
    for researcher in manifest.researchers:
        try:
            recipient = _parsed(researcher.recipient)
        except age.AgeError:
            raise SchemaError("a researcher's recipient is damaged") from None
        if recipient.fingerprint != researcher.recipient_fingerprint:
            raise SchemaError("a researcher's recipient is not the one that the notice shows")
        found.append(recipient)
    return found


class Sealer:
    """Seals batches of one study on one device.

    Args:
        study: the study's name.
        key: the device's signing key.
        review: the person's own recipient. The researchers who can read too come with each batch: who they are is part
            of what it was captured under.
        entropy: gives so many random bytes.
    """

    def __init__(
        self,
        study: str,
        key: Ed25519PrivateKey,
        review: age.Recipient,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._study = study
        self._key = key
        self._review = review
        self._entropy = entropy

    def seal(self, batch: Batch, link: Link) -> Envelope:
        """The signed envelope of a batch, as the next link of the chain.

        Its hour is that of the newest event: a batch that waits for a full disk is not dated to when consent may have
        ended.

        Raises:
            AgeError: a reader's recipient is damaged.
        """
        newest_s = max(event.wall_ns for event in batch.payload.events) // SECOND_NS
        recipients = [*map(_parsed, batch.authority.readers), self._review]
        payload = age.seal(pack(batch.payload), recipients, self._entropy)
        header = EnvelopeHeader(
            version=1,
            study=self._study,
            device=fingerprint(public_bytes(self._key)),
            sequence=link.sequence,
            previous=link.previous,
            consent=batch.authority.consent,
            policy=batch.authority.policy,
            notice=batch.authority.notice,
            recipients=tuple(sorted(r.fingerprint for r in recipients)),
            payload_sha256=digest(payload),
            payload_bytes=len(payload),
            sealed_hour=newest_s - newest_s % HOUR_S,
        )
        return build(header, payload, self._key)

    def reseal(self, old: EnvelopeHeader, payload: Payload, previous: str | None, readers: Iterable[str]) -> Envelope:
        """Another content in a batch's place, for exactly those for whom it was sealed, at the hour that it had.

        Args:
            old: header of the batch whose place it takes.
            payload: the content.
            previous: digest of the batch before.
            readers: age recipients, among them the researchers whom the old header names.

        Raises:
            SchemaError: somebody whom the old header names is not among the readers.
        """
        sealed = seal_again(old, payload, [*map(_parsed, readers), self._review], self._entropy)
        return self.rebind(old, sealed, previous)

    def rebind(self, old: EnvelopeHeader, sealed: bytes, previous: str | None) -> Envelope:
        """An age file that was sealed for the same readers, in a batch's place."""
        changed = {"previous": previous, "payload_sha256": digest(sealed), "payload_bytes": len(sealed)}
        return build(old.model_copy(update=changed), sealed, self._key)

    def note(self, payload: Payload) -> bytes:
        """What the person alone may know later of a batch, sealed to them."""
        return seal_note(payload, self._review, self._entropy)

    def relink(self, old: Envelope, previous: str | None) -> Envelope:
        """The same sealed content behind another batch."""
        return build(old.header.model_copy(update={"previous": previous}), old.payload, self._key)


def seal_again(
    old: EnvelopeHeader, payload: Payload, known: Iterable[age.Recipient], entropy: Callable[[int], bytes]
) -> bytes:
    """An age file with another content, for exactly those for whom a batch was sealed.

    Raises:
        SchemaError: somebody whom the old header names is not known.
    """
    by_name = {r.fingerprint: r for r in known}
    if not by_name.keys() >= set(old.recipients):
        raise SchemaError("not everybody is known for whom the batch was sealed")
    return age.seal(pack(payload), [by_name[name] for name in old.recipients], entropy)


def seal_note(payload: Payload, review: age.Recipient, entropy: Callable[[int], bytes]) -> bytes:
    """The note of a batch, sealed to the person's own review key."""
    return age.seal(packed(note_of(payload)), [review], entropy)
