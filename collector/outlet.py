"""What researchers do: list batches, read them, read the ledgers that prove their consent. Knows nothing of HTTP."""

from collections.abc import AsyncIterator, Callable

from collector.errors import BlobMissingError, Refused
from collector.library import MANIFEST, POLICY, Library
from collector.ports import BatchRecord, Blobs, Ledger, Pull
from schemas.base import unbase64url
from schemas.signed import fingerprint, parse_signed
from schemas.wire import BatchPage, BatchRow, LedgerReply, RefusalReason


class Outlet:
    """The researchers' side of the collector."""

    def __init__(self, ledger: Ledger, blobs: Blobs, library: Library, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._blobs = blobs
        self._library = library
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

    async def ledger(self) -> LedgerReply:
        """All that is needed to prove consent offline."""
        shelf = await self._library.shelf()
        devices = await self._ledger.devices()
        consents = [row for device in devices for row in await self._ledger.consents(device.device)]
        return LedgerReply(
            registrations=tuple(parse_signed(row.body) for row in devices),
            consents=tuple(parse_signed(row.body) for row in consents),
            policies=tuple(shelf.every(POLICY)),
            manifests=tuple(shelf.every(MANIFEST)),
            erasures=tuple(parse_signed(row.body) for row in await self._ledger.erasures()),
        )
