"""What the windowing system does not tell of the window in front: a password field, a terminal without echo, a lock.

Such news trails what it tells of. Whatever was observed in between still waits in memory, and is dropped when the news
comes (:meth:`agent.pipeline.pipe.Pipeline.retract`).
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from agent.core.observe import WindowInfo
from schemas.policy import AppRule
from schemas.status import ClosedReason

News = Callable[[int], None]
"""Called in the daemon's thread with the monotonic time (ns) from which on a detector's verdict is another."""


class Detector(Protocol):
    """Looks into the window in front. For one thread."""

    def attend(self, window: WindowInfo | None, app: AppRule | None) -> None:
        """Look into this window from now on, called whenever it changes.

        ``None``: nothing that may be captured is in front. Then a detector holds nothing: no connection, match rule,
        thread or timer. Idempotent, and cheap where nothing changed.
        """
        ...

    def verdict(self) -> ClosedReason | None:
        """Why that window must not be captured now; ``None`` if nothing speaks against it."""
        ...

    def deadline_ns(self) -> int | None:
        """When (monotonic) :meth:`verdict` may become another by time alone; ``None`` for never."""
        ...

    def open_since_ns(self) -> int | None:
        """Since when (monotonic) it has still to be seen what the verdict is; ``None`` if it is known.

        What was observed since then waits in memory until the verdict is out. Never for long: a detector that cannot
        tell within a second or two is in doubt.
        """
        ...


Detect = Callable[[News], Sequence[Detector]]
"""Makes the detectors of one daemon."""


def none(_news: News) -> Sequence[Detector]:
    """No detectors: for a desktop that has nothing to look into."""
    return ()
