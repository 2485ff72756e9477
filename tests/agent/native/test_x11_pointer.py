"""Buttons, wheel and moves: only over the hooked window's own pixels, and only while it has the focus."""

from Xlib import X

from agent.core.observe import PointerObserved, ScrollObserved
from agent.native.x11 import X11Native
from schemas.events import Button, ClockSource, Modality, Modifier
from tests.agent.native.conftest import OpenPlain
from tests.agent.native.x11_rig import Keys, Plain, everything, wait_focus
from tests.support.driver import Driver
from tests.support.waiting import until
from tests.support.windows import Rectangle

POINTER = frozenset({Modality.POINTER})
WHEEL_AND_SIDE = 8
"""Four notches, and two buttons down and up."""


def pointed(native: X11Native, count: int) -> list[PointerObserved | ScrollObserved]:
    """The next so many observations. The window manager holds a click back until it has looked at it."""
    got: list[PointerObserved | ScrollObserved] = []

    def enough() -> bool:
        got.extend(s for s in native.read() if isinstance(s, (PointerObserved, ScrollObserved)))
        return len(got) >= count

    until(enough, what=f"{count} observations")
    return got


def polled(native: X11Native) -> PointerObserved:
    """The next move or release, from whichever call tells it."""

    def look() -> PointerObserved | None:
        return next((s for s in [*native.read(), native.poll_pointer()] if isinstance(s, PointerObserved)), None)

    return until(look, what="a move or release")


def middle(window: Plain, native: X11Native) -> tuple[int, int]:
    info = native.focused()
    assert info is not None
    assert info.window == window.id
    left, top, right, bottom = info.rect
    return (left + right) // 2, (top + bottom) // 2


def test_a_click_with_its_release(target: Plain, native: X11Native, driver: Driver) -> None:
    native.hook(target.id, POINTER)
    x, y = middle(target, native)
    driver.click(x, y, button=3)
    down, up = pointed(native, 2)
    assert isinstance(down, PointerObserved)
    assert isinstance(up, PointerObserved)
    assert (down.action, down.button, down.buttons, down.x, down.y) == ("down", Button.RIGHT, Button.RIGHT, x, y)
    assert (up.action, up.button, up.buttons, up.clock) == ("up", Button.RIGHT, 0, ClockSource.POLL)
    assert down.injected
    assert down.clock is ClockSource.DRIVER
    assert up.mono_ns >= down.mono_ns


def test_a_double_click_has_two_releases(target: Plain, native: X11Native, driver: Driver) -> None:
    native.hook(target.id, POINTER)
    for _ in range(2):
        driver.click(*middle(target, native))
        until(target.buttons, what="the click to arrive")  # no two clicks of a hand are closer together
    assert [getattr(s, "action", None) for s in pointed(native, 4)] == ["down", "up", "down", "up"]


def test_a_drag_and_its_end(target: Plain, native: X11Native, driver: Driver, keys: Keys) -> None:
    native.hook(target.id, POINTER)
    x, y = middle(target, native)
    driver.move(x, y)
    keys.button(1, down=True)
    assert [getattr(s, "action", None) for s in pointed(native, 1)] == ["down"]
    driver.move(x + 10, y)  # the server holds it back until the window manager has looked at the click
    until(lambda: driver.pointer() == (x + 10, y), what="the pointer to move")
    move = polled(native)
    assert (move.action, move.button, move.buttons, move.x) == ("move", None, Button.LEFT, x + 10)
    keys.button(1, down=False)
    up = polled(native)
    assert (up.action, up.button, up.buttons) == ("up", Button.LEFT, 0)
    assert native.poll_pointer() is None


