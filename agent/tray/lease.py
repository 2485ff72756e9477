"""The lease: "a person can see me now", said only after looking, and taken back as soon as it is no longer true."""

from collections.abc import Callable
from typing import Protocol

from agent.tray.presence import Hidden


class Ticker(Protocol):
    """Calls back again and again until stopped."""

    def start(self, interval_ms: int) -> None:
        """Begin, or go on at another pace."""
        ...

    def stop(self) -> None:
        """End. Idempotent."""
        ...

    def isActive(self) -> bool:  # noqa: N802  # Qt's name: a QTimer is one
        """Whether it runs."""
        ...


class Leaser:
    """Looks, and says what it saw.

    Args:
        look: why the icon cannot be seen; ``None`` if it can.
        say: tells the daemon whether it can be seen.
        ticker: its callback is :meth:`renew`.
    """

    def __init__(self, look: Callable[[], Hidden | None], say: Callable[[bool], None], ticker: Ticker) -> None:
        self._look = look
        self._say = say
        self._ticker = ticker
        self._interval_ms: int | None = None
        self._last_said: bool | None = None
        self.hidden: Hidden | None = Hidden.NO_HOST

    def joined(self) -> None:
        """A daemon is there: introduce ourselves, whatever is to be seen."""
        self._last_said = None
        self.renew()

    def lost(self) -> None:
        """The daemon is gone: look no more."""
        self._ticker.stop()
        self._interval_ms = self._last_said = None

    def wanted(self, renew_ms: int | None) -> None:
        """The daemon says how often it wants to hear; ``None``: nothing is captured, so not at all."""
        if renew_ms == self._interval_ms and self._ticker.isActive() is (renew_ms is not None):
            return
        self._interval_ms = renew_ms
        if renew_ms is None:
            self._ticker.stop()
        else:
            self._ticker.start(renew_ms)
            self.renew()

    def renew(self) -> None:
        """Look, and say it: each time that the icon is seen, and once that it is not."""
        self.hidden = self._look()
        shown = self.hidden is None
        if shown or self._last_said is not False:
            self._last_said = shown
            self._say(shown)
