"""The time limits of the notice, enforced: what is over them becomes a tombstone, and its bytes go."""

from collections.abc import Callable

from msgspec import Struct

from collector.erasure import Erasure
from collector.errors import Refused
from collector.library import Library
from collector.limits import EXPIRED_AT_ONCE
from collector.ports import Ledger
from collector.receipts import DAY_S, hour_of
from collector.rows import Due, Limit


class RetentionReport(Struct, frozen=True):
    """What is due and what is overdue. Amounts of batches, nobody's."""

    at_hour: int  # Unix seconds
    retention_days: int  # the newest notice's
    overdue: int  # batches whose time is over and that can still be pulled
    oldest_overdue_hour: int | None
    half_erased: int  # batches that nobody gets any more and whose bytes may still be there
    oldest_half_erased_hour: int | None


class Retention:
    """Finds what is over its time and has it erased."""

    def __init__(self, ledger: Ledger, erasure: Erasure, library: Library, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._erasure = erasure
        self._library = library
        self._clock = clock

    async def sweep(self) -> int:
        """Erase what is over its time. Gives the number of batches.

        Raises:
            StorageError: some are still there; the next sweep tries again.
        """
        await self._erasure.settle()
        limit = await self._limit()
        gone = 0
        while limit is not None:
            due = await self._ledger.due(limit, EXPIRED_AT_ONCE)
            if not due:
                break
            for device in sorted({row.device for row in due}):
                mine = [row for row in due if row.device == device]
                if await self._ledger.expire(device, [row.digest for row in mine], limit.now_hour):
                    gone += len(mine)
            await self._erasure.settle()
        return gone

    async def report(self) -> RetentionReport:
        """What is due and what is overdue."""
        return await report_retention(self._ledger, self._library, self._clock())

    async def _limit(self) -> Limit | None:
        return await _limit_of(self._library, self._clock())


async def report_retention(ledger: Ledger, library: Library, now_s: float) -> RetentionReport:
    """What is due and what is overdue at a time."""
    limit = await _limit_of(library, now_s)
    due = await ledger.overdue(limit) if limit else Due(0, None)
    half = await ledger.unemptied()
    return RetentionReport(
        at_hour=hour_of(now_s),
        retention_days=limit.newest_s // DAY_S if limit else 0,
        overdue=due.batches,
        oldest_overdue_hour=due.oldest_hour,
        half_erased=len(half),
        oldest_half_erased_hour=min((row.erased_hour or 0 for row in half), default=None),
    )


async def _limit_of(library: Library, now_s: float) -> Limit | None:
    shelf = await library.shelf()
    try:
        newest = shelf.manifest.retention_days
    except Refused:
        return None  # nothing is published, so nothing can have been stored
    least = min(manifest.retention_days for manifest in shelf.manifests.values())
    return Limit(hour_of(now_s), newest * DAY_S, least * DAY_S)
