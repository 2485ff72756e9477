"""Which pictures a click gets: before the pointer sets out, as the button goes down, once it has settled."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest

from agent.core.batch import Authority
from agent.core.gate import Open
from agent.core.triggers import Trigger
from agent.daemon.camera import REST_NS, Camera
from agent.pipeline.pipe import Pipeline
from agent.pipeline.stamps import Ground, Moment
from schemas.events import Modality
from schemas.policy import AppRule
from schemas.scope import TimingTier
from tests.support.fake_clock import FakeClock
from tests.support.fake_desktop import FakeGrabber, key_seen, pointer_seen, window
from tests.support.waiting import until

MS = 1_000_000


@dataclass
class Line:
    """Stands in for the pipeline: writes down which pictures were asked for, and when."""

    clock: FakeClock
    wanted: list[tuple[str, int]] = field(default_factory=list)

    def expect_picture(self, _ground: Ground, trigger: Trigger, now_ns: int) -> int:
        self.wanted.append((trigger.value, now_ns))
        return len(self.wanted)


class Scene:
    """A camera on a window whose gate is open, and a clock that it is moved by."""

    def __init__(self, modalities: frozenset[Modality]) -> None:
        self.clock = FakeClock()
        self.grabber = FakeGrabber(self.clock)
        self.camera = Camera(lambda: self.grabber, lambda: None, self.clock)
        self.line = Line(self.clock)
        app = AppRule.model_construct(id="mail")
        gate = Open(window=window(), app=app, modalities=modalities, since_ns=0)
        authority = cast("Authority", None)  # nothing here asks for it
        self.ground = Ground(gate, 0, authority, TimingTier.EXACT, 0, Moment(0, 0))

    def do(self, action: str, after_ms: int) -> None:
        """Let time pass, in steps of 10 ms, and then do something."""
        for _ in range(after_ms // 10):
            self.clock.advance(10 * MS)
            self.camera.take_due(cast("Pipeline", self.line), self.ground)
        if action == "key":
            self.camera.follow(key_seen(self.clock, "a"), self.ground)
        elif action:
            self.camera.follow(pointer_seen(self.clock, action), self.ground)
        self.camera.take_due(cast("Pipeline", self.line), self.ground)

    def close(self) -> None:
        self.camera.stop()
        self.grabber.close()


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene(frozenset(Modality))
    yield made
    made.close()


def test_three_for_each_click(scene: Scene) -> None:
    start = scene.clock.monotonic_ns()
    scene.do("move", 0)
    for _ in range(5):
        scene.do("move", 50)
    scene.do("down", 50)
    scene.do("up", 80)
    scene.do("", 1_000)
    at = {trigger: (when - start) // MS for trigger, when in scene.line.wanted}
    assert [trigger for trigger, _ in scene.line.wanted] == ["before", "press", "settle"]
    assert at == {"before": 0, "press": 300, "settle": 500}


def test_the_way_to_the_next_click_begins_after_a_rest(scene: Scene) -> None:
    scene.do("move", 0)
    scene.do("move", REST_NS // MS - 20)
    assert [trigger for trigger, _ in scene.line.wanted] == ["before"]
    scene.do("move", REST_NS // MS + 20)
    assert [trigger for trigger, _ in scene.line.wanted] == ["before", "before"]


def test_a_press_is_pictured_at_once_whatever_came_before(scene: Scene) -> None:
    scene.do("move", 0)
    scene.do("down", 60)
    (_, first), (trigger, second) = scene.line.wanted
    assert trigger == "press"
    assert second - first == 60 * MS


def test_the_window_is_watched_from_the_gates_opening_to_its_closing(scene: Scene) -> None:
    scene.camera.note(Trigger.FOCUS, scene.ground)
    until(lambda: scene.grabber.attended == [1])
    scene.camera.rest()
    until(lambda: scene.grabber.attended == [1, None])
    assert scene.line.wanted == []


def test_without_consent_to_pictures_nothing_is_watched_or_asked_for() -> None:
    scene = Scene(frozenset({Modality.KEYBOARD, Modality.POINTER}))
    scene.camera.note(Trigger.FOCUS, scene.ground)
    for action in ("move", "down", "key"):
        scene.do(action, 600)
    scene.do("", 1_000)
    scene.close()
    assert scene.line.wanted == []
    assert scene.grabber.attended == []
