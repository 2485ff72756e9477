"""What researchers do: list batches, read them, read the ledgers that prove their consent. Knows nothing of HTTP."""

from collections.abc import AsyncIterator, Callable

from collector.errors import BlobMissingError, Refused
from collector.feed import Feed
from collector.library import MANIFEST, POLICY, Library
from collector.ports import Blobs, Ledger
from collector.rows import BatchRecord, Pull
from schemas.base import unbase64url
from schemas.signed import SignedDocument, fingerprint, parse_signed
from schemas.wire import MAX_LEDGER_DEVICES, BatchPage, BatchRow, LedgerReply, RefusalReason


class Outlet:
    """The researchers' side of the collector."""

    def __init__(self, ledger: Ledger, blobs: Blobs, library: Library, feed: Feed, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._blobs = blobs
        self._library = library
        self._feed = feed
        self._clock = clock

    async def keys(self, fingerprints: list[str]) -> dict[str, bytes]:
        """Raw signing keys of those fingerprints that the *current* manifest names as researchers."""
        shelf = await self._library.shelf()
        if shelf.study is None or not shelf.manifests:
            return {}
        raw = (unbase64url(researcher.signing_key) for researcher in shelf.manifest.researchers)
        return {name: key for key in raw if (name := fingerprint(key)) in fingerprints}

    async def page(self, after: int, limit: int) -> BatchPage:
        """A page of the listing."""
        found, held = await self._ledger.page(after, limit + 1), await self._ledger.holds()
        rows = tuple(
            BatchRow(
                cursor=r.cursor,
                digest=r.digest,
                device=r.device,
                sequence=r.sequence,
                size=r.size if r.erased_hour is None and r.device not in held else 0,
                erased=r.erased_hour is not None or r.device in held or None,
            )
            for r in found[:limit]
        )
        return BatchPage(rows=rows, next=rows[-1].cursor if len(found) > limit else None)

    async def find(self, digest: str) -> BatchRecord:
        """A batch that is whole in the store.

        Raises:
            Refused: there is none with this digest.
            BlobMissingError: its bytes are gone.
        """
        row = await self._ledger.batch(digest)
        if row is None:
            raise Refused(RefusalReason.NOT_FOUND, "there is no such batch")
        if row.erased_hour is not None or row.device in await self._ledger.holds():
            raise Refused(RefusalReason.ERASED, "this batch was erased at the participant's wish")
        if await self._blobs.size(digest) != row.size:
            raise BlobMissingError("a row's blob is missing or has another length")
        return row

    async def read(self, row: BatchRecord, researcher: str, reason: str, start: int, end: int) -> AsyncIterator[bytes]:
        """A batch's bytes from `start` until before `end`. That they are read is durable before the first is given."""
        await self._ledger.add_pull(Pull(researcher, row.digest, reason, int(self._clock())))
        return self._blobs.read(row.digest, start, end)

    async def ledger(self, after: str = "", limit: int | None = None) -> LedgerReply:
        """All that is needed to prove consent offline; with a limit, of so many devices above a fingerprint."""
        shelf = await self._library.shelf()
        found = await self._ledger.devices(after, None if limit is None else limit + 1)
        devices = found[:limit]
        names = [row.device for row in devices]
        consents, erasures = await self._of(names)
        return LedgerReply(
            registrations=tuple(parse_signed(row.body) for row in devices),
            consents=consents,
            policies=() if after else tuple(shelf.every(POLICY)),
            manifests=() if after else tuple(shelf.every(MANIFEST)),
            erasures=erasures,
            expired=() if after else tuple(await self._feed.expired()),
            next=names[-1] if len(found) > len(devices) else None,
        )

    async def _of(self, devices: list[str]) -> tuple[tuple[SignedDocument, ...], tuple[SignedDocument, ...]]:
        """Consents and erasures of devices, asked for in groups that every database takes."""
        consents: list[SignedDocument] = []
        erasures: list[SignedDocument] = []
        for begin in range(0, len(devices), MAX_LEDGER_DEVICES):
            group = devices[begin : begin + MAX_LEDGER_DEVICES]
            consents += [parse_signed(row.body) for row in await self._ledger.ledgers(group)]
            erasures += [parse_signed(row.body) for row in await self._ledger.erasures(group)]
        return tuple(consents), tuple(erasures)
