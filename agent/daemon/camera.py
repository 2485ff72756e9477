"""When pictures of the window in front are taken, and where their answers go."""

from collections.abc import Callable

from agent.core.observe import KeyObserved, Observation, PointerObserved, ScrollObserved
from agent.core.triggers import Trigger, Triggers
from agent.native.base import Clock, Grabber
from agent.pipeline.pipe import Pipeline
from agent.pipeline.stamps import Ground
from agent.sources.darkroom import ScreenSource
from agent.sources.pictures import Wanted
from schemas.events import Modality, Rect

REST_NS = 500_000_000
"""Nanoseconds without a move after which the next one may be the way to a click."""


class Camera:
    """Triggers on one side, the screen source on the other."""

    def __init__(self, open_grabber: Callable[[], Grabber], wake: Callable[[], None], clock: Clock) -> None:
        self._screen = ScreenSource(open_grabber, wake)
        self._triggers = Triggers()
        self._token = 0  # of the last picture that was asked for
        self._clock = clock
        self._moved_ns: int | None = None  # when the pointer was last seen to move

    def wakes(self, wake: Callable[[], None]) -> None:
        """Have this called, from the source's thread, when a picture was taken."""
        self._screen.wake = wake

    def note(self, trigger: Trigger, ground: Ground | None) -> None:
        """Something happened that calls for a picture, if pictures were agreed to."""
        if ground is not None and Modality.SCREEN in ground.gate.modalities:
            self._triggers.note(trigger, self._clock.monotonic_ns())
            if trigger is Trigger.FOCUS:
                self._screen.attend(ground.gate.window.window)

    def follow(self, seen: Observation, ground: Ground) -> None:
        """Note what an observation calls for."""
        if isinstance(seen, KeyObserved) and seen.down:
            self.note(Trigger.TYPING, ground)
        elif isinstance(seen, ScrollObserved):
            self.note(Trigger.SCROLL, ground)
        elif isinstance(seen, PointerObserved) and seen.action == "down":
            self.note(Trigger.PRESS, ground)
            self.note(Trigger.SETTLE, ground)
        elif isinstance(seen, PointerObserved) and seen.action == "move":
            if self._moved_ns is None or seen.mono_ns - self._moved_ns >= REST_NS:
                self.note(Trigger.BEFORE, ground)
            self._moved_ns = seen.mono_ns

    def take_due(
        self,
        pipeline: Pipeline,
        ground: Ground,
        reveal: Callable[[], bool] = lambda: False,
        hidden: tuple[Rect, ...] = (),
    ) -> None:
        """Ask for the picture that is due, if one is; ``reveal`` is asked whether dull lines may be shown in it.

        ``hidden`` is filled in it: what the person wants masked.
        """
        now_ns = self._clock.monotonic_ns()
        trigger = self._triggers.pop(now_ns)
        if trigger is None:
            return
        token = self._token = pipeline.expect_picture(ground, trigger, now_ns)
        if not self._screen.want(Wanted(ground.gate.window.window, trigger, token, reveal(), hidden)):
            pipeline.no_picture(token, "overflow")

    def fetch(self, pipeline: Pipeline, wall_offset_ns: int) -> None:
        """Hand over the pictures that were taken."""
        for wanted, answer in self._screen.answers():
            pipeline.picture(wanted.token, answer, wall_offset_ns)

    def deadline_ns(self) -> int | None:
        """When the next picture is due."""
        return self._triggers.deadline_ns()

    def rest(self) -> None:
        """The gate closed: nothing more is due, and what was asked for and not begun is not taken."""
        self._triggers.clear()
        self._moved_ns = None
        self._screen.cancel(self._token + 1)

    def forget(self) -> None:
        """Let the last picture go."""
        self._screen.forget()

    def stop(self) -> None:
        """End the thread and its connection to the display. Idempotent."""
        self._screen.stop()
