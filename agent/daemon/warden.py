"""Keeps the gate: works out the facts, and makes desktop, hooks and pipeline match them.

Everything that can change anything ends in :meth:`Warden.review`. There is no other way to open the gate.
"""

import logging
import selectors
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agent.core.batch import Authority
from agent.core.gate import Allowed, Open, decide, judge_focus, titled
from agent.core.lifecycle import Effect, Facts, changed, closed_by, effects, may_capture, watches_focus
from agent.core.observe import Observation, PointerObserved, WindowInfo
from agent.core.scope import shows_sites
from agent.core.triggers import Trigger
from agent.daemon.camera import Camera
from agent.daemon.desk import Desk
from agent.daemon.detectors import Detect, none
from agent.daemon.elements import Elements
from agent.daemon.gaps import Gaps
from agent.daemon.session import Session
from agent.daemon.sites import NoSites, SiteSource
from agent.daemon.standing import Standing
from agent.native.base import AlwaysHere, Clock, DisplayLost, FocusChanged, Grabber, SessionWatch, Signal
from agent.native.choose import open_grabber
from agent.pipeline.stamps import Ground, Moment
from schemas.age import AgeError
from schemas.events import GapReason, LossAccount, Modality
from schemas.policy import AppRule
from schemas.scope import TimingTier
from schemas.status import ClosedReason

POINTER_NS = 50_000_000
"""Nanoseconds between looks at the pointer while it is captured: 20 a second (DESIGN §5)."""
MOVING_NS = 33_000_000
"""The same while it moves and exact times were agreed to: 30 a second. Each look wakes this process and the server."""
TIDY_NS = 500_000_000
"""Nanoseconds after the gate closed at which connections that had hooks or took pictures are given up: later than
somebody needs who only looks into another window, soon enough that nobody wonders what they are for."""
MAX_FAILURES = 3
"""Segments in a row that redaction could not handle, after which nothing more is captured."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Makers:
    """Make a warden's parts, each when it is first needed."""

    begin: Callable[[Standing], Session]
    """The session's parts, once the keys are at hand; raises ``OSError`` where that fails."""
    pictures: Callable[[], Grabber] | None = None
    """Connects for taking pictures, in the thread that takes them; by default without looking at the sign."""
    detect: Detect = none
    """What looks into the window in front; by default nothing does."""
    seat: Callable[[Callable[[], None]], SessionWatch] = lambda _changed: AlwaysHere()
    """What tells whether the person sits at this session; calls back when that may have changed."""


