"""What to send next, without sending it: hands out ``Send | Wait | Done`` and is told how it went.

Back-off is exponential with full jitter (Brooker, "Exponential Backoff And Jitter", 2015) and a cap; what the collector
asks for is waited for and the jitter comes on top, since it may have told many the same. One item is sent at a time; a
backlog is begun at a random moment and sent with pauses. Nothing is ever given up because of its age. A
refusal is remembered, shown, and not sent again in this run.
"""

from collections.abc import Sequence

from msgspec import Struct

FIRST_WAIT_S = 2.0
"""Seconds: the longest first wait after a failure."""
MAX_WAIT_S = 900.0
"""Seconds: the longest wait at all, so that a collector that comes back is noticed within a quarter of an hour."""
MAX_RETRY_AFTER_S = 86_400.0
"""Seconds: a collector may ask for this much patience and no more."""
BACKLOG = 4
"""Items. More than these waiting is a backlog: what a machine has that was off the network."""
SPREAD_S = 120.0
"""Seconds over which machines that begin with a backlog spread their first batch: a morning's log-in."""
PACE_S = 2.0
"""Seconds: the longest pause between two batches of a backlog. A day's hundred drain in two minutes."""


class Send(Struct, frozen=True):
    """Send the item of this id now."""

    id: str


class Wait(Struct, frozen=True):
    """Ask again after so many seconds."""

    seconds: float


class Done(Struct, frozen=True):
    """Nothing is left to send."""


class Uploads:
    """The state of sending."""

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}
        self._failures = 0
        self._not_before_s = 0.0
        self._unhurried_until_s: float | None = None

    def step(
        self, waiting: Sequence[str], now_s: float, jitter: float = 0.0, urgent: Sequence[str] = ()
    ) -> Send | Wait | Done:
        """What to do now.

        Args:
            waiting: ids of what is not acknowledged yet, oldest first.
            now_s: monotonic time, seconds.
            jitter: random, from 0 to 1.
            urgent: ids of what goes before and is not spread: a person's word, and it is small.
        """
        at_once, todo = (
            next((item for item in items if item not in self.refused), None) for items in (urgent, waiting)
        )
        if at_once is None and todo is None:
            return Done()
        if now_s < self._not_before_s:
            return Wait(self._not_before_s - now_s)
        if at_once is not None:
            return Send(at_once)
        if self._unhurried_until_s is None:
            self._unhurried_until_s = now_s + (SPREAD_S * jitter if len(waiting) > BACKLOG else 0.0)
        if now_s < self._unhurried_until_s:
            return Wait(self._unhurried_until_s - now_s)
        return Send(str(todo))

    def sent(self, now_s: float = 0.0, jitter: float = 0.0, left: int = 0) -> None:
        """The last one was acknowledged.

        Args:
            now_s: monotonic time, seconds.
            jitter: random, from 0 to 1.
            left: how many still wait.
        """
        self._failures = 0
        self._not_before_s = 0.0
        if left > BACKLOG:
            self._unhurried_until_s = now_s + PACE_S * jitter

    def failed(self, now_s: float, jitter: float, retry_after_s: float | None = None) -> None:
        """The last one was not acknowledged; it may be tried again.

        Args:
            now_s: monotonic time, seconds.
            jitter: random, from 0 to 1.
            retry_after_s: what the collector asked for (RFC 9110 §10.2.3), seconds.
        """
        ceiling = min(MAX_WAIT_S, FIRST_WAIT_S * 2 ** min(self._failures, 20))
        self._failures += 1
        asked = min(retry_after_s or 0.0, MAX_RETRY_AFTER_S)
        self._not_before_s = now_s + asked + ceiling * jitter

    def refuse(self, item: str, reason: str) -> None:
        """The collector will never take this one as it is."""
        self.refused[item] = reason
        self._failures = 0

    def hurry(self) -> None:
        """Something changed (the network came back, a person asked): try again now."""
        self._not_before_s = self._unhurried_until_s = 0.0
