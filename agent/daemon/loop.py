"""The daemon: one thread that hears the desktop, the person's programs and the clock, and obeys the lifecycle table.

Everything that can change anything ends in :meth:`Daemon.review`, which works out the facts anew and opens or closes
the gate to match. There is no other way to open it.
"""

import logging
import selectors
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.core.gate import Allowed, Open, decide, judge_focus
from agent.core.lifecycle import Facts, changed, closed_by, may_capture, watches_focus
from agent.core.observe import KeyObserved, Observation, PointerObserved, ScrollObserved, WindowInfo
from agent.core.reasons import REASONS
from agent.core.triggers import Trigger, Triggers
from agent.daemon.describe import describe
from agent.daemon.desk import Desk
from agent.daemon.server import RENEW_MS, ControlServer
from agent.daemon.session import Session, Tools
from agent.daemon.standing import read_standing, settle_withdrawal
from agent.disk.epoch import EpochStore
from agent.disk.keys import Keys
from agent.disk.places import Places
from agent.disk.switch import Position, Switch, Switched
from agent.native.base import Clock, DisplayLost, FocusChanged, Signal
from agent.native.choose import open_grabber
from agent.net.control import Request, reply
from agent.pipeline.stamps import Ground, Moment
from agent.sources.screen import ScreenSource, Wanted
from schemas.events import GapReason, Modality
from schemas.status import ClosedReason, State

TICK_NS = 250_000_000
"""Nanoseconds between looks at switch and lease while capture may happen. While it may not, there are none."""
POINTER_NS = 50_000_000
"""Nanoseconds between looks at the pointer while it is captured: 20 a second (DESIGN §5)."""
RECONNECT_NS = 2_000_000_000
"""Nanoseconds between tries to find the display again."""
MAX_FAILURES = 3
"""Segments in a row that redaction could not handle, after which nothing more is captured."""
STEP_NS = 1_000_000_000
"""Nanoseconds by which wall and monotonic clock may drift apart before it counts as a clock step."""

_log = logging.getLogger(__name__)

_GAPS = {
    ClosedReason.PAUSED: GapReason.PAUSED,
    ClosedReason.NO_SIGN: GapReason.NO_SIGN,
    ClosedReason.SESSION_INACTIVE: GapReason.LOCKED,
    ClosedReason.SECURE_INPUT: GapReason.PASSWORD,
    ClosedReason.DISPLAY_LOST: GapReason.DISPLAY_LOST,
    ClosedReason.REDACTION_FAILING: GapReason.REDACTION_FAILED,
}


