"""The signed feed of erasures, as a researcher reads it: without gap, kept with the batches, and fresh or nothing.

``feed.json`` holds the pages as the collector signed them. What is older than its lease says nothing about today: then
exporting, streaming and sweeping refuse (fail closed).
"""

from pathlib import Path
from typing import Final

from msgspec import Struct
from pydantic import ValidationError

from research.client import Collector
from research.disk import write_whole
from research.errors import CollectorError, ResearchError
from schemas.base import Document, SchemaError, note
from schemas.feed import FIRST_HEAD, FeedEntry, FeedPage, check_lease, head_after, next_head
from schemas.signed import SignedDocument, fingerprint, verify

FILE: Final = "feed.json"


class FeedBrokenError(ResearchError):
    """The feed does not hold together, or is not the one that was seen before."""

    remedy = "Keep this folder as it is, and tell the study's contact and its auditor: a feed only ever grows."


class Pages(Document):
    """``feed.json``."""

    pages: tuple[SignedDocument, ...] = note("the feed from its first entry, page by page", min_length=1)


class Feed(Struct, frozen=True):
    """A verified feed."""

    entries: tuple[FeedEntry, ...]
    newest: FeedPage

    @property
    def gone(self) -> frozenset[str]:
        """Digests of batches that may not be used any more."""
        return frozenset(batch.digest for entry in self.entries for batch in entry.batches)

    def head_at(self, number: int) -> str:
        """The head after so many entries."""
        head = FIRST_HEAD
        for entry in self.entries[:number]:
            head = next_head(head, entry)
        return head


def fetch(collector: Collector, folder: Path, study: str, collector_key: bytes) -> Feed:
    """Fetch the whole feed, check that it goes on from the one that was kept before, and keep it.

    Raises:
        FeedBrokenError: not signed, a gap, or another feed than before.
        CollectorError: not reached.
    """
    before = read(folder, study, collector_key)
    pages: list[SignedDocument] = []
    after, total = 0, 1
    while after < total or not pages:
        pages.append(collector.feed(after))
        page = _page(pages[-1], study, collector_key)
        if page.after != after or (page.total > after and not page.entries):
            raise CollectorError("the collector's feed does not advance")
        after, total = after + len(page.entries), page.total
    found = _whole(pages, study, collector_key)
    if before and (
        len(before.entries) > len(found.entries) or found.head_at(len(before.entries)) != before.newest.head
    ):
        raise FeedBrokenError("the feed is not the one that was seen before")
    write_whole(folder / FILE, Pages(pages=tuple(pages)).model_dump_json().encode())
    return found


def read(folder: Path, study: str, collector_key: bytes) -> Feed | None:
    """The feed that a pull kept, verified; None if there is none.

    Raises:
        FeedBrokenError: it is damaged.
    """
    path = folder / FILE
    try:
        pages = Pages.model_validate_json(path.read_bytes()).pages
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        raise FeedBrokenError(f"{path} cannot be read") from None
    return _whole(pages, study, collector_key)


def is_fresh(feed: Feed, now_s: float) -> bool:
    """True while the newest page's lease lasts."""
    try:
        check_lease(feed.newest, now_s)
    except SchemaError:
        return False
    return True


def _page(signed: SignedDocument, study: str, collector_key: bytes) -> FeedPage:
    try:
        page = verify(signed, FeedPage, {fingerprint(collector_key): collector_key})
    except SchemaError as error:
        raise FeedBrokenError(f"a page of the feed: {error}") from None
    if page.study != study:
        raise FeedBrokenError("a page of the feed is about another study")
    return page


def _whole(pages: "tuple[SignedDocument, ...] | list[SignedDocument]", study: str, collector_key: bytes) -> Feed:
    head, entries = FIRST_HEAD, list[FeedEntry]()
    read_ = [_page(signed, study, collector_key) for signed in pages]
    try:
        for page in read_:
            if page.before != head or page.after != len(entries):
                raise FeedBrokenError("the feed has a gap")
            head = head_after(page)
            entries += page.entries
    except SchemaError as error:
        raise FeedBrokenError(str(error)) from None
    if len(entries) != read_[-1].total:
        raise FeedBrokenError("the feed in the folder lacks its end")
    return Feed(tuple(entries), read_[-1])
