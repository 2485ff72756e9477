"""Whether the sign is visible: a client's lease, and its badge seen by ourselves on the real screen."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from agent.core.sign import LEASE_NS, NONCE_BYTES, Claim, SignState, ends_ns, judge
from agent.native.base import Clock, Grabber, NativeUnavailable, RawFrame, SignWitness, WatchingGrabber
from agent.native.choose import open_grabber, open_witness
from schemas.events import Rect

BEST_FIRST = (SignState.SEEN, SignState.NOT_SEEN, SignState.NO_BADGE)


class Leasing(Protocol):
    """A client that leases, as :class:`agent.net.control.Client` keeps it."""

    shown_ns: int | None
    badge: Rect | None
    drawn: bytes | None
    pid: int | None
    seen_ns: int | None


class Sign:
    """The sign of one daemon. For one thread, but for :meth:`claims`.

    Args:
        leasing: the clients that say that their icon is visible.
        open_witness: connects to the screen; raises ``NativeUnavailable``.
        clock: the time.
        entropy: gives nonces.
    """

    def __init__(
        self,
        leasing: Callable[[], Iterable[Leasing]],
        open_witness: Callable[[], SignWitness],
        clock: Clock,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._leasing = leasing
        self._open = open_witness
        self._clock = clock
        self._entropy = entropy
        self._witness: SignWitness | None = None
        self._nonce: bytes | None = None
        self._claims: tuple[Claim, ...] = ()

    @property
    def nonce(self) -> bytes:
        """What a badge has to show from now on. Made when first asked for after :meth:`rest` or :meth:`renew`."""
        if self._nonce is None:
            self._nonce = self._entropy(NONCE_BYTES)
        return self._nonce

    def state(self, holds_ns: int = LEASE_NS) -> SignState:
        """What the best sign of any client counts for."""
        now_ns = self._clock.monotonic_ns()
        states = [_judged(now_ns, client, holds_ns) for client in self._leasing()]
        return next((state for state in BEST_FIRST if state in states), SignState.NO_LEASE)

    def visible(self, holds_ns: int = LEASE_NS) -> bool:
        """Whether a person can see the sign, as far as was last looked, not longer ago than ``holds_ns``."""
        return self.state(holds_ns) is SignState.SEEN

    def until_ns(self, holds_ns: int = LEASE_NS) -> int | None:
        """When the sign stops counting unless something is renewed; ``None`` if it does not count now."""
        now_ns = self._clock.monotonic_ns()
        times = [
            ends_ns(client.shown_ns, client.seen_ns, holds_ns)
            for client in self._leasing()
            if client.shown_ns is not None and client.seen_ns is not None
        ]
        return max((t for t in times if t > now_ns), default=None)

    def look(self) -> bool:
        """Look at the screen for the badge of each client whose lease is fresh; whether any was seen."""
        now_ns = self._clock.monotonic_ns()
        live = [c for c in self._leasing() if _judged(now_ns, c) in (SignState.NOT_SEEN, SignState.SEEN)]
        self._claims = tuple(Claim(c.badge, self.nonce, c.pid, c.drawn) for c in live if c.badge is not None)
        witness = self._witnessing() if self._claims else None
        seen = [witness is not None and witness.sees(claim) for claim in self._claims]
        for client, there in zip(live, seen, strict=True):
            if there:
                client.seen_ns = self._clock.monotonic_ns()
        return any(seen)

    def claims(self) -> tuple[Claim, ...]:
        """What was last looked at. May be called from any thread."""
        return self._claims

    def unsee(self) -> None:
        """It was not there when it was needed: only another look can make it count again."""
        for client in self._leasing():
            client.seen_ns = None

    def renew(self) -> None:
        """A client with a sign is gone: whatever shows the old nonce from now on is a picture."""
        self._nonce = None

    def rest(self) -> None:
        """No sign is needed: look no more, and begin with another nonce next time. Idempotent."""
        self._nonce = None
        self._claims = ()
        self._leave()

    def asked(self, around: Rect | None) -> dict[str, Any]:
        """What the indicator is told to show."""
        return {"nonce": self.nonce.hex(), "around": around}

    def _witnessing(self) -> SignWitness | None:
        if self._witness is not None and self._witness.lost():
            self._leave()
        if self._witness is None:
            try:
                self._witness = self._open()
            except (NativeUnavailable, OSError):  # OSError: no descriptor to spare
                return None
        return self._witness

    def _leave(self) -> None:
        if self._witness is not None:
            self._witness.close()
            self._witness = None


class WitnessedGrabber:
    """A :class:`agent.native.base.WatchingGrabber` that takes no picture unless it saw the badge just before.

    Args:
        grabber: takes the pictures.
        witness: looks; of the same thread.
        claims: what to look for; one that is seen will do.
    """

    def __init__(self, grabber: Grabber, witness: SignWitness, claims: Callable[[], tuple[Claim, ...]]) -> None:
        self._grabber = grabber
        self._witness = witness
        self._claims = claims

    def grab(self, window: int) -> RawFrame | None:
        """As the grabber's own, or ``None`` where no badge is to be seen."""
        if not any(self._witness.sees(claim) for claim in self._claims()):
            return None
        return self._grabber.grab(window)

    def attend(self, window: int | None) -> None:
        """As the grabber's own, if it can watch."""
        if isinstance(self._grabber, WatchingGrabber):
            self._grabber.attend(window)

    def fileno(self) -> int:
        """As the grabber's own; -1 if it cannot watch."""
        return self._grabber.fileno() if isinstance(self._grabber, WatchingGrabber) else -1

    def heed(self) -> None:
        """As the grabber's own, if it can watch."""
        if isinstance(self._grabber, WatchingGrabber):
            self._grabber.heed()

    def changed(self, window: int) -> bool:
        """As the grabber's own; True if it cannot watch."""
        return self._grabber.changed(window) if isinstance(self._grabber, WatchingGrabber) else True

    def close(self) -> None:
        """Disconnect. Idempotent."""
        self._grabber.close()
        self._witness.close()


def open_witnessed(environ: Mapping[str, str], clock: Clock, claims: Callable[[], tuple[Claim, ...]]) -> Grabber:
    """Connect for taking pictures that need the badge. None is taken by that.

    Raises:
        NativeUnavailable: there is no backend for this system, or no display.
    """
    witness = open_witness(environ)
    try:
        return WitnessedGrabber(open_grabber(environ, clock), witness, claims)
    except NativeUnavailable:
        witness.close()
        raise


def _judged(now_ns: int, client: Leasing, holds_ns: int = LEASE_NS) -> SignState:
    return judge(now_ns, client.shown_ns, client.seen_ns, claims=client.badge is not None, holds_ns=holds_ns)
