"""What time changes by itself: the epoch of the clocks, and what the disk says."""

import logging

from agent.core.clocks import Reading, stepped
from agent.daemon.standing import Standing
from agent.native.base import Clock

CLOSE_NS = 1_000_000_000
"""Nanoseconds between exact readings of both clocks. In between, a glance that finds them where they were is enough: it
is made several dozen times a second."""
NEAR_NS = 10_000_000
"""Nanoseconds by which a glance may find them elsewhere: a thread that was put aside between two reads. More calls for
an exact reading. A step is ten times as large (:data:`agent.core.clocks.STEP_NS`)."""
_log = logging.getLogger(__name__)


class Timekeeper:
    """Watches both clocks, and foresees when a pause, a consent or a policy ends.

    Args:
        clock: the time.

    Attributes:
        offset_ns: Wall time less monotonic time, as last read.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset_ns = clock.time_ns() - clock.monotonic_ns()
        self._close_ns = 0  # until when a glance at the clocks is enough
        self._changes_ns: int | None = None  # Unix time at which something on disk changes by itself
        self._foreseen: tuple[Standing, int] | None = None  # of what, and since when (Unix), that was worked out

    def stepped(self) -> bool:
        """Whether the clock was stepped, or the machine slept, since this was last asked.

        Times before and after cannot be compared then.
        """
        before_ns = self._clock.monotonic_ns()
        wall_ns = self._clock.time_ns()
        if before_ns < self._close_ns and abs(wall_ns - before_ns - self.offset_ns) < NEAR_NS:
            return False
        now = Reading(before_ns, wall_ns, self._clock.monotonic_ns())
        found = stepped(self.offset_ns, now)
        if found:
            _log.warning("the clock was stepped, or the machine slept")
        if now.exact:
            self.offset_ns = now.offset_ns
            self._close_ns = before_ns + CLOSE_NS
        return found

    def due(self) -> bool:
        """Whether the time has come that :meth:`foresee` worked out."""
        return self._changes_ns is not None and self._clock.time_ns() >= self._changes_ns

    def foresee(self, found: Standing) -> None:
        """Work out when something on disk changes by itself next: anew only where that may be another time."""
        now_ns = self._clock.time_ns()
        known = self._foreseen
        if self.due() or known is None or known[0] is not found or now_ns < known[1]:
            self._changes_ns = found.changes_at_ns(now_ns)
            self._foreseen = found, now_ns

    def deadline_ns(self) -> int | None:
        """When (monotonic) :meth:`due` is next true; ``None`` for never."""
        return self._changes_ns - self.offset_ns if self._changes_ns else None
