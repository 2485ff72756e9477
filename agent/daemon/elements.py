"""What a press met: asked of the program in front as the button goes down, and told to the pipeline if it says so soon.

Nobody waits for the answer. The press waits in line anyway, for late news; what comes after it left is of no use.
"""

from collections.abc import Callable, Iterable
from typing import Protocol, runtime_checkable

import msgspec

from agent.core.observe import ElementObserved, PointerObserved
from agent.pipeline.pipe import Pipeline
from schemas.scope import ScreenMode


@runtime_checkable
class Describer(Protocol):
    """A detector that can also describe what lies in the window that it attends to."""

    def element_at(self, x: int, y: int, found: Callable[[ElementObserved], None]) -> None:
        """Ask for the element under a point of the desktop. ``found`` is called once at most, later perhaps."""
        ...


class Elements:
    """Asks those detectors that can describe.

    Args:
        detectors: of the daemon.
    """

    def __init__(self, detectors: Iterable[object]) -> None:
        self._describers = [each for each in detectors if isinstance(each, Describer)]

    def ask(self, pipeline: Pipeline, press: PointerObserved, screen: ScreenMode) -> None:
        """Ask what a press met that the pipeline has just taken.

        A name is what stands on the screen: it is let go unless revealed text was agreed to for this app.
        """

        def found(element: ElementObserved) -> None:
            named = element if screen is ScreenMode.REVEAL else msgspec.structs.replace(element, name=None)
            pipeline.met(press, named)

        for describer in self._describers:
            describer.element_at(press.x, press.y, found)
