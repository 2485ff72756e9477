"""What a pulled folder's documents come to: trust, listing, age; and whose key they are believed by."""

from pathlib import Path

from research import keys
from research.errors import InputError
from research.folder import Folder
from research.trust import Trust, establish
from schemas.base import SchemaError, unbase64url

KEY_BYTES = 32


def organisation_key(text: str) -> bytes:
    """The raw public key of an organisation.

    Raises:
        InputError: not 32 bytes in base64url.
    """
    try:
        raw = unbase64url(text)
    except SchemaError:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise InputError(
            "--organisation is not a public key", "It has 43 characters; `overt-admin init` printed it, IT knows it."
        )
    return raw


def trust(folder: Folder, organisation: str | None, home: Path) -> Trust:
    """What may be relied on, from a folder's documents. Raises: NotEnrolledError, InputError."""
    text = organisation if organisation is not None else keys.load_pin(home).organisation
    return establish(folder.ledger(), folder.study(), organisation_key(text))


def listed(folder: Folder) -> list[str] | None:
    """Digests that the collector listed and has not erased; None if that is not known. Raises: InputError."""
    listing = folder.listing()
    return None if listing is None else [row.digest for row in listing.rows if not row.erased]


def fetched(folder: Folder) -> int | None:
    """When the folder was pulled, Unix seconds; None if it does not tell. Raises: InputError."""
    listing = folder.listing()
    return listing.fetched if listing else None
