"""The daemon's loop: one thread that hears the desktop, the person's programs and the clock."""

import logging
import selectors
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from agent.core.lifecycle import changed, closed_by, watches_focus
from agent.daemon.describe import describe
from agent.daemon.server import RENEW_MS, ControlServer
from agent.daemon.session import Session, Tools
from agent.daemon.standing import read_standing, settle_withdrawal
from agent.daemon.warden import Warden
from agent.disk.epoch import EpochStore
from agent.disk.keys import Keys
from agent.disk.places import Places
from agent.disk.switch import Position, Switch, Switched
from agent.native.base import Clock
from agent.net.control import Request, reply
from schemas.status import ClosedReason, Status

TICK_NS = 250_000_000
"""Nanoseconds between looks at switch and lease while capture may happen. While it may not, there are none."""
RECONNECT_NS = 2_000_000_000
"""Nanoseconds between tries to find the display again."""
MAX_SLEEP_S = 86_400.0
"""Seconds: longer waits overflow in the operating system."""
STEP_NS = 1_000_000_000
"""Nanoseconds by which wall and monotonic clock may drift apart before it counts as a clock step."""

_log = logging.getLogger(__name__)


class Daemon:
    """Serves until :meth:`stop`.

    Args:
        places: where this person's agent lies.
        keys: their private keys.
        environ: which display.
        clock: the time.
        tools: clocks and entropy for the working parts.

    Raises:
        OSError: another daemon runs for this person, or the state folder cannot be written.
    """

    def __init__(self, places: Places, keys: Keys, environ: Mapping[str, str], clock: Clock, tools: Tools) -> None:
        self._places = places
        self._keys = keys
        self._clock = clock
        self._switch = Switch(places.switch)
        self._switch.preallocate()
        self._epochs = EpochStore(places.epoch)
        self._selector = selectors.DefaultSelector()
        self._woken, self._waker = socket.socketpair()
        for end in (self._woken, self._waker):
            end.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._wake_up)
        self._server = ControlServer(
            places.control_socket, self._selector, self._answer, monotonic_ns=clock.monotonic_ns, lost=self.wake
        )
        found = read_standing(places, keys)
        awake = Tools(tools.now_s, tools.monotonic_s, tools.entropy, self.wake)
        self._warden = Warden(
            environ,
            clock,
            self._selector,
            self.wake,
            lambda standing, epoch: Session(places, standing, epoch, awake),
            found,
        )
        self._warden.epoch = self._epochs.next()
        self._offset_ns = clock.time_ns() - clock.monotonic_ns()
        self._next_tick_ns = 0
        self._changes_ns: int | None = None  # Unix time at which something on disk changes by itself
        self._stopping = False
        self._off_wanted = False
        self._forced_off: Switched | None = None  # an off that the disk did not take
        self._told: dict[str, Any] | None = None

    def run(self) -> None:
        """Serve until stopped, then close the gate, seal what may be kept, and end."""
        if settle_withdrawal(self._places, self._warden.found, self._clock.time_ns()):
            self._reload()
        self._review()
        while not self._stopping:
            for key, mask in self._selector.select(self._patience_s()):
                self._obey_signal()
                act: Callable[[int], None] = key.data
                act(mask)
            self._obey_signal()
            self._on_time()
            self._broadcast()
        self._end()

    def stop(self) -> None:
        """End :meth:`run` soon. May be called from a signal handler."""
        self._stopping = True
        self.wake()

    def switch_off_soon(self) -> None:
        """Do soon what ``off`` at the control socket does. May be called from a signal handler."""
        self._off_wanted = True
        self.wake()

    def wake(self) -> None:
        """Make the loop go round once. May be called from any thread."""
        try:
            self._waker.send(b"!")
        except OSError:
            return  # it is awake already, or gone

    def _review(self) -> None:
        self._warden.review(sign_visible=self._sign_visible())

    def _answer(self, request: Request) -> dict[str, Any]:
        match request.op:
            case "off":
                self._switch_off()
            case "reload":
                self._reload()
            case "stop":
                self.stop()
            case _:
                pass
        self._review()
        return reply(self._status(), self._renew_ms())

    def _obey_signal(self) -> None:
        if self._off_wanted:
            self._off_wanted = False
            self._switch_off()
            self._review()

    def _switch_off(self) -> None:
        off = Switched(position=Position.OFF, at_ns=self._clock.time_ns())
        self._warden.found = replace(self._warden.found, switched=off)
        self._review()  # the gate first: a disk may take as long as it likes, and a long ledger is read slowly
        self._broadcast()
        try:
            self._switch.write(off)
        except OSError:
            _log.warning("the switch file cannot be written; off for as long as this daemon runs")
            self._forced_off = off
        self._reload()
        if settle_withdrawal(self._places, self._warden.found, self._clock.time_ns()):
            self._reload()

    def _reload(self) -> None:
        found = read_standing(self._places, self._keys)
        if self._forced_off is not None and found.switched.at_ns < self._forced_off.at_ns:
            found = replace(found, switched=self._forced_off)
        self._warden.found = found
        if self._warden.session is not None:
            self._warden.session.shipper.nudge()

    def _on_time(self) -> None:
        now_ns = self._clock.monotonic_ns()
        self._check_clock(now_ns)
        self._warden.on_time(now_ns, self._offset_ns)
        every_ns = self._tick_ns()
        if self._changes_ns is not None and self._clock.time_ns() >= self._changes_ns:
            self._review()  # a pause, a consent or a policy ended
        self._changes_ns = self._warden.found.changes_at_ns(self._clock.time_ns())
        if every_ns is not None and now_ns >= self._next_tick_ns:
            self._next_tick_ns = now_ns + every_ns
            if self._switch.read() != self._warden.found.switched:
                self._reload()
            self._review()

    def _check_clock(self, now_ns: int) -> None:
        """A clock step or a sleep begins a new epoch: times before and after cannot be compared."""
        offset = self._clock.time_ns() - now_ns
        if abs(offset - self._offset_ns) > STEP_NS:
            _log.warning("the clock was stepped")
            self._warden.close()
            self._warden.epoch = self._epochs.next()
            self._review()
        self._offset_ns = offset

    def _patience_s(self) -> float | None:
        """How long to sleep, if nobody wakes us: for ever, while nothing hangs on time."""
        times = [
            self._next_tick_ns if self._tick_ns() is not None else None,
            self._warden.deadline_ns(),
            self._changes_ns - self._offset_ns if self._changes_ns else None,
        ]
        due = min((t for t in times if t is not None), default=None)
        if due is None:
            return None
        return min(max(0.0, (due - self._clock.monotonic_ns()) / 1e9), MAX_SLEEP_S)

    def _tick_ns(self) -> int | None:
        """How often to look at what nobody tells us of; ``None`` for never, while nothing hangs on it."""
        if self._warden.desk.native is not None or self._sign_visible():
            return TICK_NS
        return RECONNECT_NS if closed_by(self._warden.facts) == [ClosedReason.DISPLAY_LOST] else None

    def _sign_visible(self) -> bool:
        until = self._server.lease_until_ns()
        return until is not None and self._clock.monotonic_ns() < until

    def _renew_ms(self) -> int | None:
        """Leases are worth renewing only while nothing but sign, desktop and focus may stand in the way."""
        rest = changed(self._warden.facts, desktop=None, sign_visible=True)
        return RENEW_MS if watches_focus(rest) else None

    def _status(self) -> Status:
        warden = self._warden
        return describe(
            warden.facts, warden.found, warden.session, warden.gate, keys=self._keys, hooked=warden.desk.hooked()
        )

    def _broadcast(self) -> None:
        """Tell the indicator when what it shows has changed; counts alone are no news."""
        warden = self._warden
        shown = {
            "facts": closed_by(warden.facts),
            "app": warden.gate.app.id if warden.gate else None,
            "renew": self._renew_ms(),
            "reached": warden.session.shipper.reached if warden.session else None,
        }
        if shown != self._told:
            self._told = shown
            self._server.tell(reply(self._status(), self._renew_ms(), event=True))

    def _end(self) -> None:
        self._warden.end(self._offset_ns)
        self._server.close()
        self._selector.close()
        self._woken.close()
        self._waker.close()

    def _wake_up(self, _mask: int) -> None:
        self._woken.recv(4096)
        self._review()
