"""The feed of erasures as it is served: signed pages with a lease. Knows nothing of HTTP."""

from collections.abc import Callable, Sequence

from collector.library import Library
from collector.log import Log
from collector.ports import LogStore
from collector.receipts import ReceiptDesk
from collector.rows import FeedRow
from schemas.access import ErasureCause
from schemas.feed import FEED_LEASE_S, FIRST_HEAD, MAX_FEED_BATCHES, MAX_FEED_ENTRIES, FeedEntry, FeedPage
from schemas.signed import SignedDocument, parse_body


class Feed:
    """Gives the feed out."""

    def __init__(
        self, store: LogStore, library: Library, desk: ReceiptDesk, log: Log, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._library = library
        self._desk = desk
        self._log = log
        self._clock = clock

    async def page(self, after: int) -> SignedDocument:
        """The entries after a number, as many as one page holds.

        Raises:
            Refused: nothing is published yet.
        """
        study = (await self._library.shelf()).served
        newest = await self._store.feed_at(None)
        total = newest.number if newest else 0
        after = min(after, total)
        before = await self._store.feed_at(after) if after else None
        rows = _fitting(await self._store.feed_from(after, MAX_FEED_ENTRIES))
        page = FeedPage(
            version=1,
            study=study,
            after=after,
            before=before.head if before else FIRST_HEAD,
            entries=tuple(entry for entry in rows if entry.number <= total),
            total=total,
            head=newest.head if newest else FIRST_HEAD,
            checkpoint=(await self._log.checkpoint()).decode(),
            issued_s=int(self._clock()),
            lease_s=FEED_LEASE_S,
        )
        return self._desk.sign(page)

    async def expired(self) -> list[SignedDocument]:
        """The pages that hold an erasure because the notice's time was over: nobody else signed for those."""
        pages, after, total = list[SignedDocument](), 0, 1
        while after < total:
            signed = await self.page(after)
            page = parse_body(FeedPage, signed.body)
            after, total = after + len(page.entries), page.total
            if any(entry.cause is ErasureCause.RETENTION for entry in page.entries):
                pages.append(signed)
        return pages


def _fitting(rows: Sequence[FeedRow]) -> list[FeedEntry]:
    """As many entries as may stand on a page, at least one."""
    fitting, batches = list[FeedEntry](), 0
    for row in rows:
        entry = parse_body(FeedEntry, row.body)
        batches += len(entry.batches)
        if fitting and batches > MAX_FEED_BATCHES:
            break
        fitting.append(entry)
    return fitting
