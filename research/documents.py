"""What a pulled folder's documents come to: trust, listing, age; and whose key they are believed by."""

from pathlib import Path

from research import feed, keys
from research.errors import InputError, NotEnrolledError
from research.folder import Folder
from research.sweep import StaleError, check_fresh
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
    return establish(folder.ledger(), folder.study(), _organisation(organisation, home))


def _organisation(text: str | None, home: Path) -> bytes:
    return organisation_key(text if text is not None else keys.load_pin(home).organisation)


def collector_key(folder: Folder, home: Path) -> bytes:
    """The key that signs checkpoints and the feed: the pinned one, else what the folder says. Raises: InputError."""
    try:
        pinned = keys.load_pin(home).collector_key
    except NotEnrolledError:
        pinned = None
    return unbase64url(pinned or folder.study().collector_key)


def feed_of(folder: Folder, trust: Trust, home: Path) -> feed.Feed | None:
    """The feed that a pull kept, verified. Raises: FeedBrokenError, InputError."""
    return feed.read(folder.root, trust.study or "", collector_key(folder, home))


def check_age(folder: Folder, trust: Trust, home: Path, now_s: int) -> None:
    """Refuse what does not tell what was withdrawn until now.

    Raises:
        StaleError: pulled too long ago, by this machine's clock or by the feed's lease; or there is no feed.
    """
    check_fresh(fetched(folder), now_s)
    found = feed_of(folder, trust, home)
    if found is None:
        raise StaleError("the folder holds no signed feed of what was withdrawn")
    if not feed.is_fresh(found, now_s):
        raise StaleError("the signed feed of what was withdrawn is older than its lease, or some clock is wrong")


def listed(folder: Folder) -> list[str] | None:
    """Digests that the collector listed and has not erased; None if that is not known. Raises: InputError."""
    listing = folder.listing()
    return None if listing is None else [row.digest for row in listing.rows if not row.erased]


def fetched(folder: Folder) -> int | None:
    """When the folder was pulled, Unix seconds; None if it does not tell. Raises: InputError."""
    listing = folder.listing()
    return listing.fetched if listing else None
