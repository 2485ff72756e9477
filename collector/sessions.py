"""Visits to pages that are not for everybody: begun with a ticket that works once, kept by a cookie for some minutes.

Only digests of tickets and cookies are stored. Whoever reads the database cannot enter with what is there.
"""

import os
from collections.abc import Callable

from collector.limits import TICKET_S, VISIT_S
from collector.ports import Visits
from collector.rows import Visit
from schemas.base import base64url, digest

PARTICIPANT, OPERATOR = "participant", "operator"
_TOKEN_BYTES = 32


class Sessions:
    """Gives out tickets, and knows whose cookie it is."""

    def __init__(self, visits: Visits, clock: Callable[[], float]) -> None:
        self._visits = visits
        self._clock = clock

    async def ticket(self, role: str, device: str | None) -> tuple[str, int]:
        """A new ticket, and until when it works (Unix seconds)."""
        ticket, expires_s = _token(), int(self._clock()) + TICKET_S
        await self._visits.add_visit(Visit(digest(ticket.encode()), role, device, None, expires_s))
        return ticket, expires_s

    async def enter(self, ticket: str, role: str) -> str | None:
        """Use a ticket up. Gives the cookie's value, or None: unknown, used, expired, or another role's."""
        cookie, now_s = _token(), int(self._clock())
        names = digest(ticket.encode()), digest(cookie.encode())
        return cookie if await self._visits.begin_visit(*names, role, now_s, now_s + VISIT_S) else None

    async def who(self, cookie: str, role: str) -> Visit | None:
        """The visit that a cookie belongs to, if it is not over and of this role."""
        visit = await self._visits.visit(digest(cookie.encode())) if cookie else None
        alive = visit is not None and visit.role == role and visit.expires_s > self._clock()
        return visit if alive else None

    async def leave(self, cookie: str) -> None:
        """End a visit."""
        await self._visits.end_visit(digest(cookie.encode()))


def form_token(cookie: str) -> str:
    """What a form of this visit carries, so that no other site can send it."""
    return digest(f"form\n{cookie}".encode())


def _token() -> str:
    return base64url(os.urandom(_TOKEN_BYTES))
