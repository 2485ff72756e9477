"""The daemon's loop: one thread that hears the desktop, the person's programs and the clock."""

import logging
import selectors
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from agent.core.clocks import Reading, stepped
from agent.core.erase import DELETED
from agent.core.lifecycle import changed, closed_by, watches_focus
from agent.core.scope import browsers
from agent.core.sign import LEASE_NS, READY_NS, SignState
from agent.daemon.describe import describe
from agent.daemon.server import READY_RENEW_MS, RENEW_MS, ControlServer
from agent.daemon.session import Session, Tools, note_deletion
from agent.daemon.sign import Sign, open_witnessed
from agent.daemon.sites import Sites
from agent.daemon.standing import Standing, read_standing, settle_withdrawal
from agent.daemon.warden import Makers, Warden
from agent.disk.epoch import EpochStore
from agent.disk.keys import Keys
from agent.disk.limits import stamps
from agent.disk.places import Places
from agent.disk.switch import UNREADABLE, Position, Switch, Switched
from agent.native.base import Clock
from agent.native.choose import open_seat, open_witness
from agent.native.detect import open_detectors
from agent.native.parent import parent_of
from agent.net.control import Request, reply
from schemas.events import GapReason
from schemas.status import ClosedReason, Status

TICK_NS = 250_000_000
"""Nanoseconds between looks at switch and sign while the gate is open. While only focus keeps it closed, they are
looked at with each lease and before it opens; while anything else does, not at all."""
RECONNECT_NS = 2_000_000_000
"""Nanoseconds between tries to find the display again."""
MAX_SLEEP_S = 86_400.0
"""Seconds: longer waits overflow in the operating system."""
RETRY_OFF_NS = 5_000_000_000
"""Nanoseconds between tries to write an off that the disk refused: until it is written, a restart would forget it."""

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
            places.control_socket,
            self._selector,
            self._answer,
            monotonic_ns=clock.monotonic_ns,
            lost=self._lose_sign,
            renewed=self._renewed,
        )
        self._sign = Sign(self._server.leasing, lambda: open_witness(environ), clock, tools.entropy)
        found = read_standing(places, keys)
        awake = Tools(tools.now_s, tools.monotonic_s, tools.entropy, self.wake)
        self._warden = Warden(
            environ,
            clock,
            self._selector,
            self.wake,
            Makers(
                seat=lambda changed: open_seat(environ, clock, self._selector, changed),
                begin=lambda standing: Session(places, standing, self._next_epoch(), awake),
                pictures=lambda: open_witnessed(environ, clock, self._sign.claims),
                detect=lambda news: open_detectors(environ, clock, self._selector, news),
            ),
            found,
        )
        self._warden.sign_fresh = self._sign.visible
        self._sites = Sites(
            clock,
            lambda: self._server.clients,
            lambda: browsers(asked.policy) if (asked := self._warden.found.asked) else frozenset(),
            parent_of,
            self._server.send,
            self._warden.site_changed,
        )
        self._warden.sites = self._server.sites = self._sites
        self._offset_ns = clock.time_ns() - clock.monotonic_ns()
        self._ticked_ns = 0
        self._changes_ns: int | None = None  # Unix time at which something on disk changes by itself
        self._foreseen: tuple[Standing, int] | None = None  # of what, and since when (Unix), that was worked out
        self._stopping = False
        self._off_wanted = False
        self._forced_off: Switched | None = None  # an off that the disk did not take
        self._refused_at = UNREADABLE  # where the switch stood on the disk then
        self._retry_off_ns = 0  # when (monotonic) it is tried again
        self._told: dict[str, Any] | None = None
        self._told_badge: dict[str, Any] | None = None

    def run(self) -> None:
        """Serve until stopped, then close the gate, seal what may be kept, and end."""
        self._settle_ledger()
        self._review()
        while not self._stopping:
            self._turn(self._patience_s())
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

    def _turn(self, patience_s: float | None) -> None:
        """Hear what there is to hear, or wait so long for it, and do what is due."""
        ready = self._selector.select(patience_s)
        self._check_clock()  # first: what woke us from a sleep is not to be told by the epoch before it
        for key, mask in ready:
            self._obey_signal()
            held = self._selector.get_map().get(key.fd)  # what came before it in this round may have closed it
            if held is not None and held.fileobj is key.fileobj:
                act: Callable[[int], None] = held.data
                act(mask)
        self._obey_signal()
        self._on_time()
        self._broadcast()

    def _next_epoch(self) -> int:
        """A new clock epoch, whose numbers no event has ever borne."""
        self._warden.epoch = self._epochs.next()
        return self._warden.epoch

    def _review(self) -> None:
        visible = self._sign.visible(self._holds_ns())
        if not visible:
            self._sign.unsee()
        self._warden.review(sign_visible=visible)

    def _holds_ns(self) -> int:
        """How long a look at the sign holds now."""
        waits_ns = self._warden.waits_ns
        late = waits_ns is not None and self._clock.monotonic_ns() - waits_ns >= LEASE_NS
        ready = self._warden.facts.sign_visible and self._warden.gate is None and not late
        return READY_NS if ready else LEASE_NS

    def _review_switch(self) -> None:
        """As :meth:`_review`, by the switch as it is on the disk now: nobody need have told us of a change."""
        found = self._warden.found
        if self._switch.read() != found.switched or stamps(self._places) != found.managed.stamps:
            self._reload()
        self._review()

    def _answer(self, request: Request) -> dict[str, Any]:
        if request.op == "delete":
            return self._delete(request.since_ns or 0)
        match request.op:
            case "lease":
                self._look()
            case "off":
                self._switch_off()
            case "reload":
                self._reload()
                self._settle_ledger()
            case "stop":
                self.stop()
            case _:
                pass
        self._review_switch()
        return reply(self._status(), self._renew_ms(), self._badge() if request.op == "lease" else None)

    def _renewed(self, _request: Request) -> dict[str, Any]:
        """A lease again: the client knows the status, and is told when it changes."""
        if self._warden.gate is None and self._renew_ms() is not None:  # there are no ticks now
            self._look()
            self._review_switch()
        return reply(None, self._renew_ms(), self._badge())

    def _look(self) -> None:
        if self._renew_ms() is not None:
            self._sign.look()

    def _follow_sign(self) -> None:
        if self._sign.visible(self._holds_ns()) is not self._warden.facts.sign_visible:
            self._review_switch()

    def _lose_sign(self) -> None:
        """A client that showed the sign is gone."""
        self._sign.renew()
        self.wake()

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
        self._write_off(off)
        self._reload()
        self._settle_ledger()

    def _write_off(self, off: Switched) -> None:
        """Write an off; where the disk refuses, be off all the same and try again later."""
        try:
            self._switch.write(off)
        except OSError:
            if self._forced_off is None:
                _log.warning("the switch file cannot be written; trying again")
            self._forced_off, self._refused_at = off, self._switch.read()
            self._retry_off_ns = self._clock.monotonic_ns() + RETRY_OFF_NS
        else:
            self._forced_off = None

    def _retry_off(self, forced: Switched) -> None:
        """Write an off that the disk refused, unless the person has switched since."""
        if self._switch.read() == self._refused_at:
            self._write_off(forced)
        else:
            self._forced_off = None
        if self._forced_off is None:
            self._reload()
            self._settle_ledger()

    def _settle_ledger(self) -> None:
        """Write down what ended a consent: a clock that is set back later must not revive it."""
        if settle_withdrawal(self._places, self._warden.found, self._clock.time_ns()):
            self._reload()

    def _delete(self, since_ns: int) -> dict[str, Any]:
        """Wipe what is not sealed, note what is to be deleted, and go on: the sealing thread carries it out."""
        unsealed = self._warden.wipe(DELETED)
        self._review_switch()
        try:
            number = note_deletion(self._places, self._warden.session, since_ns, self._clock.time_ns(), unsealed)
        except OSError:
            _log.info("a deletion cannot be noted: the disk refuses")
            return {"v": 1, "error": "the disk refuses", "refused": True}
        return {"v": 1, "deletion": number}

    def _reload(self) -> None:
        found = read_standing(self._places, self._keys)
        if self._forced_off is not None and found.switched == self._refused_at:  # whatever the clock says
            found = replace(found, switched=self._forced_off)
        self._warden.found = found
        if self._warden.session is not None:
            self._warden.session.shipper.nudge()

    def _on_time(self) -> None:
        now_ns = self._clock.monotonic_ns()
        self._sites.on_time(now_ns)
        self._warden.on_time(now_ns, self._offset_ns)
        if self._changes_ns is not None and self._clock.time_ns() >= self._changes_ns:
            self._review()  # a pause, a consent or a policy ended
            self._settle_ledger()
        if self._forced_off is not None and now_ns >= self._retry_off_ns:
            self._retry_off(self._forced_off)
        self._foresee(self._clock.time_ns())
        every_ns = self._tick_ns()
        if every_ns is not None and now_ns >= self._ticked_ns + every_ns:
            self._tick(now_ns)
        self._follow_sign()
        gone = self._sign.state(self._holds_ns()) is SignState.NO_LEASE
        if self._sign.claims() and (gone or self._renew_ms() is None):
            self._sign.rest()

    def _foresee(self, now_ns: int) -> None:
        """When something on disk changes by itself next: worked out anew only where that may be another time."""
        due = self._changes_ns is not None and now_ns >= self._changes_ns
        if due or self._foreseen is None or self._foreseen[0] is not self._warden.found or now_ns < self._foreseen[1]:
            self._changes_ns = self._warden.found.changes_at_ns(now_ns)
            self._foreseen = self._warden.found, now_ns

    def _tick(self, now_ns: int) -> None:
        self._ticked_ns = now_ns
        self._look()
        self._review_switch()

    def _check_clock(self) -> None:
        """A clock step or a sleep begins a new epoch: times before and after cannot be compared."""
        now = self._read_clocks()
        if stepped(self._offset_ns, now):
            _log.warning("the clock was stepped, or the machine slept")
            self._warden.close(GapReason.CLOCK_STEP)
            self._next_epoch()
            self._review()
        if now.exact:
            self._offset_ns = now.offset_ns

    def _read_clocks(self) -> Reading:
        return Reading(self._clock.monotonic_ns(), self._clock.time_ns(), self._clock.monotonic_ns())

    def _patience_s(self) -> float | None:
        """How long to sleep, if nobody wakes us: for ever, while nothing hangs on time."""
        every_ns = self._tick_ns()
        times = [
            self._ticked_ns + every_ns if every_ns is not None else None,
            self._sign.until_ns(self._holds_ns()),
            self._warden.waits_ns + LEASE_NS if self._warden.waits_ns is not None else None,
            self._warden.deadline_ns(),
            self._sites.deadline_ns(),
            self._changes_ns - self._offset_ns if self._changes_ns else None,
            self._retry_off_ns if self._forced_off is not None else None,
        ]
        due = min((t for t in times if t is not None), default=None)
        if due is None:
            return None
        return min(max(0.0, (due - self._clock.monotonic_ns()) / 1e9), MAX_SLEEP_S)

    def _tick_ns(self) -> int | None:
        """How often to look at what nobody tells us of; ``None`` for never, while nothing hangs on it."""
        if self._warden.gate is not None:
            return TICK_NS
        return RECONNECT_NS if closed_by(self._warden.facts) == [ClosedReason.DISPLAY_LOST] else None

    def _renew_ms(self) -> int | None:
        """Leases are worth renewing only while nothing but sign, desktop and focus may stand in the way."""
        rest = changed(self._warden.facts, desktop=None, sign_visible=True)
        if not watches_focus(rest):
            return None
        warden = self._warden
        idle = warden.gate is None and warden.waits_ns is None and warden.facts.sign_visible
        return READY_RENEW_MS if idle else RENEW_MS

    def _badge(self) -> dict[str, Any] | None:
        """What the badge is to show, while a lease is wanted."""
        gate = self._warden.gate
        return self._sign.asked(gate.window.rect if gate else None) if self._renew_ms() is not None else None

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
        badge = self._badge()
        if shown != self._told:
            self._server.tell(reply(self._status(), self._renew_ms(), badge, event=True))
        elif badge != self._told_badge:
            self._server.tell(reply(None, self._renew_ms(), badge, event=True))
        self._told, self._told_badge = shown, badge

    def _end(self) -> None:
        self._warden.end(self._offset_ns)
        self._sign.rest()
        self._server.close()
        self._selector.close()
        self._woken.close()
        self._waker.close()

    def _wake_up(self, _mask: int) -> None:
        self._woken.recv(4096)
        self._review()
