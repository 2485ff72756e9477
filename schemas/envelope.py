r"""The envelope: a small signed header in the open, then an age file that only the recipients can read.

Bytes, in order (integers big-endian)::

    "overt-envelope/v1\n"           18 bytes
    length of the header            4 bytes
    header                          canonical JSON (RFC 8785) of EnvelopeHeader
    signature                       64 bytes, Ed25519 by the device over everything before it
    age file                        age v1, mlkem768x25519 recipients, to the end

age says nothing about who sealed a file; the header does: the device's key signs it, and it binds the age file by its
SHA-256. App names, titles and counts are inside the age file. The digest of an envelope is the SHA-256 of all of its
bytes, so ``sha256sum`` checks a chain.
"""

import struct
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct
from pydantic import ValidationError, field_validator

from schemas.base import MAX_INTEGER, Digest, Document, SchemaError, Sensitivity, Slug, canonical, digest, note
from schemas.signed import brief, fingerprint, public_bytes

MAGIC = b"overt-envelope/v1\n"
SIGNATURE_BYTES = 64
MAX_HEADER_BYTES = 8192
"""Bytes. Twenty recipients' fingerprints take 1,400; the rest is room for later versions."""
MAX_ENVELOPE_BYTES = 64 << 20
"""Bytes. A batch closes at 8 MiB; the collector holds a few in memory at once."""
MAX_RECIPIENTS = 20
"""As many as one person can be asked to read in a notice."""
HOUR_S = 3600
"""Seconds: how coarsely the header tells time. Finer would tell the collector when somebody works."""

_LENGTH = struct.Struct(">I")


class EnvelopeError(SchemaError):
    """Bytes that are not an intact envelope."""

    remedy = "Fetch it again; if it stays so, report its digest to the study's owner."


class EnvelopeHeader(Document):
    """All that the collector learns of a batch."""

    version: Literal[1] = note("format of this header")
    study: Slug = note("the study")
    device: Digest = note(
        "device pseudonym: fingerprint of the key that the device made for this study",
        sensitivity=Sensitivity.PSEUDONYM,
    )
    sequence: int = note(
        "batches of this device, counted from 0", sensitivity=Sensitivity.BEHAVIOUR, ge=0, le=MAX_INTEGER
    )
    previous: Digest | None = note("digest of the batch before; absent in the first", default=None)
    consent: Digest = note("consent record in force", sensitivity=Sensitivity.PSEUDONYM)
    policy: Digest = note("policy in force")
    notice: Digest = note("notice that was agreed to")
    recipients: tuple[Digest, ...] = note(
        "fingerprints of the age recipients, sorted", min_length=1, max_length=MAX_RECIPIENTS
    )
    payload_sha256: Digest = note("SHA-256 of the age file")
    payload_bytes: int = note("its length", unit="byte", ge=1, le=MAX_ENVELOPE_BYTES)
    sealed_hour: int = note(
        "Unix time of the newest event, rounded down to the hour",
        unit="s",
        sensitivity=Sensitivity.BEHAVIOUR,
        ge=0,
        le=MAX_INTEGER,
    )

    @field_validator("recipients")
    @classmethod
    def _sorted_and_distinct(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if list(value) != sorted(set(value)):
            raise ValueError("must be sorted and distinct")
        return value

    @field_validator("sealed_hour")
    @classmethod
    def _whole_hour(cls, value: int) -> int:
        if value % HOUR_S:
            raise ValueError("must be a whole hour")
        return value


class Envelope(Struct, frozen=True):
    """An envelope taken apart. ``signature`` is not verified until :func:`verify` says so."""

    header: EnvelopeHeader
    signed: bytes  # magic, length and header: what the signature covers
    signature: bytes
    payload: bytes  # the age file

    def to_bytes(self) -> bytes:
        """The bytes that are stored and sent."""
        return self.signed + self.signature + self.payload

    @property
    def digest(self) -> str:
        """SHA-256 of the whole envelope."""
        return digest(self.to_bytes())


def build(header: EnvelopeHeader, payload: bytes, key: Ed25519PrivateKey) -> Envelope:
    """Sign a header over the age file that it describes.

    Raises:
        EnvelopeError: header and payload or key do not belong together. That is a programming error upstream, caught
            here because what leaves is irrevocable.
    """
    if header.payload_sha256 != digest(payload) or header.payload_bytes != len(payload):
        raise EnvelopeError("header does not describe this payload")
    if header.device != fingerprint(public_bytes(key)):
        raise EnvelopeError("header names another device than the one that signs")
    body = canonical(header)
    if len(body) > MAX_HEADER_BYTES:
        raise EnvelopeError("header is too large")
    signed = MAGIC + _LENGTH.pack(len(body)) + body
    return Envelope(header, signed, key.sign(signed), payload)


def parse(data: bytes) -> Envelope:
    """Take an envelope apart and check that header and age file belong together.

    Raises:
        EnvelopeError: not an envelope, truncated, oversized, padded, or the age file is not the one that was signed.
    """
    if len(data) > MAX_ENVELOPE_BYTES:
        raise EnvelopeError("envelope is too large")
    header, end = parse_head(data)
    signed, signature = data[: end - SIGNATURE_BYTES], data[end - SIGNATURE_BYTES : end]
    payload = data[end:]
    if len(payload) != header.payload_bytes:
        raise EnvelopeError("envelope is truncated or has bytes too many")
    if digest(payload) != header.payload_sha256:
        raise EnvelopeError("payload is not the one that was signed")
    return Envelope(header, signed, signature, payload)


def parse_head(data: bytes) -> tuple[EnvelopeHeader, int]:
    """The header, and the offset at which the age file begins. Needs only the first bytes of an envelope.

    Raises:
        EnvelopeError: as :func:`parse`.
    """
    start = len(MAGIC) + _LENGTH.size
    if data[: len(MAGIC)] != MAGIC or len(data) < start:
        raise EnvelopeError("not an envelope of version 1")
    (length,) = _LENGTH.unpack_from(data, len(MAGIC))
    end = start + length + SIGNATURE_BYTES
    if length > MAX_HEADER_BYTES or len(data) < end:
        raise EnvelopeError("header is truncated or too large")
    body = data[start : start + length]
    try:
        header = EnvelopeHeader.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise EnvelopeError(f"header: {brief(error)}") from None
    if canonical(header) != body:
        raise EnvelopeError("header is not in its one canonical spelling")
    return header, end


def verify(envelope: Envelope, public_key: bytes) -> None:
    """Check that the device which the header names signed it.

    Raises:
        EnvelopeError: another key, or a signature that does not fit.
    """
    if fingerprint(public_key) != envelope.header.device:
        raise EnvelopeError("key belongs to another device")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(envelope.signature, envelope.signed)
    except (InvalidSignature, ValueError):
        raise EnvelopeError("signature does not fit") from None
