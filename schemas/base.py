"""The ground that every schema stands on: strict models, field notes, digests, canonical JSON, times.

Every published field carries three notes, which land in the JSON Schema: its meaning (``description``), its unit
(``x-unit``) and its sensitivity (``x-sensitivity``, see :class:`Sensitivity`).
"""

import base64
import hashlib
from typing import Annotated, Any

import rfc8785
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from schemas.sensitivity import Sensitivity as Sensitivity  # noqa: PLC0414  # of every model's notes

SCHEMA_BASE = "https://overt.example/schemas/v1/"
"""Prefix of every published schema's ``$id``. It names, it is never fetched."""


MAX_INTEGER = 2**53 - 1
"""The largest whole number that every JSON reader tells exactly (RFC 8785 §3.2.2.3)."""


class SchemaError(ValueError):
    """Bytes from outside that are not what they claim to be. Never carries those bytes."""

    remedy = "Ask whoever sent this document for an intact one."


class Document(BaseModel):
    """A frozen document: unknown fields are refused, and bytes from outside are read without coercion.

    The readers of this package (:func:`schemas.signed.parse_body` and the like) validate strictly: a number written as
    a text, say, is refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


def note(
    meaning: str,
    *,
    unit: str = "1",
    sensitivity: Sensitivity = Sensitivity.PUBLIC,
    **constraints: Any,
) -> Any:
    """A pydantic field with its meaning, unit (UCUM where one exists, ``1`` for none) and sensitivity."""
    extra: dict[str, Any] = {"x-unit": unit, "x-sensitivity": sensitivity.value}
    return Field(description=meaning, json_schema_extra=extra, **constraints)


Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 (FIPS 180-4) in lower-case hexadecimal."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$")]
"""A short stable name: lower-case letters, digits, dots and hyphens; 1 to 64 characters."""


def _is_base64url(text: str) -> str:
    unbase64url(text)
    return text


Bytes32 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$"), AfterValidator(_is_base64url)]
"""32 bytes in unpadded base64url (RFC 4648 §5)."""


def base64url(data: bytes) -> str:
    """Unpadded base64url (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unbase64url(text: str) -> bytes:
    """The bytes of an unpadded base64url text.

    Raises:
        SchemaError: not base64url, padded, or with bits set that no byte uses (a second spelling of the same bytes).
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise SchemaError("not base64url") from None
    if base64url(data) != text:
        raise SchemaError("base64url is not in its one canonical spelling")
    return data


def digest(data: bytes) -> str:
    """SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def canonical(document: BaseModel) -> bytes:
    """The one byte string that stands for a document: JSON Canonicalization Scheme (RFC 8785).

    Fields that are ``None`` are left out, so that adding an optional field later changes no old digest.

    Raises:
        SchemaError: it holds a number beyond :data:`MAX_INTEGER`.
    """
    try:
        return rfc8785.dumps(document.model_dump(mode="json", by_alias=True, exclude_none=True))
    except rfc8785.CanonicalizationError:
        raise SchemaError("document holds a number that has no canonical spelling") from None
