"""The daemon's loop: one thread that hears the desktop, the person's programs and the clock."""

import logging
import selectors
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from agent.core.erase import DELETED
from agent.core.scope import browsers
from agent.core.sign import SignState
from agent.daemon.makers import Makers
from agent.daemon.pace import Pace
from agent.daemon.server import ControlServer
from agent.daemon.session import Session, Tools, anything_kept, carry_out, note_deletion
from agent.daemon.sign import Sign, open_witnessed
from agent.daemon.sites import Sites
from agent.daemon.standing import read_standing, settle_withdrawal
from agent.daemon.switching import Switching
from agent.daemon.telling import Teller
from agent.daemon.timekeeping import Timekeeper
from agent.daemon.warden import Warden
from agent.disk.epoch import EpochStore
from agent.disk.keys import Keys
from agent.disk.limits import stamps
from agent.disk.places import Places
from agent.disk.switch import Switch
from agent.native.base import Clock
from agent.native.choose import open_seat, open_witness, put_accessibility_back
from agent.native.detect import open_detectors
from agent.native.parent import parent_of
from agent.net.control import Request
from agent.net.updates import Updates
from schemas.events import GapReason

REVIEW_NS = 1_000_000_000
SEAL_EVERY_NS = 5_000_000_000
"""Nanoseconds between batches that are closed because the person wants to look at them."""
"""Nanoseconds after which a tick works everything out anew although nobody told of anything: room in the spool, and
redaction that keeps failing. The switch and the sign are looked at with every tick."""
NEWS, PICTURE = b"!", b"."
"""What wakes the loop: anything, after which everything is worked out anew; or that a picture was taken."""

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
        self._places, self._environ = places, environ
        self._keys = keys
        self._clock = clock
        self._switching = Switching(Switch(places.switch), clock)
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
        self._warden = Warden(
            environ, clock, self._selector, self.wake, self._makers(environ, tools), read_standing(places, keys)
        )
        self._warden.camera_wakes(self._nudge)
        self._warden.sign_fresh = self._sign.visible
        self._sites = self._make_sites()
        self._warden.sites = self._server.sites = self._sites
        self._pace = Pace(self._warden, clock)
        self._teller = Teller(self._warden, self._sign, self._pace, keys, self._server.tell)
        self._time = Timekeeper(clock)
        self._ticked_ns = self._review_ns = 0
        self._updates = Updates(places, tools.entropy, tools.now_s, self._looked)
        self._found_newer = self._looked_again = self._purged = False
        self._sealed_ns = -SEAL_EVERY_NS
        self._stopping = False
        self.again = False
        """Whether whoever ended it wants it begun anew."""
        self._off_wanted = False
        self._nudged = True

    def _makers(self, environ: Mapping[str, str], tools: Tools) -> Makers:
        clock = self._clock
        awake = replace(tools, wake=self.wake)
        return Makers(
            seat=lambda changed: open_seat(environ, clock, self._selector, changed),
            begin=lambda standing: Session(self._places, standing, self._next_epoch(), awake),
            pictures=lambda: open_witnessed(environ, clock, self._sign.claims),
            detect=lambda news: open_detectors(environ, clock, self._selector, news),
        )

    def _make_sites(self) -> Sites:
        return Sites(
            self._clock,
            lambda: self._server.clients,
            lambda: browsers(asked.policy) if (asked := self._warden.found.asked) else frozenset(),
            parent_of,
            self._server.send,
            self._warden.site_changed,
        )

    def run(self) -> None:
        """Serve until stopped, then close the gate, seal what may be kept, and end."""
        self._settle_ledger()
        self._review()
        self._purge_if_wanted()
        self._updates.start()
        while not self._stopping:
            self._turn(self._patience_s())
        self._end()

    def stop(self, *, again: bool = False) -> None:
        """End :meth:`run` soon; ``again``: to be begun anew. May be called from a signal handler."""
        self.again = self.again or again
        self._stopping = True
        self.wake()

    def switch_off_soon(self) -> None:
        """Do soon what ``off`` at the control socket does. May be called from a signal handler."""
        self._off_wanted = True
        self.wake()

    def wake(self) -> None:
        """Make the loop go round once, and work everything out anew. May be called from any thread."""
        self._rouse(NEWS)

    def _nudge(self) -> None:
        """Make the loop go round once: a picture was taken. May be called from any thread."""
        self._rouse(PICTURE)

    def _rouse(self, why: bytes) -> None:
        try:
            self._waker.send(why)
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
        self._teller.broadcast()

    def _next_epoch(self) -> int:
        """A new clock epoch, whose numbers no event has ever borne."""
        self._warden.epoch = self._epochs.next()
        return self._warden.epoch

    def _review(self) -> None:
        visible = self._sign.visible(self._pace.holds_ns())
        if not visible:
            self._sign.unsee()
        self._warden.review(sign_visible=visible)

    def _review_switch(self) -> None:
        """As :meth:`_review`, by the switch as it is on the disk now: nobody need have told us of a change."""
        if self._moved():
            self._reload()
        self._review()

    def _moved(self) -> bool:
        """Whether switch or files of limits on the disk are others than what is known of them."""
        found = self._warden.found
        return self._switching.moved(found) or stamps(self._places) != found.managed.stamps

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
            case "seal":
                self._seal_for_review()
            case "carry":
                carry_out(self._places, self._warden.session)
            case _:
                pass
        self._review_switch()
        return self._teller.answer(badge=request.op == "lease")

    def _renewed(self, _request: Request) -> dict[str, Any]:
        """A lease again."""
        if self._warden.gate is None and self._pace.renew_ms() is not None:  # there are no ticks now
            self._look()
            self._review_switch()
        return self._teller.renewed()

    def _look(self) -> None:
        if self._pace.renew_ms() is not None:
            self._sign.look()

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
        off = self._switching.off()
        self._warden.found = replace(self._warden.found, switched=off)
        self._review()  # the gate first: a disk may take as long as it likes, and a long ledger is read slowly
        self._teller.broadcast()
        self._switching.write(off)
        self._reload()
        self._settle_ledger()
        put_accessibility_back(self._places.accessibility, self._environ, self._clock)

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

    def _seal_for_review(self) -> None:
        """Close the open batch, but not more often than a person looks: each costs a padded file."""
        now_ns = self._clock.monotonic_ns()
        if self._warden.session is not None and now_ns - self._sealed_ns >= SEAL_EVERY_NS:
            self._sealed_ns = now_ns
            self._warden.session.pipeline.close_batch()

    def _reload(self) -> None:
        self._warden.found = self._switching.obeyed(read_standing(self._places, self._keys))
        if self._warden.session is not None:
            self._warden.session.read_masks()
            self._warden.session.shipper.nudge()
        self._purge_if_wanted()

    def _purge_if_wanted(self) -> None:
        """Once for each time that the organisation comes to want it: nothing is captured meanwhile."""
        wanted, done = self._warden.found.purges, self._purged
        self._purged = wanted
        if wanted and not done and anything_kept(self._places):
            self._delete(0)

    def _on_time(self) -> None:
        now_ns = self._clock.monotonic_ns()
        self._sites.on_time(now_ns)
        if self._nudged or self._pace.warden_due(now_ns):
            self._nudged = False
            self._warden.on_time(now_ns, self._time.offset_ns)
        if self._time.due():
            self._review()  # a pause, a consent or a policy ended
            self._settle_ledger()
        if self._switching.retry():
            self._reload()
            self._settle_ledger()
        self._time.foresee(self._warden.found)
        every_ns = self._pace.tick_ns()
        if every_ns is not None and now_ns >= self._ticked_ns + every_ns:
            self._tick(now_ns)
        sign = self._sign.state(self._pace.holds_ns())
        if (sign is SignState.SEEN) is not self._warden.facts.sign_visible:
            self._review_switch()
        if self._sign.claims() and (sign is SignState.NO_LEASE or self._pace.renew_ms() is None):
            self._sign.rest()

    def _tick(self, now_ns: int) -> None:
        self._ticked_ns = now_ns
        self._look()
        if now_ns >= self._review_ns or self._moved():
            self._review_ns = now_ns + REVIEW_NS
            self._review_switch()

    def _check_clock(self) -> None:
        """A clock step or a sleep begins a new epoch: times before and after cannot be compared."""
        if self._time.stepped():
            self._warden.close(GapReason.CLOCK_STEP)
            self._next_epoch()
            self._review()

    def _patience_s(self) -> float | None:
        """How long to sleep, if nobody wakes us: for ever, while nothing hangs on time."""
        every_ns = self._pace.tick_ns()
        return self._pace.patience_s(
            (
                self._ticked_ns + every_ns if every_ns is not None else None,
                self._sign.until_ns(self._pace.holds_ns()),
                self._sites.deadline_ns(),
                self._time.deadline_ns(),
                self._switching.deadline_ns(),
            )
        )

    def _end(self) -> None:
        self._updates.stop()
        self._warden.end(self._time.offset_ns)
        self._sign.rest()
        self._server.close()
        self._selector.close()
        self._woken.close()
        self._waker.close()

    def _looked(self, newer: bool) -> None:  # noqa: FBT001  # as Updates calls it, from its own thread
        self._found_newer = self._found_newer or newer
        self._looked_again = True
        self.wake()

    def _wake_up(self, _mask: int) -> None:
        self._nudged = True
        if not self._woken.recv(4096).strip(PICTURE):
            return
        if self._looked_again:
            self._looked_again = False
            self._review_switch()  # files of limits are looked at as often as the collector
        if self._found_newer:
            self._found_newer = False
            self._reload()
            self._settle_ledger()
        self._review()
