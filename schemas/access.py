"""What the collector tells a participant's own device about itself: who read its batches and why, and what was erased.

Everything here is about the device that asks, and is given to nobody else.
"""

from enum import StrEnum

from schemas.base import MAX_INTEGER, Digest, Document, Sensitivity, canonical, digest, note
from schemas.wire import MAX_PAGE_ROWS, MAX_REASON_CHARS

MAX_LISTED = 1_000
"""Erasures and sweeps in one reply, the newest: more are counted, not listed."""


class Pulled(Document):
    """One reading of one batch. Its canonical bytes are what the transparency log holds a digest of."""

    at_s: int = note("when, Unix time", unit="s", sensitivity=Sensitivity.BEHAVIOUR, ge=0, le=MAX_INTEGER)
    researcher: Digest = note("fingerprint of the key that signed the request")
    reason: str = note("why, in the researcher's own words", max_length=MAX_REASON_CHARS)
    batch: Digest = note("digest of the batch that was read", sensitivity=Sensitivity.PSEUDONYM)


class PullRow(Document):
    """A reading, with the name that goes with its key."""

    cursor: int = note("position in this collector's list of readings", ge=1)
    name: str | None = note("the researcher's name in the newest manifest that has their key", default=None)
    pull: Pulled = note("what was read, by whom, why")


class ErasureState(StrEnum):
    """How far an erasure is."""

    DELETING = "deleting"  # nobody gets the bytes any more, and some may still be on disk
    DELETED = "deleted"


class ErasureCause(StrEnum):
    """Why batches were erased."""

    ASKED = "asked"  # the device asked
    RETENTION = "retention"  # the notice's time was over


class ErasedRow(Document):
    """One erasure."""

    digest: Digest = note("digest of the signed request, or of the retention notice", sensitivity=Sensitivity.PSEUDONYM)
    cause: ErasureCause = note("why")
    state: ErasureState = note("how far it is")
    received_hour: int = note(
        "Unix time from when on nobody got them, rounded down", unit="s", sensitivity=Sensitivity.BEHAVIOUR, ge=0
    )
    batches: int = note("how many batches", sensitivity=Sensitivity.BEHAVIOUR, ge=0)


class SweptRow(Document):
    """A researcher's signed word on withdrawn batches of this device, in numbers.

    The receipt itself names other people's batches too, so only its digest is told; the transparency log holds it.
    """

    digest: Digest = note("digest of the signed receipt")
    researcher: Digest = note("fingerprint of the key that signed it")
    name: str | None = note("their name in the newest manifest that has their key", default=None)
    swept_hour: int = note("when they swept, Unix time rounded down", unit="s", ge=0)
    batches: int = note("of this device's batches, how many the receipt names", sensitivity=Sensitivity.BEHAVIOUR, ge=1)
    residue: int = note("files in which something withdrawn was still found", ge=0)
    trained_on: int = note("recorded training runs that saw withdrawn data", ge=0)


class AccessReply(Document):
    """``GET /v1/access?after=CURSOR&limit=N`` (device). Readings by page, oldest first; the rest comes with each."""

    pulls: tuple[PullRow, ...] = note("readings of this device's batches", max_length=MAX_PAGE_ROWS)
    next: int | None = note("pass as `after` for more; absent at the end", default=None)
    erasures: tuple[ErasedRow, ...] = note("what was erased, newest first", max_length=MAX_LISTED)
    sweeps: tuple[SweptRow, ...] = note("what researchers swept out of exports, newest first", max_length=MAX_LISTED)
    batches: int = note("of this device's batches, how many are stored", sensitivity=Sensitivity.BEHAVIOUR, ge=0)
    stored_bytes: int = note("and their length", unit="byte", sensitivity=Sensitivity.BEHAVIOUR, ge=0)
    wish: str | None = note(
        "`withdraw` or `erase`, as the person asked on their page: nobody gets the batches until the device signs it",
        default=None,
        max_length=20,
    )
    retention_days: int = note("days after which the notice promises erasure", unit="d", ge=1)


class PullPage(Document):
    """``GET /v1/audit/pulls?after=CURSOR&limit=N`` (auditor): readings of all batches, oldest first."""

    pulls: tuple[PullRow, ...] = note("readings", max_length=MAX_PAGE_ROWS)
    next: int | None = note("pass as `after` for more; absent at the end", default=None)


class PageTicket(Document):
    """``POST /v1/page`` (device): where the participant's own page is, with a ticket that works once."""

    path: str = note("path and query below the collector's address", repr=False, pattern=r"^/[!-~]{1,200}$")
    expires_s: int = note("Unix time from when on the ticket does not work", unit="s", ge=0, le=MAX_INTEGER)


def pull_digest(pull: Pulled) -> str:
    """The name under which the transparency log knows a reading."""
    return digest(canonical(pull))