def test_the_wheel_and_the_side_buttons(target: Plain, native: X11Native, driver: Driver, keys: Keys) -> None:
    native.hook(target.id, POINTER)
    x, y = middle(target, native)
    driver.scroll(x, y, 2)
    driver.scroll(x, y, -1)
    for number in (7, 8, 9):
        keys.button(number, down=True)
        keys.button(number, down=False)
    got = pointed(native, WHEEL_AND_SIDE)
    wheel = [(s.dx, s.dy, s.unit) for s in got if isinstance(s, ScrollObserved)]
    assert wheel == [(0, 1, "notch"), (0, 1, "notch"), (0, -1, "notch"), (1, 0, "notch")]
    pressed = [s.button for s in got if isinstance(s, PointerObserved) and s.action == "down"]
    assert pressed == [Button.BACK, Button.FORWARD]


def test_moves_are_polled_and_only_over_the_window(target: Plain, native: X11Native, driver: Driver) -> None:
    native.hook(target.id, POINTER)
    x, y = middle(target, native)
    driver.move(x, y)
    first = polled(native)
    assert (first.action, first.x, first.y, first.clock, first.buttons) == ("move", x, y, ClockSource.POLL, 0)
    assert native.poll_pointer() is None
    driver.move(1200, 700)
    assert native.poll_pointer() is None
    native.unhook()
    driver.move(x + 1, y)
    assert native.poll_pointer() is None


def test_nothing_over_a_window_on_top(target: Plain, plain: OpenPlain, native: X11Native, driver: Driver) -> None:
    native.hook(target.id, POINTER)
    x, y = middle(target, native)
    cover = plain(Rectangle(x - 20, y - 20, 40, 40), unmanaged=True)
    everything(native)
    driver.click(x, y)
    driver.scroll(x, y, 1)
    assert until(cover.buttons, what="the click to arrive")
    assert everything(native) == []
    assert native.poll_pointer() is None


def test_nothing_while_another_window_has_the_focus(
    target: Plain, plain: OpenPlain, native: X11Native, driver: Driver
) -> None:
    other = plain(Rectangle(700, 400, 200, 200))
    target.focus()
    wait_focus(native, target.id)
    x, y = middle(target, native)
    native.hook(target.id, POINTER)
    other.focus()
    wait_focus(native, other.id)
    driver.scroll(x, y, 1)
    driver.move(x + 2, y)
    until(target.buttons, what="the wheel to arrive")
    assert [s for s in everything(native) if isinstance(s, (PointerObserved, ScrollObserved))] == []
    assert native.poll_pointer() is None


def test_modifiers_without_the_keyboard(target: Plain, native: X11Native, driver: Driver, keys: Keys) -> None:
    native.hook(target.id, POINTER)
    driver.move(*middle(target, native))
    keys.down(62)  # right Shift: with no keys hooked, its side is not known
    driver.scroll(*middle(target, native), 1)
    got = [s.modifiers for s in pointed(native, 1)]
    keys.up(62)
    assert got == [Modifier.LEFT_SHIFT]


def test_left_handed_mice(target: Plain, native: X11Native, driver: Driver, keys: Keys) -> None:
    native.hook(target.id, POINTER)
    usual = keys.x.get_pointer_mapping()
    try:
        keys.x.set_pointer_mapping([3, 2, 1, *usual[3:]])
        keys.x.sync()
        everything(native)
        driver.click(*middle(target, native), button=1)
        got = [getattr(s, "button", None) for s in pointed(native, 2)]
    finally:
        keys.x.set_pointer_mapping(usual)
        keys.x.sync()
    assert got == [Button.RIGHT, Button.RIGHT]


def test_a_move_waits_for_what_was_not_read(target: Plain, plain: OpenPlain, native: X11Native, driver: Driver) -> None:
    other = plain(Rectangle(700, 400, 200, 200))
    target.focus()
    wait_focus(native, target.id)
    native.hook(target.id, POINTER)
    x, y = middle(target, native)
    other.window.set_input_focus(X.RevertToParent, X.CurrentTime)
    other.x.sync()
    driver.move(x, y)
    assert native.poll_pointer() is None
    until(lambda: (native.read(), native.focused())[1] is not None, what="the focus")
    assert native.poll_pointer() is None
