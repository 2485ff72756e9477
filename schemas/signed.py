"""Signed documents: DSSE envelopes (Dead Simple Signing Envelope, v1.0.2) with Ed25519 (RFC 8032).

DSSE signs bytes together with their type, so nothing has to be canonicalised to be checked, and a document of one type
can never be passed off as another. The digest of a signed document is the SHA-256 of its payload bytes.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ValidationError

from schemas.base import (
    Bytes32,
    Digest,
    Document,
    SchemaError,
    base64url,
    canonical,
    digest,
    note,
    unbase64url,
)
from schemas.policy_keys import refusal

MAX_SIGNED_BYTES = 1 << 20
"""Largest signed document, bytes: a manifest with notices in twenty languages is below 200 KiB."""

MAX_SIGNATURES = 8
"""A document is signed by one key, two while a key is being rotated; more would only cost checking time."""

D = TypeVar("D", bound=Document)


class SignatureError(SchemaError):
    """The document is not signed by a key that this reader trusts."""

    remedy = "Compare the key's fingerprint with the one that your organisation published."


class Signature(Document):
    """One signature of a signed document."""

    keyid: Digest = note("fingerprint of the public key: SHA-256 of its 32 raw bytes")
    sig: str = note("Ed25519 signature of DSSE's PAE, base64url", min_length=86, max_length=86)


class SignedDocument(Document):
    """A payload, its type and who signed it."""

    payloadType: str = note("media type of the payload", max_length=100)  # noqa: N815  # DSSE's own spelling
    payload: str = note("the payload's bytes, base64url", max_length=MAX_SIGNED_BYTES * 4 // 3 + 4)
    signatures: tuple[Signature, ...] = note("who signed", min_length=1, max_length=MAX_SIGNATURES)

    @property
    def body(self) -> bytes:
        """The payload's bytes, not yet verified."""
        return unbase64url(self.payload)

    @property
    def digest(self) -> str:
        """SHA-256 of the payload's bytes: the name by which batches and ledgers cite this document."""
        return digest(self.body)

    def to_bytes(self) -> bytes:
        """The form in which it is stored and sent."""
        return canonical(self)


def media_type(document: type[Document]) -> str:
    """The payload type of a document class: ``application/vnd.overt.consent-record.v1+json`` and the like."""
    name = "".join(f"-{c.lower()}" if c.isupper() else c for c in document.__name__).lstrip("-")
    return f"application/vnd.overt.{name}.v1+json"


def fingerprint(public_key: bytes) -> str:
    """SHA-256 of a raw public key, lower-case hexadecimal."""
    return digest(public_key)


def public_bytes(key: Ed25519PrivateKey | Ed25519PublicKey) -> bytes:
    """The 32 raw bytes of a key's public half."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes_raw()


def public_key_text(key: Ed25519PrivateKey | Ed25519PublicKey) -> Bytes32:
    """A key's public half as documents spell it."""
    return base64url(public_bytes(key))


def _pae(payload_type: str, payload: bytes) -> bytes:
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign(document: Document, key: Ed25519PrivateKey) -> SignedDocument:
    """Sign a document's canonical bytes.

    Raises:
        SchemaError: the document is larger than :data:`MAX_SIGNED_BYTES`.
    """
    body = canonical(document)
    if len(body) > MAX_SIGNED_BYTES:
        raise SchemaError("document is too large to sign")
    kind = media_type(type(document))
    signature = Signature(keyid=fingerprint(public_bytes(key)), sig=base64url(key.sign(_pae(kind, body))))
    return SignedDocument(payloadType=kind, payload=base64url(body), signatures=(signature,))


def parse_signed(data: bytes) -> SignedDocument:
    """Read a signed document's outer form. Nothing in it is verified yet.

    Raises:
        SchemaError: too large, or not a signed document.
    """
    if len(data) > 2 * MAX_SIGNED_BYTES:
        raise SchemaError("signed document is too large")
    try:
        return SignedDocument.model_validate_json(data, strict=True)
    except ValidationError as error:
        raise SchemaError(f"not a signed document: {brief(error)}") from None


def verify(signed: SignedDocument, expected: type[D], keys: Mapping[str, bytes]) -> D:
    """The document, if a trusted key signed it as what it is taken for.

    Args:
        signed: what came from outside.
        expected: the document class that the caller wants.
        keys: trusted raw public keys by fingerprint.

    Raises:
        SignatureError: wrong type, no trusted key, or a signature that does not fit.
        SchemaError: well signed, but not a document of this version's schema.
    """
    if signed.payloadType != media_type(expected):
        raise SignatureError(f"expected a {expected.__name__}, got another type of document")
    body = signed.body
    if not any(_fits(s, signed.payloadType, body, keys) for s in signed.signatures):
        raise SignatureError(f"{expected.__name__} is not signed by a trusted key")
    return parse_body(expected, body)


def parse_body(expected: type[D], body: bytes) -> D:
    """Read a document's own bytes, whose origin the caller has verified.

    Raises:
        SchemaError: not a document of this class.
    """
    try:
        return expected.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise SchemaError(f"not a {expected.__name__}: {brief(error)}") from None


def _fits(signature: Signature, kind: str, body: bytes, keys: Mapping[str, bytes]) -> bool:
    raw = keys.get(signature.keyid)
    if raw is None or fingerprint(raw) != signature.keyid:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(unbase64url(signature.sig), _pae(kind, body))
    except (InvalidSignature, ValueError):
        return False
    return True


def brief(error: ValidationError) -> str:
    """Where a document is wrong and how, without any of its values; names that no schema has are shown as ``?``.

    A key that no document will ever have is told first, with the reason.
    """
    found = error.errors(include_input=False, include_url=False, include_context=False)
    unknown = (e["loc"][-1] for e in found if e["type"] == "extra_forbidden")
    if why := next((why for name in unknown if (why := refusal(str(name)))), None):
        return why
    first = found[0]
    known = frozenset(_field_names(Document))
    where = ".".join(str(p) if isinstance(p, int) or p in known else "?" for p in first["loc"]) or "document"
    return f"{where}: {first['msg']}"


def _field_names(model: type[Document]) -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield info.alias or name
    for further in model.__subclasses__():
        yield from _field_names(further)
