"""Keeps the gate: works out the facts, and makes desktop, hooks and pipeline match them.

Everything that can change anything ends in :meth:`Warden.review`. There is no other way to open the gate.
"""

import logging
import selectors
from collections.abc import Callable, Mapping, Sequence

from agent.core.gate import Dropped, Open
from agent.core.lifecycle import Facts, changed, may_capture, watches_focus
from agent.core.observe import Observation, WindowInfo
from agent.core.scope import reveals, within
from agent.daemon.camera import Camera
from agent.daemon.desk import Desk
from agent.daemon.elements import Elements
from agent.daemon.front import Front
from agent.daemon.gateway import Gateway
from agent.daemon.intake import Intake
from agent.daemon.makers import Makers
from agent.daemon.session import Session
from agent.daemon.sites import SiteSource
from agent.daemon.standing import Standing
from agent.native.base import Clock, DisplayLost, FocusChanged, Signal, Unread
from agent.native.choose import open_grabber
from schemas.age import AgeError
from schemas.events import GapReason, LossAccount
from schemas.scope import Scope, TimingTier
from schemas.status import ClosedReason

MAX_FAILURES = 3
"""Segments in a row that redaction could not handle, after which nothing more is captured."""

_log = logging.getLogger(__name__)


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
        detectors = makers.detect(self._late)
        self._front = Front(detectors)
        self._intake = Intake(self._camera, Elements(detectors), clock)
        self._seat = makers.seat(wake)
        self.facts = Facts(desktop=self.desk.why, session_active=True)
        self._gateway = Gateway(self.desk, self._camera, clock, self.facts)
        self.found = found
        self.session: Session | None = None
        self.epoch = 0
        self.sign_fresh: Callable[[], bool] = lambda: self.facts.sign_visible
        """Whether the sign was seen just now: asked before the gate opens."""
        self.waits_ns: int | None = None  # since when only a fresh look at the sign is missing

    def camera_wakes(self, nudge: Callable[[], None]) -> None:
        """Have this called, from any thread, when a picture was taken, instead of ``wake``."""
        self._camera.wakes(nudge)

    @property
    def gate(self) -> Open | None:
        """The open gate."""
        return self._gateway.ground.gate if self._gateway.ground else None

    @property
    def sites(self) -> SiteSource:
        """Knows what a browser's window shows."""
        return self._front.sites

    @sites.setter
    def sites(self, source: SiteSource) -> None:
        self._front.sites = source

    def review(self, *, sign_visible: bool) -> None:
        """Work out the facts anew and make gate and hooks match them."""
        now_ns = self._clock.time_ns()
        self.facts = changed(self.facts, **self.found.facts(now_ns), sign_visible=sign_visible)
        self._prepare()
        self.facts = changed(self.facts, desktop=self.desk.why)
        self._face_now()

    def on_time(self, now_ns: int, wall_offset_ns: int) -> None:
        """Time has passed: fetch pictures, end segments, look at the pointer, ask for pictures."""
        if self.session is None:
            return
        self._camera.fetch(self.session.pipeline, wall_offset_ns)
        self.session.pipeline.hold(self._front.open_since_ns())
        self.session.pipeline.tick(now_ns)
        due = self._front.deadline_ns()
        if due is not None and now_ns >= due:
            self._late(now_ns)
        self._look_at_pointer(now_ns)
        ground, tidy_ns = self._gateway.ground, self._gateway.tidy_ns
        if ground is not None:
            masks = self.session.masks
            hidden = masks.of(ground.gate.app.id) if masks else ()
            self._camera.take_due(self.session.pipeline, ground, self._reveals, hidden)
        elif tidy_ns is not None and now_ns >= tidy_ns:
            self._tidy()

    def deadline_ns(self) -> int | None:
        """When :meth:`on_time` next has something to do; ``None`` for never."""
        if self.session is None:
            return None
        self.session.pipeline.hold(self._front.open_since_ns())
        ground = self._gateway.ground
        times = [self.session.pipeline.deadline_ns(), self._gateway.tidy_ns, self._front.deadline_ns()]
        if ground is not None:
            times += [self._camera.deadline_ns(), self._intake.deadline_ns(ground)]
        return min([t for t in times if t is not None], default=None)

    def close(self, why: GapReason | None = None) -> None:
        """Close the gate, whatever the facts; a review may open it again, and then tell why it was closed."""
        self._gateway.close(self.facts, self.session, why)

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
        self.close()
        self._front.attend(None, None)
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
            self.close()
            self.desk.disconnect()
            self._camera.stop()

    def _end_session(self, session: Session) -> None:
        """Device or collector are others now: what was captured before is sealed as it was meant."""
        self.close()
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

    def _face_now(self) -> None:
        self._face(self.desk.native.focused() if self.desk.native else None)

    def _face(self, window: WindowInfo | None) -> None:
        """See which window is in front, and open or close the gate."""
        asked = self.found.asked
        if asked is None or self.desk.native is None:
            self.waits_ns = None
            self.facts = changed(self.facts, focus=ClosedReason.FOCUS_UNKNOWN)
            self._front.leave()
            self.close()
            return
        effective = self._effective()
        view = self._front.judge(window, asked.policy, effective, grabbed=self.desk.native.grabbed())
        waits = view.reason is None and not self.sign_fresh()
        self.waits_ns = (self.waits_ns or self._clock.monotonic_ns()) if waits else None
        # For the milliseconds until the indicator has answered, nothing may be said to be captured.
        self.facts = changed(self.facts, focus=ClosedReason.FOCUS_UNKNOWN if waits else view.reason)
        if may_capture(self.facts) and view.window is not None and view.rule is not None:
            since_ns = self._clock.monotonic_ns()
            gate = Open(window=view.window, app=view.rule, modalities=view.modalities, since_ns=since_ns)
            self._open(gate, effective.timing)
        else:
            self.close()

    def _open(self, gate: Open, timing: TimingTier) -> None:
        _, interval = self.found.consent(self._clock.time_ns())
        if self.session is None or interval is None:
            self.close()
            return
        authority = self.session.authority(interval)
        self._gateway.open(self.facts, gate, self.session, authority, timing, self.epoch)

    def _effective(self) -> Scope:
        return within(self.found.effective(self._clock.time_ns()), self.desk.offered)

    def _late(self, since_ns: int) -> None:
        """A detector says otherwise, and has been right since that time: what came since is dropped if it matters.

        Also where the gate has closed since for another reason: what came before that still waits.
        """
        if self.session is not None and (why := self._front.verdict()) is not None:
            self.session.pipeline.retract(since_ns, why.value)
        self._face_now()

    def site_changed(self, since_ns: int, why: str) -> None:
        """The browser in front may show another page or field since that time: what came since is dropped."""
        if self.session is not None:
            self.session.pipeline.retract(since_ns, why)
        self._face_now()

    def _hear(self, signals: Sequence[Signal]) -> None:
        for signal in signals:
            match signal:
                case FocusChanged():
                    self._face(signal.window)
                case DisplayLost():
                    self._lose(signal.why)
                case Unread():
                    if self.session is not None:
                        self.session.pipeline.drop(Dropped(signal.modality, signal.reason))
                case _:
                    self._observe(signal)

    def _lose(self, why: str) -> None:
        self.desk.lost(why)
        self._camera.stop()
        self.facts = changed(self.facts, desktop=self.desk.why)
        self._front.attend(None, None)
        self.close()

    def _observe(self, seen: Observation) -> None:
        if self.session is not None:
            self._intake.take(seen, self.session.pipeline, self._gateway.ground, self._effective)

    def _reveals(self) -> bool:
        ground = self._gateway.ground
        return ground is not None and reveals(self._effective(), ground.gate.app)

    def _look_at_pointer(self, now_ns: int) -> None:
        native, ground = self.desk.native, self._gateway.ground
        moved = self._intake.look(native, ground, now_ns) if native is not None and ground is not None else None
        if moved is not None:
            self._observe(moved)

    def _tidy(self) -> None:
        """Nothing was captured for a while: leave no trace of hooks at the server, and no picture thread."""
        self._gateway.tidy_ns = None
        self._camera.stop()
        self.desk.renew()
        self._face_now()


def _dropped(account: LossAccount, reason: str) -> int:
    return sum(reasons.get(reason, 0) for reasons in account.dropped.values())
