"""A detector whose verdict a test changes, at once, late or at a time to come."""

from agent.core.observe import WindowInfo
from agent.daemon.detectors import News
from agent.native.base import Clock
from schemas.policy import AppRule
from schemas.status import ClosedReason


class FakeDetector:
    """Fulfils :class:`agent.daemon.detectors.Detector`. While it looks into no window it knows and tells nothing."""

    def __init__(self, news: News, clock: Clock) -> None:
        self._news = news
        self._clock = clock
        self.window: WindowInfo | None = None
        self.says: ClosedReason | None = None
        self.later: tuple[int, ClosedReason | None] | None = None
        self.out_since_ns: int | None = None  # it has still to find out, since then

    # --- what a test does ---

    def tell(self, verdict: ClosedReason | None, since_ns: int) -> None:
        """The verdict is another, and was so since that time (monotonic)."""
        self.says, self.later = verdict, None
        if self.window is not None:
            self._news(since_ns)

    def tell_later(self, verdict: ClosedReason | None, at_ns: int) -> None:
        """The verdict becomes another at that time, by time alone."""
        self.later = at_ns, verdict

    # --- agent.daemon.detectors.Detector ---

    def attend(self, window: WindowInfo | None, app: AppRule | None) -> None:
        """As the Protocol says."""
        assert (window is None) is (app is None)
        self.window = window

    def verdict(self) -> ClosedReason | None:
        """As the Protocol says."""
        if self.later is not None and self._clock.monotonic_ns() >= self.later[0]:
            self.says, self.later = self.later[1], None
        return self.says if self.window is not None else None

    def deadline_ns(self) -> int | None:
        """As the Protocol says."""
        return self.later[0] if self.later is not None and self.window is not None else None

    def open_since_ns(self) -> int | None:
        """As the Protocol says."""
        return self.out_since_ns if self.window is not None else None
