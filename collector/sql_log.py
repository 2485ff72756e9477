"""The part of the rows store that keeps the transparency log and the feed of erasures.

An entry is written in the transaction of what it tells of, without a place: so neither is ever there without the other.
Places are given later, by one collector at a time, to whatever has none yet, in no order that tells anything.
"""

import os
import random
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from collector import tables as t
from collector.limits import LOG_FILL, MERGED_AT_ONCE
from collector.log_append import append, last_tiles
from collector.rows import FeedRow, LogHead, LogRow
from collector.sql_base import SqlBase, every, first, values
from schemas.log import ENTRY_BYTES, LogKind, commitment

_SHUFFLE = random.SystemRandom()


class SqlLog(SqlBase):
    """See `ports.LogStore`."""

    async def log_head(self) -> LogHead | None:
        """See `ports.LogStore`."""
        return first(LogHead, await self._rows(_NEWEST))

    async def log_tile(self, level: int, number: int) -> bytes | None:
        """See `ports.LogStore`."""
        found = await self._rows(_tile(level, number))
        return bytes(found[0][0]) if found else None

    async def merge_log(self, period: int) -> bool:
        """See `ports.LogStore`."""
        async with self._write() as connection:
            await self._alone(connection)
            head = first(LogHead, (await connection.execute(_NEWEST)).all())
            if head is not None and head.period >= period:
                return False
            waiting = select(t.log).where(t.log.c.position.is_(None)).order_by(t.log.c.id).limit(MERGED_AT_ONCE)
            rows = every(LogRow, (await connection.execute(waiting)).all())
            await self._append(connection, head.size if head else 0, rows, period)
        return True

    async def openings(self, kinds: Sequence[LogKind], device: str | None, after: int, limit: int) -> list[LogRow]:
        """See `ports.LogStore`."""
        wanted = select(t.log).where(t.log.c.id > after, t.log.c.kind.in_([kind.value for kind in kinds]))
        if device is not None:
            wanted = wanted.where(t.log.c.device == device)
        return every(LogRow, await self._rows(wanted.order_by(t.log.c.id).limit(limit)))

    async def feed_from(self, after: int, limit: int) -> list[FeedRow]:
        """See `ports.LogStore`."""
        wanted = select(t.feed).where(t.feed.c.number > after).order_by(t.feed.c.number).limit(limit)
        return every(FeedRow, await self._rows(wanted))

    async def feed_at(self, number: int | None) -> FeedRow | None:
        """See `ports.LogStore`."""
        newest = select(t.feed).order_by(t.feed.c.number.desc()).limit(1)
        return first(FeedRow, await self._rows(newest if number is None else newest.where(t.feed.c.number == number)))

    async def _append(self, connection: AsyncConnection, size: int, rows: list[LogRow], period: int) -> None:
        count = max(1, -(-len(rows) // LOG_FILL)) * LOG_FILL
        entries = [os.urandom(ENTRY_BYTES) for _ in range(count)]
        places = _SHUFFLE.sample(range(count), len(rows))
        for row, place in zip(rows, places, strict=True):
            entries[place] = commitment(LogKind(row.kind), row.subject, row.salt)
            placed = update(t.log).where(t.log.c.id == row.id)
            await connection.execute(placed.values(position=size + place))
        found = {where: (await connection.execute(_tile(*where))).scalar() for where in last_tiles(size)}
        last = {where: bytes(data) for where, data in found.items() if data is not None}
        new_size, root, tiles = append(size, last, entries)
        for (level, number), data in tiles.items():
            if last.get((level, number)) != data:
                where = (t.log_tiles.c.level == level, t.log_tiles.c.number == number)
                await connection.execute(delete(t.log_tiles).where(*where))
                await connection.execute(insert(t.log_tiles).values(level=level, number=number, data=data))
        await connection.execute(insert(t.log_heads).values(size=new_size, root=root, period=period))

    async def _alone(self, connection: AsyncConnection) -> None:
        """Until this transaction ends, no other one extends the log or the feed."""


async def note_in_log(connection: AsyncConnection, kind: LogKind, subject: str, device: str | None = None) -> None:
    """Write an entry in somebody's transaction."""
    row = {"kind": kind.value, "subject": subject, "salt": os.urandom(ENTRY_BYTES), "device": device}
    await connection.execute(insert(t.log).values(**row))


async def newest_in_feed(connection: AsyncConnection) -> FeedRow | None:
    """The feed's newest entry, as a transaction sees it that holds `_alone`."""
    newest = select(t.feed).order_by(t.feed.c.number.desc()).limit(1)
    return first(FeedRow, (await connection.execute(newest)).all())


async def add_to_feed(connection: AsyncConnection, row: FeedRow) -> None:
    """Append to the feed."""
    await connection.execute(insert(t.feed).values(**values(row)))


def _tile(level: int, number: int) -> Any:
    return select(t.log_tiles.c.data).where(t.log_tiles.c.level == level, t.log_tiles.c.number == number)


_NEWEST = select(t.log_heads).order_by(t.log_heads.c.size.desc()).limit(1)
