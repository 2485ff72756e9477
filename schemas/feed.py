"""The feed of erasures: what may not be used any more, in order, signed, and good for a limited time only (a lease).

Each entry's head is the digest of the head before and of the entry, so that whoever remembers a number and its head
notices when something that was told once is missing or changed later. The page is signed with the key of the
collector's receipts. A reader whose newest page is older than its lease does not know what was withdrawn meanwhile, and
must not go on (fail closed).
"""

import hashlib
from collections.abc import Iterable
from typing import Literal

from schemas.access import ErasureCause
from schemas.base import MAX_INTEGER, Digest, Document, SchemaError, Sensitivity, Slug, canonical, note
from schemas.erasure import MAX_ERASED
from schemas.merkle import ProofError

FEED_LEASE_S = 24 * 3600
"""Seconds for which a page counts: withdrawals reach whoever reads within a day, or reading stops."""
MAX_FEED_ENTRIES = 200
"""Entries of one page."""
MAX_FEED_BATCHES = 4_000
"""Batches that the entries of one page name together, one entry aside: about 400 KiB."""
FIRST_HEAD = "0" * 64
"""The head before the first entry."""
CLOCK_SKEW_S = 300
"""Seconds that the reader's clock may be behind the collector's."""


class StaleFeedError(SchemaError):
    """The feed is too old to go by."""

    remedy = "Fetch the feed again: what participants withdrew in the meantime has to be known first."


class GoneBatch(Document):
    """A batch that may not be used any more."""

    sequence: int = note("its place in the device's chain", sensitivity=Sensitivity.BEHAVIOUR, ge=0, le=MAX_INTEGER)
    digest: Digest = note("digest of its envelope", sensitivity=Sensitivity.PSEUDONYM)


class FeedEntry(Document):
    """One erasure."""

    number: int = note("place in the feed, from 1", ge=1, le=MAX_INTEGER)
    cause: ErasureCause = note("why")
    device: Digest = note("who sealed the batches", sensitivity=Sensitivity.PSEUDONYM)
    hour: int = note("Unix time, rounded down to the hour", unit="s", sensitivity=Sensitivity.BEHAVIOUR, ge=0)
    request: Digest | None = note("digest of the device's signed request; absent for the notice's time", default=None)
    batches: tuple[GoneBatch, ...] = note("what is gone", min_length=1, max_length=MAX_ERASED)


class FeedPage(Document):
    """``GET /v1/feed?after=NUMBER`` (researcher). Signed by the collector."""

    version: Literal[1] = note("format of this document")
    study: Slug = note("the study")
    after: int = note("number of the last entry before this page", ge=0)
    before: Digest = note("head after that entry")
    entries: tuple[FeedEntry, ...] = note("in order", max_length=MAX_FEED_ENTRIES)
    total: int = note("number of the newest entry of the feed", ge=0)
    head: Digest = note("head after the newest entry of the feed")
    checkpoint: str = note("newest checkpoint of the transparency log (C2SP signed note)", max_length=4096)
    issued_s: int = note("Unix time at which it was signed", unit="s", ge=0, le=MAX_INTEGER)
    lease_s: int = note("seconds for which it counts", unit="s", ge=1)


def next_head(head: str, entry: FeedEntry) -> str:
    """The head after one more entry."""
    return hashlib.sha256(head.encode() + b"\n" + canonical(entry)).hexdigest()


def head_after(page: FeedPage) -> str:
    """The head after a page's entries, which must follow each other.

    Raises:
        ProofError: they do not, or a page that is the last one does not end in the feed's head.
    """
    head = _follow(page.before, page.after, page.entries)
    last = page.after + len(page.entries)
    if last > page.total or (last == page.total and head != page.head):
        raise ProofError("the feed's page does not lead to its head")
    return head


def check_lease(page: FeedPage, now_s: float) -> None:
    """Refuse a page that does not count any more, or not yet.

    Raises:
        StaleFeedError: issued too long ago, or in the future.
    """
    age = now_s - page.issued_s
    if not -CLOCK_SKEW_S <= age <= page.lease_s:
        raise StaleFeedError("the feed of erasures is older than its lease, or some clock is wrong")


def _follow(head: str, number: int, entries: Iterable[FeedEntry]) -> str:
    for entry in entries:
        number += 1
        if entry.number != number:
            raise ProofError("an entry of the feed is missing")
        head = next_head(head, entry)
    return head
