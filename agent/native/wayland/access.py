"""A connection to the accessibility bus, made in two steps that nobody waits for: the session bus tells where it is."""

import selectors
from collections.abc import Callable, Mapping

from agent.native.accessible.address import session_address
from agent.native.accessible.atspi import returned
from agent.native.accessible.bus import Bus, Talk
from agent.native.accessible.wire import BusBroken, Call, Heard, Seals
from agent.native.base import Clock


class Access:
    """Exists while the accessibility bus is listened to.

    Args:
        environ: which session.
        clock: the time.
        selector: in which it lives.
        heard: takes signals; it opens or shreds each that is sealed.
        seals: which signals come sealed.
        joined: what to say first, once the bus is there.
        lost: called once when the bus is gone or was never there.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: Clock,
        selector: selectors.BaseSelector,
        heard: Callable[[Heard], None],
        seals: Seals,
        joined: Callable[[], Talk],
        lost: Callable[[], None],
    ) -> None:
        self._clock, self._selector = clock, selector
        self._heard, self._seals, self._joined, self._lost = heard, seals, joined, lost
        self._session: Bus | None = None
        self.bus: Bus | None = None
        address = session_address(environ)
        try:
            self._session = Bus(address or "", clock, selector, lambda _: None, self._lose)
        except BusBroken:
            lost()
            return
        self._session.talk(self._find(self._session))

    def __repr__(self) -> str:
        return "<Access>"

    def close(self) -> None:
        """Leave: the bus forgets every match rule of this connection, and nothing can arrive any more. Idempotent."""
        for bus in (self._session, self.bus):
            if bus is not None:
                bus.close()
        self._session = self.bus = None

    def _find(self, session: Bus) -> Talk:
        (answer,) = yield [Call("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", starts=True)]
        told = returned(answer, "s")
        session.close()
        try:
            self.bus = Bus(told[0] if told else "", self._clock, self._selector, self._heard, self._lose, self._seals)
        except BusBroken:
            self._lost()
            return
        self.bus.talk(self._joined())

    def _lose(self) -> None:
        self.close()
        self._lost()
