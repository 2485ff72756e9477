"""The desktop in memory keeps the promises of the Protocols that it stands for."""

import selectors
from collections.abc import Iterator

import pytest

from agent.core.observe import KeyObserved, Observation, PointerObserved
from agent.native.base import Clock, DisplayLost, FocusChanged, Native, WatchingGrabber
from schemas.events import Modality
from tests.support.fake_clock import FakeClock
from tests.support.fake_desktop import FakeDesktop, FakeGrabber, window

INPUT = frozenset({Modality.KEYBOARD, Modality.POINTER})


@pytest.fixture
def desktop() -> Iterator[FakeDesktop]:
    made = FakeDesktop(FakeClock())
    yield made
    made.close()
    made.close()


def test_they_fit_the_protocols(desktop: FakeDesktop) -> None:
    native: Native = desktop
    clock: Clock = desktop.clock
    grabber: WatchingGrabber = FakeGrabber()
    grabber.close()
    assert native.hooked() == frozenset()
    assert clock.time_ns() > 0
    assert grabber.grab(1) is None


def test_nothing_is_delivered_without_a_hook(desktop: FakeDesktop) -> None:
    desktop.focus(window(1))
    desktop.type("secret")
    desktop.click()
    desktop.move(5, 5)
    assert [type(s) for s in desktop.read()] == [FocusChanged]
    assert desktop.poll_pointer() is None


def test_only_the_hooked_window_and_modality_is_delivered_in_order(desktop: FakeDesktop) -> None:
    desktop.focus(window(1))
    desktop.hook(1, frozenset({Modality.KEYBOARD}))
    desktop.press("a")
    desktop.click()
    desktop.focus(window(2))
    desktop.press("b")
    desktop.focus(window(1))
    desktop.press("c")
    signals = desktop.read()
    keys = [s.text for s in signals if isinstance(s, KeyObserved) and s.down]
    assert keys == ["a", "c"]
    assert not [s for s in signals if isinstance(s, PointerObserved)]
    kinds = ["focus" if isinstance(s, FocusChanged) else "key" for s in signals]
    assert kinds == ["focus", "key", "key", "focus", "focus", "key", "key"]


def test_unhooking_ends_it(desktop: FakeDesktop) -> None:
    desktop.focus(window(1))
    desktop.hook(1, INPUT)
    desktop.move(7, 8)
    moved = desktop.poll_pointer()
    assert moved is not None
    assert (moved.x, moved.y) == (7, 8)
    desktop.unhook()
    desktop.read()
    desktop.press("a")
    desktop.click()
    assert [s for s in desktop.read() if isinstance(s, Observation)] == []


def test_it_is_readable_exactly_while_something_is_there(desktop: FakeDesktop) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(desktop, selectors.EVENT_READ)
        assert selector.select(0) == []
        desktop.focus(window(1))
        desktop.die()
        assert len(selector.select(0)) == 1
        assert [type(s) for s in desktop.read()] == [FocusChanged, DisplayLost]
        assert selector.select(0) == []
