"""The daemon's hold on the desktop: connected only while capture may happen, hooked only while the gate is open."""

import logging
import selectors
from collections.abc import Callable, Mapping, Sequence

from agent.native.base import Clock, Native, NativeUnavailable, Signal
from agent.native.choose import open_native
from schemas.events import Modality
from schemas.status import ClosedReason

_log = logging.getLogger(__name__)


class Desk:
    """One connection to the windowing system, made and dropped on demand.

    Args:
        environ: which display.
        clock: the time.
        selector: the daemon's.
        heard: takes what the windowing system says, in order.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: Clock,
        selector: selectors.BaseSelector,
        heard: Callable[[Sequence[Signal]], None],
    ) -> None:
        self._environ = environ
        self._clock = clock
        self._selector = selector
        self._heard = heard
        self.native: Native | None = None
        self.offered = frozenset(Modality)
        """What can be had here, as far as it is known: what this desktop refuses counts as not agreed to."""
        self.why: ClosedReason | None = self.probe()

    def probe(self) -> ClosedReason | None:
        """Why this desktop cannot be watched; ``None`` if it can."""
        try:
            open_native(self._environ, self._clock).close()
        except (NativeUnavailable, OSError) as error:
            return self._reason(error)
        return None

    def connect(self) -> None:
        """Watch the desktop. Where that fails, :attr:`why` says why. Idempotent."""
        if self.native is not None:
            return
        try:
            self.native = open_native(self._environ, self._clock)
        except (NativeUnavailable, OSError) as error:
            self.why = self._reason(error)
            return
        self.why = None
        native = self.native
        self.offered = native.capabilities().offered()
        self._selector.register(native.fileno(), selectors.EVENT_READ, lambda _: self._heard(native.read()))

    def disconnect(self) -> None:
        """Watch no more. Idempotent."""
        if self.native is None:
            return
        native, self.native = self.native, None
        self._selector.unregister(native.fileno())
        native.close()

    def renew(self) -> None:
        """Watch through another connection: one that had hooks leaves empty records of them at the server."""
        if self.native is not None:
            self.disconnect()
            self.connect()

    def lost(self, why: str) -> None:
        """The windowing system went away."""
        _log.info("display lost: %s", why)
        self.disconnect()
        self.why = ClosedReason.DISPLAY_LOST

    def hooked(self) -> frozenset[Modality]:
        """Input hooks that exist now."""
        return self.native.hooked() if self.native else frozenset()

    def _reason(self, error: NativeUnavailable | OSError) -> ClosedReason:
        if isinstance(error, OSError):  # no descriptor to spare: tried again like a display that went
            _log.info("desktop: %s", error.strerror)
            return ClosedReason.DISPLAY_LOST
        _log.info("desktop: %s", error.why)
        return error.reason
