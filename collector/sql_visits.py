"""The part of the rows store that keeps visits to pages, and what participants wished there."""

from sqlalchemy import delete, insert, select, update

from collector import tables as t
from collector.rows import Hold, Visit
from collector.sql_base import SqlBase, every, first, values


class SqlVisits(SqlBase):
    """See `ports.Visits`."""

    async def add_visit(self, visit: Visit) -> None:
        """See `ports.Visits`."""
        async with self._write() as connection:
            await connection.execute(insert(t.visits).values(**values(visit)))

    async def begin_visit(self, ticket: str, cookie: str, role: str, now_s: int, expires_s: int) -> bool:
        """See `ports.Visits`."""
        v = t.visits
        usable = (v.c.ticket == ticket, v.c.cookie.is_(None), v.c.role == role, v.c.expires_s > now_s)
        async with self._write() as connection:
            await connection.execute(delete(v).where(v.c.expires_s <= now_s))
            done = await connection.execute(update(v).where(*usable).values(cookie=cookie, expires_s=expires_s))
        return done.rowcount == 1

    async def visit(self, cookie: str) -> Visit | None:
        """See `ports.Visits`."""
        return first(Visit, await self._rows(select(t.visits).where(t.visits.c.cookie == cookie)))

    async def end_visit(self, cookie: str) -> None:
        """See `ports.Visits`."""
        async with self._write() as connection:
            await connection.execute(delete(t.visits).where(t.visits.c.cookie == cookie))

    async def hold(self, row: Hold | None, device: str) -> None:
        """See `ports.Visits`."""
        async with self._write() as connection:
            await connection.execute(delete(t.holds).where(t.holds.c.device == device))
            if row is not None:
                await connection.execute(insert(t.holds).values(**values(row)))

    async def holds(self) -> dict[str, Hold]:
        """See `ports.Visits`."""
        return {row.device: row for row in every(Hold, await self._rows(select(t.holds)))}
