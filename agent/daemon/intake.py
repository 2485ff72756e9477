"""What was observed, on its way to the pipeline: judged by the gate, and what else it calls for."""

from collections.abc import Callable

from agent.core.gate import Allowed, decide
from agent.core.observe import Observation, PointerObserved
from agent.daemon.camera import Camera
from agent.daemon.elements import Elements
from agent.native.base import Clock, Native
from agent.pipeline.pipe import Pipeline
from agent.pipeline.stamps import Ground
from schemas.events import Modality
from schemas.scope import Scope, TimingTier

POINTER_NS = 50_000_000
"""Nanoseconds between looks at the pointer while it is captured: 20 a second (DESIGN §5)."""
MOVING_NS = 33_000_000
"""The same while it moves and exact times were agreed to: 30 a second. Each look wakes this process and the server."""
SOON_NS = 10_000_000
"""Nanoseconds by which a look comes early where something else has just woken this process: a wake-up costs more."""


class Intake:
    """Takes observations in. For one thread.

    Args:
        camera: is told what calls for a picture.
        elements: asks what a press met.
        clock: the time.
    """

    def __init__(self, camera: Camera, elements: Elements, clock: Clock) -> None:
        self._camera = camera
        self._elements = elements
        self._clock = clock
        self._next_pointer_ns = 0

    def take(
        self, seen: Observation, pipeline: Pipeline, ground: Ground | None, effective: Callable[[], Scope]
    ) -> None:
        """Have the gate judge one observation; what it lets through goes on, everything else is counted.

        Args:
            seen: the observation.
            pipeline: where it goes.
            ground: the open gate.
            effective: works out ``policy ∩ consent``, which only a press calls for.
        """
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
            self._elements.ask(pipeline, pressed, effective().screen_of(ground.gate.app.id))
        self._camera.follow(seen, ground)

    def look(self, native: Native, ground: Ground, now_ns: int) -> PointerObserved | None:
        """The pointer's move since the last look, if a look is due now."""
        if not _sees_pointer(ground) or now_ns < self._next_pointer_ns - SOON_NS:
            return None
        moved = native.poll_pointer()
        every_ns = MOVING_NS if moved is not None and ground.timing is TimingTier.EXACT else POINTER_NS
        late = now_ns - self._next_pointer_ns > SOON_NS
        self._next_pointer_ns = (now_ns if late else self._next_pointer_ns) + every_ns  # what came early stays in step
        return moved

    def deadline_ns(self, ground: Ground) -> int | None:
        """When (monotonic) the pointer is next worth a look; ``None`` for never."""
        return self._next_pointer_ns if _sees_pointer(ground) else None


def _sees_pointer(ground: Ground) -> bool:
    return Modality.POINTER in ground.gate.modalities
