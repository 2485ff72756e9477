"""What a device is told about itself, and researchers' sweep receipts. Knows nothing of HTTP."""

from collections.abc import Callable, Mapping
from functools import partial

from anyio import to_thread

from collector.errors import Refused
from collector.intake import Acknowledged
from collector.library import Library, Shelf
from collector.ports import Ledger
from collector.receipts import ReceiptDesk, hour_of
from collector.rows import ErasedSum, PullRecord, SweepRow, SweptOf
from schemas.access import (
    MAX_LISTED,
    AccessReply,
    ErasedRow,
    ErasureState,
    Pulled,
    PullPage,
    PullRow,
    SweptRow,
)
from schemas.base import SchemaError, unbase64url
from schemas.feed import FeedEntry
from schemas.receipt import ReceiptKind
from schemas.signed import SignatureError, SignedDocument, fingerprint, parse_body, parse_signed, verify
from schemas.sweep import SweepReceipt
from schemas.wire import RefusalReason as R

Names = Mapping[str, str]
"""Researchers' names by the fingerprint of their signing key."""


class Access:
    """The participants' own side of the collector."""

    def __init__(self, ledger: Ledger, library: Library, desk: ReceiptDesk, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._library = library
        self._desk = desk
        self._clock = clock

    async def record(self, device: str, after: int, limit: int) -> AccessReply:
        """One page of a device's own record.

        Raises:
            Refused: nothing is published yet.
        """
        shelf = await self._library.shelf()
        names, stored = names_of(shelf), await self._ledger.stored_of(device)
        found = await self._ledger.pulls_of(device, after, limit + 1)
        return AccessReply(
            pulls=tuple(_pull(row, names) for row in found[:limit]),
            next=found[limit - 1].cursor if len(found) > limit else None,
            erasures=tuple(map(_erased, await self._ledger.erasures_of(device, MAX_LISTED))),
            sweeps=tuple(_swept(each, names) for each in await self._ledger.sweeps_of(device, MAX_LISTED)),
            batches=stored.batches,
            stored_bytes=stored.size,
            wish=hold.wish if (hold := (await self._ledger.holds()).get(device)) else None,
            retention_days=shelf.manifest.retention_days,
        )

    async def pulls(self, after: int, limit: int) -> PullPage:
        """A page of everybody's readings, for an auditor."""
        names = names_of(await self._library.shelf())
        found = await self._ledger.pulls(after, limit + 1)
        rows = tuple(_pull(row, names) for row in found[:limit])
        return PullPage(pulls=rows, next=rows[-1].cursor if len(found) > limit else None)

    async def sweep(self, researcher: str, key: bytes, signed: SignedDocument) -> Acknowledged:
        """Keep a researcher's sweep receipt, for the participants whose batches it names.

        Raises:
            Refused: not signed by who sent it, or about another study.
        """
        study = (await self._library.shelf()).served
        done = await to_thread.run_sync(partial(_read_sweep, signed, key, study))
        row = SweepRow(signed.digest, researcher, signed.to_bytes(), hour_of(self._clock()))
        new = await self._ledger.add_sweep(row, done.batches)
        stored = row if new else await self._ledger.sweep(signed.digest) or row
        hour = stored.received_hour
        return self._desk.write(ReceiptKind.SWEEP, study, signed.digest, stored.researcher, hour), new


def names_of(shelf: Shelf) -> Names:
    """Every researcher's name that any manifest gives, the newest manifest's first."""
    named = (r for manifest in shelf.manifests.values() for r in manifest.researchers)
    return {fingerprint(unbase64url(r.signing_key)): r.name for r in named}


def _read_sweep(signed: SignedDocument, key: bytes, study: str) -> SweepReceipt:
    try:
        done = verify(signed, SweepReceipt, {fingerprint(key): key})
    except SignatureError:
        raise Refused(R.BAD_SIGNATURE, "the receipt is not signed by the researcher who sent it") from None
    except SchemaError:
        raise Refused(R.MALFORMED, "not a SweepReceipt of this version") from None
    if done.study != study:
        raise Refused(R.UNKNOWN_STUDY, "the receipt is about another study")
    return done


def _pull(row: PullRecord, names: Names) -> PullRow:
    pull = Pulled(at_s=row.at_s, researcher=row.researcher, reason=row.reason, batch=row.digest)
    return PullRow(cursor=row.cursor, name=names.get(row.researcher), pull=pull)


def _erased(each: ErasedSum) -> ErasedRow:
    entry = parse_body(FeedEntry, each.row.body)
    return ErasedRow(
        digest=each.row.digest,
        cause=entry.cause,
        state=ErasureState.DELETING if each.pending else ErasureState.DELETED,
        received_hour=entry.hour,
        batches=len(entry.batches),
    )


def _swept(each: SweptOf, names: Names) -> SweptRow:
    done = parse_body(SweepReceipt, parse_signed(each.row.body).body)
    return SweptRow(
        digest=each.row.digest,
        researcher=each.row.researcher,
        name=names.get(each.row.researcher),
        swept_hour=done.swept_hour,
        batches=each.batches,
        residue=done.residue,
        trained_on=done.trained_on,
    )