class Daemon:
    """See the module's text. :meth:`run` returns when :meth:`stop` was called."""

    def __init__(self, places: Places, keys: Keys, environ: Mapping[str, str], clock: Clock, tools: Tools) -> None:
        self._places = places
        self._keys = keys
        self._environ = environ
        self._clock = clock
        self._tools = Tools(tools.now_s, tools.monotonic_s, tools.entropy, self.wake)
        self._switch = Switch(places.switch)
        self._switch.preallocate()
        self._epochs = EpochStore(places.epoch)
        self._epoch = self._epochs.next()
        self._offset_ns = clock.time_ns() - clock.monotonic_ns()
        self._selector = selectors.DefaultSelector()
        self._woken, self._waker = socket.socketpair()
        for end in (self._woken, self._waker):
            end.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._wake_up)
        self._desk = Desk(environ, clock, self._selector, self._hear)
        self._screen = ScreenSource(lambda: open_grabber(environ, clock), self.wake)
        self._triggers = Triggers()
        self._facts = Facts(desktop=self._desk.why)
        self._ground: Ground | None = None
        self._windows: dict[int, int] = {}
        self._closed: tuple[GapReason, Moment, str] | None = None
        self._next_pointer_ns = 0
        self._next_tick_ns = 0
        self._stopping = False
        self._told: dict[str, Any] | None = None
        self._session: Session | None = None
        self._found = read_standing(places, keys)
        self._server = ControlServer(
            places.control_socket,
            self._selector,
            self._answer,
            monotonic_ns=clock.monotonic_ns,
            lost=self.wake,
        )

    def run(self) -> None:
        """Serve until stopped, then close the gate, seal what may be kept, and end."""
        if settle_withdrawal(self._places, self._found, self._clock.time_ns()):
            self._reload()
        self.review()
        while not self._stopping:
            for key, mask in self._selector.select(self._patience_s()):
                act: Callable[[int], None] = key.data
                act(mask)
            self._on_time()
        self._end()

    def stop(self) -> None:
        """End :meth:`run` soon. May be called from a signal handler."""
        self._stopping = True
        self.wake()

    def wake(self) -> None:
        """Make the loop go round once. May be called from any thread."""
        try:
            self._waker.send(b"!")
        except (BlockingIOError, OSError):
            return  # it is awake already, or gone

    # --- facts ---

    def review(self) -> None:
        """Work out the facts anew and make gate, hooks and sign match them."""
        now_ns = self._clock.time_ns()
        self._facts = changed(self._facts, **self._found.facts(now_ns), sign_visible=self._sign_visible())
        self._prepare()
        self._facts = changed(self._facts, desktop=self._desk.why)
        self._look()
        self._broadcast()

    def _prepare(self) -> None:
        """Have the session's parts and the desktop at hand exactly while they are needed."""
        if self._session is None and self._found.asked is not None and self._found.key is not None:
            self._begin_session()
        if self._session is not None:
            works = self._session.redaction_works and self._session.pipeline.failures < MAX_FAILURES
            self._facts = changed(self._facts, spool_room=self._session.spool_room(), redaction_works=works)
        if watches_focus(changed(self._facts, desktop=None)):
            self._desk.connect()
        else:
            self._close_gate()
            self._desk.disconnect()
            self._screen.stop()

    def _look(self) -> None:
        """See which window is in front, and open or close the gate."""
        window = self._desk.native.focused() if self._desk.native else None
        self._face(window)

    def _face(self, window: WindowInfo | None) -> None:
        asked = self._found.asked
        if asked is None or self._desk.native is None:
            self._facts = changed(self._facts, focus=ClosedReason.FOCUS_UNKNOWN)
            self._close_gate()
            return
        effective = self._found.effective(self._clock.time_ns())
        reason, rule, modalities = judge_focus(window, asked.policy, effective)
        self._facts = changed(self._facts, focus=reason)
        if may_capture(self._facts) and window is not None and rule is not None:
            gate = Open(window=window, app=rule, modalities=modalities, since_ns=self._clock.monotonic_ns())
            self._open_gate(gate, effective.timing)
        else:
            self._close_gate()

    # --- gate ---

    def _open_gate(self, gate: Open, timing: Any) -> None:
        if self._ground is not None and self._ground.gate.window.window == gate.window.window:
            self._same_window(gate)
            return
        self._close_gate()
        session, native = self._session, self._desk.native
        _, interval = self._found.consent(self._clock.time_ns())
        if session is None or native is None or interval is None:
            return
        native.hook(gate.window.window, gate.modalities - {Modality.SCREEN})
        now = self._moment()
        number = self._windows.setdefault(gate.window.window, len(self._windows))
        ground = Ground(gate, number, session.authority(interval), timing, self._epoch, now)
        self._ground = ground
        session.pipeline.enter(ground, now)
        self._tell_gap(ground, now)
        self._note(Trigger.FOCUS)

    def _same_window(self, gate: Open) -> None:
        """The window in front moved or changed its title."""
        old = self._ground
        if old is None or old.gate.window == gate.window or self._session is None:
            return
        window = gate.window
        kept = Open(window=window, app=old.gate.app, modalities=old.gate.modalities, since_ns=old.gate.since_ns)
        self._ground = Ground(kept, old.number, old.authority, old.timing, old.epoch, old.since)
        self._session.pipeline.enter(self._ground, self._moment())
        self._note(Trigger.FOCUS)

    def _close_gate(self) -> None:
        """No hook after this. What was captured is kept, or wiped if the person said no."""
        if self._desk.native is not None:
            self._desk.native.unhook()
        ground, self._ground = self._ground, None
        self._triggers.clear()
        closed = closed_by(self._facts)
        refused = any(REASONS[reason].state is State.OFF for reason in closed)
        if self._session is None:
            return
        if refused:
            self._session.pipeline.wipe()
            self._screen.forget()
        elif ground is not None:
            now = self._moment()
            self._session.pipeline.leave(ground, now)
            if closed and closed[0] in _GAPS:
                self._closed = (_GAPS[closed[0]], now, ground.authority.consent)
                self._session.pipeline.close_batch()

    def _tell_gap(self, ground: Ground, now: Moment) -> None:
        if self._closed is None or self._session is None:
            return
        (reason, begin, consent), self._closed = self._closed, None
        if consent == ground.authority.consent:
            self._session.pipeline.gap(ground, reason, begin, now.mono_ns)

    # --- what is heard ---

    def _hear(self, signals: Sequence[Signal]) -> None:
        for signal in signals:
            match signal:
                case FocusChanged():
                    self._face(signal.window)
                case DisplayLost():
                    self._desk.lost(signal.why)
                    self.review()
                case _:
                    self._observe(signal)
        self._broadcast()

    def _observe(self, seen: Observation) -> None:
        session, ground = self._session, self._ground
        if session is None:
            return
        judged = decide(seen, ground.gate if ground else None)
        if ground is None or not isinstance(judged, Allowed):
            session.pipeline.drop(judged) if not isinstance(judged, Allowed) else None
            return
        if isinstance(seen, PointerObserved) and seen.action == "down":
            session.pipeline.click()
        session.pipeline.observe(ground, judged)
        self._call_for_picture(seen)

    def _call_for_picture(self, seen: Observation) -> None:
        if isinstance(seen, KeyObserved) and seen.down:
            self._note(Trigger.TYPING)
        elif isinstance(seen, ScrollObserved):
            self._note(Trigger.SCROLL)
        elif isinstance(seen, PointerObserved) and seen.action == "down":
            self._note(Trigger.PRESS)
            self._note(Trigger.SETTLE)

    def _note(self, trigger: Trigger) -> None:
        if self._ground is not None and Modality.SCREEN in self._ground.gate.modalities:
            self._triggers.note(trigger, self._clock.monotonic_ns())

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
        self.review()
        return reply(self._status(), self._renew_ms())

    def _switch_off(self) -> None:
        off = Switched(position=Position.OFF, at_ns=self._clock.time_ns())
        try:
            self._switch.write(off)
        except OSError:
            _log.warning("the switch file cannot be written; off for as long as this daemon runs")
        self._found = read_standing(self._places, self._keys)
        if settle_withdrawal(self._places, self._found, self._clock.time_ns()):
            self._reload()

    def _reload(self) -> None:
        self._found = read_standing(self._places, self._keys)
        if self._session is not None:
            self._session.shipper.nudge()

    # --- time ---

    def _on_time(self) -> None:
        now_ns = self._clock.monotonic_ns()
        self._check_clock(now_ns)
        if self._session is not None:
            self._fetch_pictures()
            self._session.pipeline.tick(now_ns)
        if self._ground is not None:
            self._poll(now_ns)
        if now_ns >= self._next_tick_ns:
            self._next_tick_ns = now_ns + self._tick_ns()
            if self._switch.read() != self._found.switched:
                self._reload()
            self.review()

    def _poll(self, now_ns: int) -> None:
        if self._desk.native is not None and now_ns >= self._next_pointer_ns and self._polls_pointer():
            self._next_pointer_ns = now_ns + POINTER_NS
            moved = self._desk.native.poll_pointer()
            if moved is not None:
                self._observe(moved)
        trigger = self._triggers.pop(now_ns)
        if trigger is not None:
            self._photograph(trigger)

    def _photograph(self, trigger: Trigger) -> None:
        ground, session = self._ground, self._session
        if ground is None or session is None:
            return
        token = session.pipeline.expect_picture(ground, trigger)
        wanted = Wanted(ground.gate.window.window, trigger, token)
        if not self._screen.want(wanted):
            session.pipeline.no_picture(token, "overflow")

    def _fetch_pictures(self) -> None:
        for wanted, answer in self._screen.answers():
            if self._session is not None:
                self._session.pipeline.picture(wanted.token, answer, self._offset_ns)

    def _check_clock(self, now_ns: int) -> None:
        offset = self._clock.time_ns() - now_ns
        if abs(offset - self._offset_ns) > STEP_NS:
            _log.warning("the clock was stepped")
            self._close_gate()
            self._epoch = self._epochs.next()
            self.review()
        self._offset_ns = offset

    def _patience_s(self) -> float | None:
        times = [self._next_tick_ns if self._tick_ns() < RECONNECT_NS * 1000 else None]
        if self._session is not None:
            times.append(self._session.pipeline.deadline_ns())
        if self._ground is not None:
            times.append(self._triggers.deadline_ns())
            times.append(self._next_pointer_ns if self._polls_pointer() else None)
        change_ns = self._found.changes_at_ns(self._clock.time_ns())
        times.append(change_ns - self._offset_ns if change_ns else None)
        due = min((t for t in times if t is not None), default=None)
        return max(0.0, (due - self._clock.monotonic_ns()) / 1e9) if due is not None else None

    def _tick_ns(self) -> int:
        """How often to look at what nobody tells us of: never, unless something hangs on it."""
        if self._desk.native is not None or self._sign_visible():
            return TICK_NS
        return RECONNECT_NS if closed_by(self._facts) == [ClosedReason.DISPLAY_LOST] else RECONNECT_NS * 10_000

    def _polls_pointer(self) -> bool:
        return self._ground is not None and Modality.POINTER in self._ground.gate.modalities

    # --- the sign, and words ---

    def _sign_visible(self) -> bool:
        until = self._server.lease_until_ns()
        return until is not None and self._clock.monotonic_ns() < until

    def _renew_ms(self) -> int | None:
        """Leases are worth renewing only while nothing but sign, desktop and focus may stand in the way."""
        rest = changed(self._facts, desktop=None, sign_visible=True)
        return RENEW_MS if watches_focus(rest) else None

    def _status(self) -> Any:
        gate = self._ground.gate if self._ground else None
        return describe(self._facts, self._found, self._session, gate, keys=self._keys, hooked=self._desk.hooked())

    def _broadcast(self) -> None:
        """Tell the indicator when what it shows has changed; counts alone are no news."""
        shown = {
            "facts": closed_by(self._facts),
            "app": self._ground.gate.app.id if self._ground else None,
            "renew": self._renew_ms(),
            "reached": self._session.shipper.reached if self._session else None,
        }
        if shown != self._told:
            self._told = shown
            self._server.tell(reply(self._status(), self._renew_ms(), event=True))

    # --- beginning and end ---

    def _begin_session(self) -> None:
        try:
            self._session = Session(self._places, self._found, self._keys, self._epoch, self._tools)
        except (OSError, ValueError) as error:
            _log.warning("cannot begin: %s", error)
            self._facts = changed(self._facts, keys=False)
            return
        self._session.start()

    def _end(self) -> None:
        self._close_gate()
        self._desk.disconnect()
        self._screen.stop()
        if self._session is not None:
            self._fetch_pictures()
            self._session.pipeline.close_batch()
            self._session.stop()
        self._server.close()
        self._selector.close()
        self._woken.close()
        self._waker.close()

    def _wake_up(self, _mask: int) -> None:
        self._woken.recv(4096)
        self.review()

    def _moment(self) -> Moment:
        return Moment(self._clock.monotonic_ns(), self._clock.time_ns())
