"""The part of the rows store that answers one device about itself. `sql` puts it together with the rest."""

from collections.abc import Sequence

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from collector import tables as t
from collector.rows import ErasedSum, FeedRow, PullRecord, Stored, SweepRow, SweptOf
from collector.sql_base import SqlBase, every, first, values
from collector.sql_log import note_in_log
from schemas.log import LogKind

_PULL = (t.pulls.c.researcher, t.pulls.c.digest, t.pulls.c.reason, t.pulls.c.at_s)


class SqlAccess(SqlBase):
    """See `ports.Access`."""

    async def pulls(self, after: int, limit: int) -> list[PullRecord]:
        """See `ports.Access`."""
        found = select(*_PULL, t.pulls.c.position.label("cursor")).where(t.pulls.c.position > after)
        return every(PullRecord, await self._rows(found.order_by(t.pulls.c.position).limit(limit)))

    async def pulls_of(self, device: str, after: int, limit: int) -> list[PullRecord]:
        """See `ports.Access`."""
        mine = t.pulls.join(t.batches, t.pulls.c.digest == t.batches.c.digest)
        wanted = (t.batches.c.device == device, t.pulls.c.position > after)
        found = select(*_PULL, t.pulls.c.position.label("cursor")).select_from(mine).where(*wanted)
        return every(PullRecord, await self._rows(found.order_by(t.pulls.c.position).limit(limit)))

    async def stored_of(self, device: str) -> Stored:
        """See `ports.Access`."""
        live = (t.batches.c.device == device, t.batches.c.erased_hour.is_(None))
        count = func.count().label("batches")
        total = select(count, func.coalesce(func.sum(t.batches.c.size), 0).label("size"))
        return every(Stored, await self._rows(total.where(*live)))[0]

    async def days_of(self, device: str) -> list[tuple[int, int]]:
        """See `ports.Access`."""
        hour, live = t.batches.c.received_hour, (t.batches.c.device == device, t.batches.c.erased_hour.is_(None))
        found = await self._rows(select(hour, func.count().label("n")).where(*live).group_by(hour).order_by(hour))
        return [(int(row.received_hour), int(row.n)) for row in found]

    async def erasures_of(self, device: str, limit: int) -> list[ErasedSum]:
        """See `ports.Access`."""
        mine = select(t.feed).where(t.feed.c.device == device).order_by(t.feed.c.number.desc()).limit(limit)
        rows = await self._rows(mine)
        left = (t.batches.c.device == device, t.batches.c.erased_hour.is_not(None), t.batches.c.size > 0)
        pending = bool(await self._rows(select(t.batches.c.cursor).where(*left).limit(1)))
        return [ErasedSum(row, pending) for row in every(FeedRow, rows)]

    async def add_sweep(self, row: SweepRow, batches: Sequence[str]) -> bool:
        """See `ports.Access`."""
        try:
            async with self._write() as connection:
                await connection.execute(insert(t.sweeps).values(**values(row)))
                await note_in_log(connection, LogKind.SWEEP, row.digest)
                if batches:
                    named = [{"batch": batch, "sweep": row.digest} for batch in sorted({*batches})]
                    await connection.execute(insert(t.swept), named)
        except IntegrityError:
            return False
        return True

    async def sweep(self, digest: str) -> SweepRow | None:
        """See `ports.Access`."""
        return first(SweepRow, await self._rows(select(t.sweeps).where(t.sweeps.c.digest == digest)))

    async def sweeps_of(self, device: str, limit: int) -> list[SweptOf]:
        """See `ports.Access`."""
        named = t.swept.join(t.batches, t.swept.c.batch == t.batches.c.digest)
        counts = select(t.swept.c.sweep, func.count().label("n")).select_from(named)
        mine = counts.where(t.batches.c.device == device).group_by(t.swept.c.sweep).subquery()
        found = select(t.sweeps, mine.c.n).join(mine, mine.c.sweep == t.sweeps.c.digest)
        newest = found.order_by(t.sweeps.c.received_hour.desc(), t.sweeps.c.digest).limit(limit)
        return [
            SweptOf(SweepRow(r.digest, r.researcher, r.body, r.received_hour), r.n) for r in await self._rows(newest)
        ]
