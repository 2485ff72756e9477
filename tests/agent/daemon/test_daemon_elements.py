"""What a press met is asked of those detectors that can tell, and names pass only where revealed text was agreed to."""

from collections.abc import Callable

import pytest

from agent.core.observe import ElementObserved, WindowInfo
from agent.daemon.detectors import Detector
from agent.daemon.elements import Elements
from schemas.events import PointerEvent
from schemas.policy import AppRule
from schemas.scope import ScreenMode
from schemas.status import ClosedReason
from tests.agent.pipeline.pipeline_rig import Rig
from tests.support.fake_desktop import pointer_seen

NAME = "Send"
FOUND = ElementObserved(role="push button", name=NAME, rect=(290, 290, 340, 310))


class Quiet:
    """A detector that describes nothing."""

    def attend(self, window: WindowInfo | None, app: AppRule | None) -> None:
        """Nothing to attend to."""

    def verdict(self) -> ClosedReason | None:
        return None

    def deadline_ns(self) -> int | None:
        return None

    def open_since_ns(self) -> int | None:
        return None


class Telling(Quiet):
    """One that describes, when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.found: list[Callable[[ElementObserved], None]] = []

    def element_at(self, x: int, y: int, found: Callable[[ElementObserved], None]) -> None:
        self.asked.append((x, y))
        self.found.append(found)


@pytest.mark.parametrize(
    ("mode", "name"), [(ScreenMode.REVEAL, NAME), (ScreenMode.LAYOUT, None), (ScreenMode.NONE, None)]
)
def test_names_pass_only_where_revealed_text_was_agreed_to(mode: ScreenMode, name: str | None) -> None:
    rig, telling = Rig(), Telling()
    rig.enter()
    seen = pointer_seen(rig.clock, "down")
    rig.see(seen)
    detectors: list[Detector] = [Quiet(), telling]
    Elements(detectors).ask(rig.pipe, seen, mode)
    assert telling.asked == [(seen.x, seen.y)]
    telling.found[0](FOUND)
    (event,) = [e for e in rig.done() if isinstance(e, PointerEvent)]
    assert event.element is not None
    assert (event.element.role, event.element.name) == ("push button", name)
