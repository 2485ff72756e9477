"""How often the daemon looks at anything, and how long it may sleep: as little as what it knows now allows."""

from collections.abc import Iterable

from agent.core.lifecycle import Facts, changed, closed_by, watches_focus
from agent.core.sign import LEASE_NS, READY_NS
from agent.daemon.intake import SOON_NS
from agent.daemon.server import READY_RENEW_MS, RENEW_MS
from agent.daemon.warden import Warden
from agent.native.base import Clock
from schemas.status import ClosedReason

TICK_NS = 250_000_000
"""Nanoseconds between looks at switch and sign while the gate is open. While only focus keeps it closed, they are
looked at with each lease and before it opens; while anything else does, not at all."""
RECONNECT_NS = 2_000_000_000
"""Nanoseconds between tries to find the display again."""
MAX_SLEEP_S = 86_400.0
"""Seconds: longer waits overflow in the operating system."""


class Pace:
    """Works out from a warden's facts what is worth a look, and when.

    Args:
        warden: knows the facts and the gate.
        clock: the time.
    """

    def __init__(self, warden: Warden, clock: Clock) -> None:
        self._warden = warden
        self._clock = clock
        self._facts: Facts | None = None  # of which it is known whether leases are wanted: asked several times a turn
        self._wanted = False
        self._due_ns: int | None = None  # when the warden has something to do, as of the last look ahead

    def holds_ns(self) -> int:
        """How long a look at the sign holds now."""
        waits_ns = self._warden.waits_ns
        late = waits_ns is not None and self._clock.monotonic_ns() - waits_ns >= LEASE_NS
        ready = self._warden.facts.sign_visible and self._warden.gate is None and not late
        return READY_NS if ready else LEASE_NS

    def tick_ns(self) -> int | None:
        """How often to look at what nobody tells us of; ``None`` for never, while nothing hangs on it."""
        if self._warden.gate is not None:
            return TICK_NS
        return RECONNECT_NS if closed_by(self._warden.facts) == [ClosedReason.DISPLAY_LOST] else None

    def renew_ms(self) -> int | None:
        """Leases are worth renewing only while nothing but sign, desktop and focus may stand in the way."""
        warden = self._warden
        if warden.facts is not self._facts:
            self._facts = warden.facts
            self._wanted = watches_focus(changed(warden.facts, desktop=None, sign_visible=True))
        if not self._wanted:
            return None
        idle = warden.gate is None and warden.waits_ns is None and warden.facts.sign_visible
        return READY_RENEW_MS if idle else RENEW_MS

    def patience_s(self, dues: Iterable[int | None]) -> float | None:
        """How long to sleep, if nobody wakes us, until the first of these times (monotonic).

        ``None``: for ever, while nothing hangs on time.
        """
        waits_ns = self._warden.waits_ns
        self._due_ns = due = self._warden.deadline_ns()
        for time_ns in (waits_ns + LEASE_NS if waits_ns is not None else None, *dues):
            if time_ns is not None and (due is None or time_ns < due):
                due = time_ns
        if due is None:
            return None
        return min(max(0.0, (due - self._clock.monotonic_ns()) / 1e9), MAX_SLEEP_S)

    def warden_due(self, now_ns: int) -> bool:
        """Whether the warden has something to do now, or so soon that it is not worth another wake-up.

        What came up since the last :meth:`patience_s` is seen with the next one, before the loop sleeps again.
        """
        return self._due_ns is not None and now_ns >= self._due_ns - SOON_NS
