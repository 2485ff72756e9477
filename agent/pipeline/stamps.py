"""What every event of one open gate carries, and where times are coarsened to the agreed tier."""

from dataclasses import dataclass
from typing import Any

from agent.core.batch import Authority
from agent.core.gate import Open
from agent.core.timing import coarsen
from schemas.events import ClockSource, RedactionState
from schemas.scope import TimingTier


@dataclass(frozen=True)
class Moment:
    """A time on both clocks."""

    mono_ns: int
    wall_ns: int


@dataclass(frozen=True)
class Ground:
    """An open gate with everything that events captured through it share."""

    gate: Open
    number: int  # of the window, counted by the agent: native ids would tell programs apart across studies
    authority: Authority
    timing: TimingTier
    epoch: int
    since: Moment

    def stamp(
        self, at: Moment, redaction: RedactionState, *, clock: ClockSource = ClockSource.HOOK, injected: bool = False
    ) -> dict[str, Any]:
        """The common fields of an event, but for its sequence."""
        return {
            "mono_ns": coarsen(at.mono_ns, self.timing, self.since.mono_ns),
            "wall_ns": coarsen(at.wall_ns, self.timing, self.since.wall_ns),
            "epoch": self.epoch,
            "clock": clock,
            "injected": injected,
            "app": self.gate.app.id,
            "window": self.number,
            "consent": self.authority.consent,
            "redaction": redaction,
        }
