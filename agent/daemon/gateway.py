"""The open gate itself: what follows from its opening and closing, as the table of effects says."""

from agent.core.batch import Authority
from agent.core.erase import WITHDRAWN, Span
from agent.core.gate import Open
from agent.core.lifecycle import Effect, Facts, changed, closed_by, effects, may_capture
from agent.core.observe import WindowInfo
from agent.core.triggers import Trigger
from agent.daemon.camera import Camera
from agent.daemon.desk import Desk
from agent.daemon.gaps import Gaps
from agent.daemon.session import Session
from agent.native.base import Clock
from agent.pipeline.stamps import Ground, Moment
from schemas.events import GapReason, Modality
from schemas.scope import TimingTier
from schemas.status import ClosedReason

TIDY_NS = 500_000_000
"""Nanoseconds after the gate closed at which connections that had hooks or took pictures are given up: later than
somebody needs who only looks into another window, soon enough that nobody wonders what they are for."""


class Gateway:
    """Opens and closes; the warden alone says when. For one thread.

    Args:
        desk: where hooks are set.
        camera: takes pictures while the gate is open.
        clock: the time.
        facts: nothing has been done about them yet.

    Attributes:
        ground: The open gate with the terms that hold in it.
        tidy_ns: When (monotonic) the traces of the gate that closed last are to be cleared away.
    """

    def __init__(self, desk: Desk, camera: Camera, clock: Clock, facts: Facts) -> None:
        self._desk = desk
        self._camera = camera
        self._clock = clock
        self._obeyed = facts  # those whose effects were carried out last
        self._windows: dict[int, int] = {}
        self._gaps = Gaps()
        self.ground: Ground | None = None
        self.tidy_ns: int | None = None

    def open(
        self, facts: Facts, gate: Open, session: Session, authority: Authority, timing: TimingTier, epoch: int
    ) -> None:
        """Have the gate open in this window under these terms; where it is already, follow the window.

        Args:
            facts: nothing stands in the way.
            gate: the window, its app, and what of it.
            session: where observations go.
            authority: the consent and the documents under which they are made.
            timing: the agreed tier.
            epoch: of the clocks.
        """
        old, native = self.ground, self._desk.native
        if old is not None and _terms(old) == (gate.window.window, gate.app.id, gate.modalities, authority, timing):
            self._same_window(old, gate.window, session)
            return
        self.close(facts, session)
        if native is None:
            return
        self._obeyed, self.tidy_ns = facts, None  # Effect.HOOK
        native.hook(gate.window.window, gate.modalities - {Modality.SCREEN})
        now = self._moment()
        number = self._windows.setdefault(gate.window.window, len(self._windows))
        self.ground = Ground(gate, number, authority, timing, epoch, now)
        session.pipeline.enter(self.ground, now)
        self._gaps.opened(session.pipeline, self.ground, now)
        self._camera.note(Trigger.FOCUS, self.ground)

    def _same_window(self, old: Ground, window: WindowInfo, session: Session) -> None:
        """The window in front moved or changed its title."""
        if old.gate.window == window:
            return
        gate = Open(window=window, app=old.gate.app, modalities=old.gate.modalities, since_ns=old.gate.since_ns)
        self.ground = Ground(gate, old.number, old.authority, old.timing, old.epoch, old.since)
        session.pipeline.enter(self.ground, self._moment())
        self._camera.note(Trigger.FOCUS, self.ground)

    def close(self, facts: Facts, session: Session | None, why: GapReason | None = None) -> None:
        """Carry out what the table says of the way from the facts obeyed last to these. No hook after this.

        A gate that gives way to another is left as if the focus were unknown in between.

        Args:
            facts: those of now.
            session: where observations went.
            why: what is to be told of the gap, where the facts do not say.
        """
        closed = changed(facts, focus=ClosedReason.FOCUS_UNKNOWN) if may_capture(facts) else facts
        todo, self._obeyed = effects(self._obeyed, closed), closed
        ground, self.ground = self.ground, None
        if ground is not None:
            self.tidy_ns = self._clock.monotonic_ns() + TIDY_NS
        if Effect.UNHOOK in todo and self._desk.native is not None:
            self._desk.native.unhook()
        self._camera.rest()
        if session is not None:
            self._finish(todo, session, ground, facts)
        if ground is not None and why is not None:
            self._gaps.closed(ground, why, self._moment())

    def _finish(self, todo: tuple[Effect, ...], session: Session, ground: Ground | None, facts: Facts) -> None:
        """What becomes of that which is in memory."""
        if Effect.WIPE in todo:
            session.pipeline.wipe()
            session.sealing.empty(Span(0), WITHDRAWN)  # closed, and not written yet
            self._camera.forget()
        if Effect.KEEP in todo and ground is not None:
            now, closed = self._moment(), closed_by(facts)
            session.pipeline.leave(ground, now)
            self._gaps.closed(ground, closed[0] if closed else None, now)
        if Effect.SEAL in todo:
            session.pipeline.seal_soon()

    def _moment(self) -> Moment:
        return Moment(self._clock.monotonic_ns(), self._clock.time_ns())


def _terms(ground: Ground) -> tuple[int, str, frozenset[Modality], Authority, TimingTier]:
    """What must not change while a gate stays open: in another window or under other terms it is another gate."""
    gate = ground.gate
    return gate.window.window, gate.app.id, gate.modalities, ground.authority, ground.timing
