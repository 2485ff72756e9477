"""Makes what looks into the window in front on this system: the only place that does."""

import selectors
import sys
from collections.abc import Callable, Mapping
from typing import Protocol

from agent.core.observe import WindowInfo
from agent.native.base import Clock
from schemas.policy import AppRule
from schemas.status import ClosedReason


class Looker(Protocol):
    """See :class:`agent.daemon.detectors.Detector`, which is this, said where it is used."""

    def attend(self, window: WindowInfo | None, app: AppRule | None) -> None:
        """Look into this window from now on."""
        ...

    def verdict(self) -> ClosedReason | None:
        """Why that window must not be captured now."""
        ...

    def deadline_ns(self) -> int | None:
        """When that may change by time alone."""
        ...

    def open_since_ns(self) -> int | None:
        """Since when that is still to be seen."""
        ...


def open_detectors(
    environ: Mapping[str, str], clock: Clock, selector: selectors.BaseSelector, news: Callable[[int], None]
) -> list[Looker]:
    """The detectors that this system has. They hold nothing until they are told to attend to a window.

    Args:
        environ: which session.
        clock: the time.
        selector: the daemon's.
        news: told of each change of a verdict, with the time from which on it counts.
    """
    if not sys.platform.startswith("linux"):
        return []
    # Here, because D-Bus and terminals are of no use elsewhere, nor installed.
    from agent.native.accessible.secure import SecureFocus  # noqa: PLC0415
    from agent.native.terminal import EchoOff  # noqa: PLC0415

    return [SecureFocus(environ, clock, selector, news), EchoOff(clock, selector, news)]