class Warden:
    """The gate of one daemon. For one thread.

    Args:
        environ: which display.
        clock: the time.
        selector: the daemon's; the desktop is heard through it.
        wake: makes the daemon's loop go round, from any thread.
        makers: make its parts.
        found: the first reading of the disk.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: Clock,
        selector: selectors.BaseSelector,
        wake: Callable[[], None],
        makers: Makers,
        found: Standing,
    ) -> None:
        self._clock = clock
        self._begin = makers.begin
        self._camera = Camera(makers.pictures or (lambda: open_grabber(environ, clock)), wake, clock)
        self.desk = Desk(environ, clock, selector, self._hear)
        self._detectors = makers.detect(self._late)
        self._elements = Elements(self._detectors)
        self._seat = makers.seat(wake)
        self.facts = Facts(desktop=self.desk.why, session_active=True)
        self._obeyed = self.facts  # those whose effects were carried out last
        self.found = found
        self.session: Session | None = None
        self.epoch = 0
        self.sign_fresh: Callable[[], bool] = lambda: self.facts.sign_visible
        """Whether the sign was seen just now: asked before the gate opens."""
        self.sites: SiteSource = NoSites()
        """Knows what a browser's window shows."""
        self.waits_ns: int | None = None  # since when only a fresh look at the sign is missing
        self._ground: Ground | None = None
        self._windows: dict[int, int] = {}
        self._gaps = Gaps()
        self._next_pointer_ns = 0
        self._tidy_ns: int | None = None

    @property
    def gate(self) -> Open | None:
        """The open gate."""
        return self._ground.gate if self._ground else None

    def review(self, *, sign_visible: bool) -> None:
        """Work out the facts anew and make gate and hooks match them."""
        now_ns = self._clock.time_ns()
        self.facts = changed(self.facts, **self.found.facts(now_ns), sign_visible=sign_visible)
        self._prepare()
        self.facts = changed(self.facts, desktop=self.desk.why)
        self._face(self.desk.native.focused() if self.desk.native else None)

    def on_time(self, now_ns: int, wall_offset_ns: int) -> None:
        """Time has passed: fetch pictures, end segments, look at the pointer, ask for pictures."""
        if self.session is None:
            return
        self._camera.fetch(self.session.pipeline, wall_offset_ns)
        self.session.pipeline.tick(now_ns)
        if any(due is not None and now_ns >= due for due in self._dues()):
            self._late(now_ns)
        if self._polls_pointer() and now_ns >= self._next_pointer_ns:
            self._poll_pointer(now_ns)
        if self._ground is not None:
            self._camera.take_due(self.session.pipeline, self._ground)
        elif self._tidy_ns is not None and now_ns >= self._tidy_ns:
            self._tidy()

    def deadline_ns(self) -> int | None:
        """When :meth:`on_time` next has something to do; ``None`` for never."""
        if self.session is None:
            return None
        times = [self.session.pipeline.deadline_ns(), self._tidy_ns, *self._dues()]
        if self._ground is not None:
            times += [self._camera.deadline_ns(), self._next_pointer_ns if self._polls_pointer() else None]
        return min((t for t in times if t is not None), default=None)

    def close(self, why: GapReason | None = None) -> None:
        """Close the gate, whatever the facts; a review may open it again, and then tell why it was closed."""
        ground = self._ground
        self._close_gate()
        if ground is not None and why is not None:
            self._gaps.closed(ground, why, self._moment())

    def wipe(self, reason: str) -> int:
        """Forget everything that is in no closed batch, and say how many observations; a review opens the gate anew."""
        self.close(GapReason.DELETED)
        if self.session is None:
            return 0
        before = _dropped(self.session.pipeline.totals(), reason)
        self.session.pipeline.wipe(reason)
        self._camera.forget()
        return _dropped(self.session.pipeline.totals(), reason) - before

    def end(self, wall_offset_ns: int) -> None:
        """An orderly end: what was captured is kept and sealed."""
        self._close_gate()
        self._attend(None, None)
        self.desk.disconnect()
        self._seat.leave()
        self._camera.stop()
        if self.session is not None:
            self._camera.fetch(self.session.pipeline, wall_offset_ns)
            self.session.pipeline.flush()
            self.session.stop()

    def _prepare(self) -> None:
        """Have the session's parts and the desktop at hand exactly while they are needed."""
        if self.session is not None and not self.session.serves(self.found):
            self._end_session(self.session)
        if self.session is None and self.found.asked is not None and self.found.key is not None:
            self._begin_session()
        if self.session is not None:
            works = self.session.redaction_works and self.session.pipeline.failures < MAX_FAILURES
            self.facts = changed(self.facts, spool_room=self.session.spool_room(), redaction_works=works)
        if watches_focus(changed(self.facts, desktop=None, session_active=True)):
            self._seat.watch()
        else:
            self._seat.leave()
        self.facts = changed(self.facts, session_active=self._seat.active())
        if watches_focus(changed(self.facts, desktop=None)):
            self.desk.connect()
        else:
            self._close_gate()
            self.desk.disconnect()
            self._camera.stop()

    def _end_session(self, session: Session) -> None:
        """Device or collector are others now: what was captured before is sealed as it was meant."""
        self._close_gate()
        session.pipeline.flush()
        session.stop()
        self.session = None

    def _begin_session(self) -> None:
        try:
            self.session = self._begin(self.found)
        except (OSError, ValueError, AgeError) as error:
            _log.warning("cannot begin: %s", error)
            self.facts = changed(self.facts, keys=False)
            return
        self.session.start()

    def _face(self, window: WindowInfo | None) -> None:
        """See which window is in front, and open or close the gate."""
        asked = self.found.asked
        if asked is None or self.desk.native is None:
            self.waits_ns = None
            self.facts = changed(self.facts, focus=ClosedReason.FOCUS_UNKNOWN)
            self._attend(None, None)
            self.sites.look(None)
            self._close_gate()
            return
        effective = self.found.effective(self._clock.time_ns())
        browser = window if window is not None and shows_sites(asked.policy, window.executable) else None
        reason, rule, modalities = judge_focus(window, asked.policy, effective, self.sites.look(browser))
        window = titled(window, rule)
        self._attend(window if reason is None else None, rule)
        reason = reason or self._verdict()
        waits = reason is None and not self.sign_fresh()
        self.waits_ns = (self.waits_ns or self._clock.monotonic_ns()) if waits else None
        # For the milliseconds until the indicator has answered, nothing may be said to be captured.
        self.facts = changed(self.facts, focus=ClosedReason.FOCUS_UNKNOWN if waits else reason)
        if may_capture(self.facts) and window is not None and rule is not None:
            gate = Open(window=window, app=rule, modalities=modalities, since_ns=self._clock.monotonic_ns())
            self._open_gate(gate, effective.timing)
        else:
            self._close_gate()

    def _attend(self, window: WindowInfo | None, rule: AppRule | None) -> None:
        for detector in self._detectors:
            detector.attend(window, rule if window else None)

    def _verdict(self) -> ClosedReason | None:
        """The first thing that a detector holds against the window in front."""
        return next((why for detector in self._detectors if (why := detector.verdict()) is not None), None)

    def _late(self, since_ns: int) -> None:
        """A detector says otherwise, and has been right since that time: what came since is dropped if it matters.

        Also where the gate has closed since for another reason: what came before that still waits.
        """
        if self.session is not None and (why := self._verdict()) is not None:
            self.session.pipeline.retract(since_ns, why.value)
        self._face(self.desk.native.focused() if self.desk.native else None)

    def site_changed(self, since_ns: int, why: str) -> None:
        """The browser in front may show another page or field since that time: what came since is dropped."""
        if self.session is not None:
            self.session.pipeline.retract(since_ns, why)
        self._face(self.desk.native.focused() if self.desk.native else None)

    def _dues(self) -> list[int | None]:
        return [detector.deadline_ns() for detector in self._detectors]

    def _open_gate(self, gate: Open, timing: TimingTier) -> None:
        session, native = self.session, self.desk.native
        _, interval = self.found.consent(self._clock.time_ns())
        if session is None or native is None or interval is None:
            self._close_gate()
            return
        authority, old = session.authority(interval), self._ground
        if old is not None and _terms(old) == (gate.window.window, gate.app.id, gate.modalities, authority, timing):
            self._same_window(old, gate.window)
            return
        self._close_gate()
        self._obeyed, self._tidy_ns = self.facts, None  # Effect.HOOK
        native.hook(gate.window.window, gate.modalities - {Modality.SCREEN})
        now = self._moment()
        number = self._windows.setdefault(gate.window.window, len(self._windows))
        self._ground = Ground(gate, number, authority, timing, self.epoch, now)
        session.pipeline.enter(self._ground, now)
        self._gaps.opened(session.pipeline, self._ground, now)
        self._camera.note(Trigger.FOCUS, self._ground)

    def _same_window(self, old: Ground, window: WindowInfo) -> None:
        """The window in front moved or changed its title."""
        if old.gate.window == window or self.session is None:
            return
        gate = Open(window=window, app=old.gate.app, modalities=old.gate.modalities, since_ns=old.gate.since_ns)
        self._ground = Ground(gate, old.number, old.authority, old.timing, old.epoch, old.since)
        self.session.pipeline.enter(self._ground, self._moment())
        self._camera.note(Trigger.FOCUS, self._ground)

    def _close_gate(self) -> None:
        """Carry out what the table says of the way from the facts obeyed last to those of now. No hook after this.

        A gate that gives way to another is left as if the focus were unknown in between.
        """
        closed = changed(self.facts, focus=ClosedReason.FOCUS_UNKNOWN) if may_capture(self.facts) else self.facts
        todo, self._obeyed = effects(self._obeyed, closed), closed
        ground, self._ground = self._ground, None
        if ground is not None:
            self._tidy_ns = self._clock.monotonic_ns() + TIDY_NS
        if Effect.UNHOOK in todo and self.desk.native is not None:
            self.desk.native.unhook()
        self._camera.rest()
        if self.session is None:
            return
        if Effect.WIPE in todo:
            self.session.pipeline.wipe()
            self._camera.forget()
        if Effect.KEEP in todo and ground is not None:
            self._keep(self.session, ground)
        if Effect.SEAL in todo:
            self.session.pipeline.seal_soon()

    def _keep(self, session: Session, ground: Ground) -> None:
        """Finish what was captured through this gate, and remember why it ended if that is worth telling."""
        now, closed = self._moment(), closed_by(self.facts)
        session.pipeline.leave(ground, now)
        self._gaps.closed(ground, closed[0] if closed else None, now)

    def _hear(self, signals: Sequence[Signal]) -> None:
        for signal in signals:
            match signal:
                case FocusChanged():
                    self._face(signal.window)
                case DisplayLost():
                    self._lose(signal.why)
                case _:
                    self._observe(signal)

    def _lose(self, why: str) -> None:
        self.desk.lost(why)
        self._camera.stop()
        self.facts = changed(self.facts, desktop=self.desk.why)
        self._attend(None, None)
        self._close_gate()

    def _observe(self, seen: Observation) -> None:
        if self.session is None:
            return
        pipeline, ground = self.session.pipeline, self._ground
        judged = decide(seen, ground.gate if ground else None)
        if ground is None or not isinstance(judged, Allowed):
            if not isinstance(judged, Allowed):
                pipeline.drop(judged)
            return
        pressed = seen if isinstance(seen, PointerObserved) and seen.action == "down" else None
        if pressed is not None:
            pipeline.click()
        pipeline.observe(ground, judged)
        if pressed is not None:
            screen = self.found.effective(self._clock.time_ns()).screen_of(ground.gate.app.id)
            self._elements.ask(pipeline, pressed, screen)
        self._camera.follow(seen, ground)

    def _poll_pointer(self, now_ns: int) -> None:
        moved = self.desk.native.poll_pointer() if self.desk.native is not None else None
        exact = self._ground is not None and self._ground.timing is TimingTier.EXACT
        self._next_pointer_ns = now_ns + (MOVING_NS if moved is not None and exact else POINTER_NS)
        if moved is not None:
            self._observe(moved)

    def _tidy(self) -> None:
        """Nothing was captured for a while: leave no trace of hooks at the server, and no picture thread."""
        self._tidy_ns = None
        self._camera.stop()
        self.desk.renew()
        self._face(self.desk.native.focused() if self.desk.native else None)

    def _polls_pointer(self) -> bool:
        return self._ground is not None and Modality.POINTER in self._ground.gate.modalities

    def _moment(self) -> Moment:
        return Moment(self._clock.monotonic_ns(), self._clock.time_ns())


def _dropped(account: LossAccount, reason: str) -> int:
    return sum(reasons.get(reason, 0) for reasons in account.dropped.values())


def _terms(ground: Ground) -> tuple[int, str, frozenset[Modality], Authority, TimingTier]:
    """What must not change while a gate stays open: in another window or under other terms it is another gate."""
    gate = ground.gate
    return gate.window.window, gate.app.id, gate.modalities, ground.authority, ground.timing
