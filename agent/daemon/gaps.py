"""Why nothing was captured between two gates of one consent: noted as the first closes, told as the second opens."""

from agent.pipeline.pipe import Pipeline
from agent.pipeline.stamps import Ground, Moment
from schemas.events import GapReason
from schemas.status import ClosedReason

_TOLD = {
    ClosedReason.PAUSED: GapReason.PAUSED,
    ClosedReason.NO_SIGN: GapReason.NO_SIGN,
    ClosedReason.SESSION_INACTIVE: GapReason.LOCKED,
    ClosedReason.SECURE_INPUT: GapReason.PASSWORD,
    ClosedReason.DISPLAY_LOST: GapReason.DISPLAY_LOST,
    ClosedReason.REDACTION_FAILING: GapReason.REDACTION_FAILED,
}
"""Reasons worth telling. That another window was in front is seen from the events."""


class Gaps:
    """The gap that is to be told next, if there is one."""

    def __init__(self) -> None:
        self._closed: tuple[GapReason, Moment, str] | None = None

    def closed(self, ground: Ground, why: ClosedReason | GapReason | None, now: Moment) -> None:
        """A gate closed."""
        reason = _TOLD.get(why) if isinstance(why, ClosedReason) else why
        if reason is not None:
            self._closed = reason, now, ground.authority.consent

    def opened(self, pipeline: Pipeline, ground: Ground, now: Moment) -> None:
        """A gate opened: tell the gap before it, if it lies within one consent."""
        if self._closed is None:
            return
        (reason, begin, consent), self._closed = self._closed, None
        if consent == ground.authority.consent:
            pipeline.gap(ground, reason, begin, now.mono_ns)
