"""The part of the rows store that turns batches into tombstones, on a device's wish or because their time is over."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from collector import tables as t
from collector.rows import BatchRecord, Due, ErasureRow, FeedRow, Limit
from collector.sql_base import every, values
from collector.sql_log import SqlLog, add_to_feed, newest_in_feed, note_in_log
from schemas.access import ErasureCause
from schemas.base import canonical, digest
from schemas.feed import FIRST_HEAD, FeedEntry, GoneBatch, next_head
from schemas.log import LogKind


class SqlRetention(SqlLog):
    """See `ports.Erasures`."""

    async def entomb(self, row: ErasureRow, stored: Sequence[str], absent: Sequence[BatchRecord]) -> bool:
        """See `ports.Erasures`."""
        try:
            async with self._write() as connection:
                await self._alone(connection)
                await self._before_cursor(connection)
                await connection.execute(insert(t.erasures).values(**values(row)))
                for each in absent:
                    await connection.execute(insert(t.batches).values(**without_cursor(each)))
                gone = [*stored, *(each.digest for each in absent)]
                await _bury(connection, row.device, gone, row.received_hour, row.digest)
        except IntegrityError:
            return False
        return True

    async def expire(self, device: str, digests: Sequence[str], hour: int) -> bool:
        """See `ports.Erasures`."""
        try:
            async with self._write() as connection:
                await self._alone(connection)
                await self._before_cursor(connection)
                await _bury(connection, device, digests, hour, None)
        except IntegrityError:
            return False
        return True

    async def due(self, limit: Limit, most: int) -> list[BatchRecord]:
        """See `ports.Erasures`."""
        wanted = select(t.batches).where(_over(limit)).order_by(t.batches.c.device, t.batches.c.sequence).limit(most)
        return every(BatchRecord, await self._rows(wanted))

    async def overdue(self, limit: Limit) -> Due:
        """See `ports.Erasures`."""
        end = func.coalesce(t.batches.c.due_hour, t.batches.c.received_hour + limit.least_s)
        found = select(func.count().label("batches"), func.min(end).label("oldest_hour")).where(_over(limit))
        return every(Due, await self._rows(found))[0]


def without_cursor(row: BatchRecord) -> dict[str, object]:
    """A batch's columns but the one that the database gives."""
    return {name: value for name, value in values(row).items() if name != "cursor"}


async def _bury(
    connection: AsyncConnection, device: str, digests: Sequence[str], hour: int, request: str | None
) -> None:
    """Turn rows into tombstones, with their entries in feed and log."""
    b = t.batches
    for name in digests:
        live = update(b).where(b.c.digest == name, b.c.erased_hour.is_(None))
        await connection.execute(live.values(erased_hour=hour, received_hour=hour))
    found = (await connection.execute(select(b.c.sequence, b.c.digest).where(b.c.digest.in_(digests)))).all()
    before = await newest_in_feed(connection)
    entry = FeedEntry(
        number=before.number + 1 if before else 1,
        cause=ErasureCause.ASKED if request else ErasureCause.RETENTION,
        device=device,
        hour=hour,
        request=request,
        batches=tuple(GoneBatch(sequence=row.sequence, digest=row.digest) for row in sorted(found)),
    )
    body, head = canonical(entry), next_head(before.head if before else FIRST_HEAD, entry)
    subject = request or digest(body)
    await add_to_feed(connection, FeedRow(entry.number, device, entry.cause.value, subject, body, head))
    await note_in_log(connection, LogKind.ERASURE if request else LogKind.RETENTION, subject, device)


def _over(limit: Limit) -> ColumnElement[bool]:
    """Whose time is over: by the consent's own word where it is known, or by the newest notice if that is shorter."""
    b = t.batches
    end = func.coalesce(b.c.due_hour, b.c.received_hour + limit.least_s)
    over = or_(end <= limit.now_hour, b.c.received_hour + limit.newest_s <= limit.now_hour)
    return and_(b.c.erased_hour.is_(None), over)
