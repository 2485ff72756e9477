"""The transparency log's entries: commitments that tell nothing to whoever has not got their opening. Pure.

An entry is 32 bytes, SHA-256 over four lines: ``overt-log/v1``, kind, subject, salt. With 32 random bytes of salt
nobody can find out by trying what it stands for, not even whether it is a consent or nothing at all: the log is filled
up with random entries, so that its growth does not tell how much happened either. Kind, subject and salt together are
the opening. It is given to those who may know of the subject anyway, and whoever has it can check the entry's place.
"""

import hashlib
from enum import StrEnum

from schemas.base import MAX_INTEGER, Bytes32, Digest, Document, Sensitivity, note, unbase64url
from schemas.merkle import HASH_BYTES, ProofError
from schemas.wire import MAX_PAGE_ROWS

ENTRY_BYTES = HASH_BYTES
_CONTEXT = b"overt-log/v1"
_LENGTH_BYTES = 2


class LogKind(StrEnum):
    """What an entry commits to. The subject is a digest, of what is said behind each."""

    MANIFEST = "manifest"  # the signed study manifest
    POLICY = "policy"  # the signed policy
    ROLES = "roles"  # the signed list of roles
    CODES = "codes"  # the signed list of codes' digests
    CONSENT = "consent"  # the signed consent record
    PULL = "pull"  # `schemas.access.Pulled`
    ERASURE = "erasure"  # the signed erasure request
    RETENTION = "retention"  # `schemas.feed.FeedEntry` of an erasure because the notice's time was over
    SWEEP = "sweep"  # the signed sweep receipt
    KEY = "key"  # the signed change of a device's key


class Opening(Document):
    """What an entry stands for, and where it is."""

    cursor: int = note("position in the list that this came from", ge=1)
    kind: LogKind = note("what it commits to", sensitivity=Sensitivity.BEHAVIOUR)
    subject: Digest = note("its digest", sensitivity=Sensitivity.PSEUDONYM)
    salt: Bytes32 = note("32 random bytes, base64url")
    position: int | None = note(
        "its place in the log, from 0; absent until the log is next extended", default=None, ge=0, le=MAX_INTEGER
    )


class OpeningPage(Document):
    """``GET /v1/log/openings…?after=CURSOR&limit=N``."""

    rows: tuple[Opening, ...] = note("in order of the cursor", max_length=MAX_PAGE_ROWS)
    next: int | None = note("pass as `after` for more; absent at the end", default=None)
    merge_s: int = note("seconds within which a new entry gets its place", unit="s", ge=1)


def commitment(kind: LogKind, subject: str, salt: bytes) -> bytes:
    """The entry for a subject (its digest in hexadecimal)."""
    return hashlib.sha256(b"\n".join((_CONTEXT, kind.value.encode(), subject.encode(), salt))).digest()


def entry_of(opening: Opening) -> bytes:
    """The entry that an opening opens."""
    return commitment(opening.kind, opening.subject, unbase64url(opening.salt))


def pack_entries(entries: bytes) -> bytes:
    """Entries, one after the other, as C2SP's bundles spell them: each with its length before it."""
    pieces = (entries[i : i + ENTRY_BYTES] for i in range(0, len(entries), ENTRY_BYTES))
    return b"".join(len(piece).to_bytes(_LENGTH_BYTES, "big") + piece for piece in pieces)


def unpack_entries(bundle: bytes) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        ProofError: it is cut off, or holds an entry that is none of ours.
    """
    step = _LENGTH_BYTES + ENTRY_BYTES
    pieces = [bundle[i : i + step] for i in range(0, len(bundle), step)]
    head = ENTRY_BYTES.to_bytes(_LENGTH_BYTES, "big")
    if any(len(piece) != step or not piece.startswith(head) for piece in pieces):
        raise ProofError("a bundle of the log's entries is damaged")
    return [piece[_LENGTH_BYTES:] for piece in pieces]
