"""Erasure: a device has batches deleted. Knows nothing of HTTP.

The order is always: admit, make the tombstones durable, delete the bytes durably, note that they are gone, and only
then write the receipt. From the first step on nobody gets the bytes any more; what a crash leaves of them is deleted
at the next start or with the device's next attempt.
"""

from collections.abc import Callable
from functools import partial

from anyio import to_thread

from collector.admit import Place
from collector.admit_erasure import Erase, ErasureContext, admit_erasure, read_request
from collector.errors import NotNowError, Refused
from collector.intake import Acknowledged, Intake
from collector.library import Library
from collector.ports import Blobs, Ledger
from collector.receipts import ReceiptDesk, hour_of
from collector.rows import BatchRecord, ErasureRow
from collector.verdicts import Refuse
from schemas.erasure import ErasureRequest
from schemas.receipt import ReceiptKind
from schemas.signed import SignedDocument
from schemas.wire import RefusalReason as R


class Erasure:
    """The side of the collector that forgets."""

    def __init__(
        self,
        stores: tuple[Ledger, Blobs],
        intake: Intake,
        library: Library,
        desk: ReceiptDesk,
        clock: Callable[[], float],
    ) -> None:
        self._ledger, self._blobs = stores
        self._intake = intake
        self._library = library
        self._desk = desk
        self._clock = clock

    async def erase(self, device: str, signed: SignedDocument) -> Acknowledged:
        """Delete what a device asks to have deleted.

        Raises:
            Refused: it may not be.
            StorageError: it is not durably gone.
        """
        sender = await self._intake.registration(device)
        if sender is None:
            raise Refused(R.UNKNOWN_DEVICE, "this device is not enrolled")
        request = await to_thread.run_sync(partial(read_request, signed, sender))
        if isinstance(request, Refuse):
            raise Refused(request.reason, request.detail)
        stored = await self._at(request)
        last = await self._ledger.last_batch(device)
        places = {sequence: _place(row) for sequence, row in stored.items()}
        verdict = admit_erasure(request, ErasureContext(places, _place(last) if last else None))
        if isinstance(verdict, Refuse):
            raise Refused(verdict.reason, verdict.detail)
        new = bool(verdict.absent) or any(stored[place.sequence].erased_hour is None for place in verdict.stored)
        if new:
            await self._entomb(device, signed, verdict)
        for place in (*verdict.stored, *verdict.absent):  # of an absent one, a crash may have left the bytes
            await self._blobs.delete(place.digest)
        await self._ledger.emptied([place.digest for place in verdict.stored])
        study = (await self._library.shelf()).served
        receipt = self._desk.write(ReceiptKind.ERASURE, study, signed.digest, device, hour_of(self._clock()))
        return receipt, new

    async def settle(self) -> None:
        """Delete the bytes that a crash left of what was erased."""
        left = await self._ledger.unemptied()
        for row in left:
            await self._blobs.delete(row.digest)
        await self._ledger.emptied([row.digest for row in left])

    async def _at(self, request: ErasureRequest) -> dict[int, BatchRecord]:
        first, last = request.batches[0].sequence, request.batches[-1].sequence
        rows = await self._ledger.between(request.device, first, last)
        named = {batch.sequence for batch in request.batches}
        return {row.sequence: row for row in rows if row.sequence in named}

    async def _entomb(self, device: str, signed: SignedDocument, verdict: Erase) -> None:
        hour = hour_of(self._clock())
        absent = [BatchRecord(p.digest, device, p.sequence, 0, hour, erased_hour=hour) for p in verdict.absent]
        row = ErasureRow(signed.digest, device, signed.to_bytes(), hour)
        if not await self._ledger.entomb(row, [place.digest for place in verdict.stored], absent):
            raise NotNowError("the chain changed while this was being erased")


def _place(row: BatchRecord) -> Place:
    return Place(row.sequence, row.digest)
