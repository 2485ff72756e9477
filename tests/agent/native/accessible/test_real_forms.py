"""Password fields of real programs, by GTK 3, Qt 6, Chromium and Firefox, as they tell them themselves."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TypeVar

import pytest

from agent.core.observe import ElementObserved
from agent.native.accessible.bus import Bus
from agent.native.accessible.element import ElementSeen, ask_element, ask_origin
from agent.native.accessible.listener import Listener
from agent.native.accessible.roles import NAMES, UNKNOWN
from agent.native.accessible.secure import SecureFocus, Standing
from agent.native.x11 import X11Native
from tests.agent.native.accessible.accessible_rig import APP, Loop
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.forms import BROWSERS, PROGRAMS, open_form, serve_form
from tests.support.processes import Process
from tests.support.waiting import NotInTimeError, until
from tests.support.windows import geometry, open_xterm, stacking

T = TypeVar("T")
START_S = 30
"""A browser's first start, with others at work."""


@pytest.fixture(scope="module")
def desktop() -> Iterator[Desktop]:
    with Desktop(tray=None) as one:
        yield one


class Attended:
    """A program in front, a detector that attends to it, and hands."""

    def __init__(self, desktop: Desktop, process: Process, hands: Driver, native: X11Native) -> None:
        self.loop, self.hands, self.native = Loop(), hands, native
        self.number = until(lambda: _window(desktop, process.pid), START_S, "the program's window")
        hands.focus_window(self.number)
        self.detector = SecureFocus(desktop.env, time, self.loop.selector, self.loop.news.append)
        until(self._in_front, what="the window to be in front")
        self.detector.attend(native.focused(), APP)

    def _in_front(self) -> bool:
        self.native.read()
        found = self.native.focused()
        return found is not None and found.window == self.number

    def await_standing(self, standing: Standing) -> None:
        try:
            self.loop.spin(lambda: self.detector.standing is standing, f"{standing}", START_S)
        except NotInTimeError as error:
            heard = self.detector._listener
            raise NotInTimeError(f"{error}: {self.detector}, {heard}, focus {self.detector._focus}") from None

    def listener(self) -> Listener:
        found = self.detector._listener
        assert found is not None
        return found

    def answer(self, ask: Callable[[Bus, list[str], Callable[[T], None]], None], good: Callable[[T], bool]) -> T:
        """Ask until the answer is good: a program that is busy may not answer in time."""
        answers: list[T] = []

        def asked() -> bool:
            listener = self.listener()
            assert listener.bus is not None
            before = len(answers)
            ask(listener.bus, listener.names, answers.append)
            self.loop.spin(lambda: len(answers) > before, "an answer, or its limit")
            return good(answers[-1])

        until(asked, START_S, "a good answer")
        return answers[-1]

    def met(self, point: tuple[int, int]) -> ElementObserved:
        """What the detector tells of a press there: asked again while the program is too busy to say so in time."""
        found: list[ElementObserved] = []

        def told() -> bool:
            bus = self.listener().bus
            assert bus is not None
            self.detector.element_at(*point, found.append)
            self.loop.spin(lambda: found or not bus._talks, "an answer, or its limit")
            return bool(found)

        until(told, START_S, "an element")
        return found[0]

    def close(self) -> None:
        self.detector.attend(None, None)
        assert self.loop.held == 0
        self.loop.selector.close()


def _window(desktop: Desktop, pid: int) -> int | None:
    return next((w.id for w in stacking(desktop.display) if w.pid == pid and w.managed), None)


@pytest.fixture
def hands(desktop: Desktop) -> Iterator[Driver]:
    with Driver(desktop.display) as one:
        yield one


@pytest.fixture
def native(desktop: Desktop) -> Iterator[X11Native]:
    with closing(X11Native(desktop.env, time)) as one:
        yield one


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with serve_form() as one:
        yield one


@pytest.mark.journey
@pytest.mark.parametrize("toolkit", PROGRAMS)
def test_a_password_field_closes_and_the_next_one_opens(
    desktop: Desktop, hands: Driver, native: X11Native, toolkit: str, origin: str
) -> None:
    process = open_form(desktop, toolkit, origin)
    with closing(Attended(desktop, process, hands, native)) as attended:
        attended.await_standing(Standing.CLEAR)
        shown = attended.answer(ask_origin, lambda told: told is not None or toolkit not in BROWSERS)
        assert shown == (origin if toolkit in BROWSERS else None)
        place = geometry(desktop.display, attended.number)
        middle = place.centre

        def under_it(bus: Bus, names: list[str], found: Callable[[ElementSeen | None], None]) -> None:
            ask_element(bus, names, *middle, found)

        seen = attended.answer(under_it, lambda told: told is not None)
        assert seen is not None
        assert seen.rect[0] <= middle[0] <= seen.rect[2]
        met = attended.met(middle)
        assert met.role in NAMES
        assert met.role != UNKNOWN
        assert met.rect[1] <= middle[1] < met.rect[3]
        hands.key("Tab")
        attended.await_standing(Standing.SECRET)
        hands.key("Tab", ["shift"])
        attended.await_standing(Standing.CLEAR)
    process.stop()


def test_a_program_without_accessibility_has_nothing_to_tell(
    desktop: Desktop, hands: Driver, native: X11Native
) -> None:
    program = open_xterm(desktop)
    with closing(Attended(desktop, program.process, hands, native)) as attended:
        attended.await_standing(Standing.ABSENT)
        assert attended.detector.verdict() is None
    program.process.stop()
