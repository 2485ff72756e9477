"""G3 where the server itself keeps another window's pixels: uncovered, grown, faded out, off the screen."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from Xlib import X
from Xlib.display import Display
from Xlib.ext import composite as x_composite
from Xlib.ext import damage as x_damage

from agent.native.base import RawFrame
from agent.native.x11 import X11Grabber
from tests.agent.native.conftest import OpenPlain
from tests.agent.native.test_x11_grabber import CANARY, OWN, bgr, holds, painted
from tests.agent.native.x11_rig import Plain
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.waiting import until
from tests.support.windows import Rectangle

SPOT = Rectangle(100, 50, 80, 60)
"""Where a foreign window lies, from the left top corner of ours."""


def drawn_apart(window: Plain) -> bool:
    """Whether the server has redirected a window into memory of its own."""
    failed: list[object] = []
    window.x.set_error_handler(lambda error, _: failed.append(error))
    pixmap = x_composite.name_window_pixmap(window.window, onerror=lambda error, _: failed.append(error))
    window.x.sync()
    if not failed:
        pixmap.free()
    return not failed


@contextmanager
def compositor(desktop: Desktop) -> Iterator[None]:
    """picom, which fades windows out for long after they are gone."""
    fade = ("--fading", "--fade-out-step=0.01", "--fade-in-step=0.01", "--fade-delta=10")
    running = desktop.start(["picom", "--backend", "xrender", "--config", "/dev/null", *fade])
    try:
        with closing(Display(desktop.display)) as x:
            name = x.intern_atom("_NET_WM_CM_S0")
            until(lambda: x.get_selection_owner(name) != X.NONE, what="the compositor")
        with closing(Plain(desktop.display, Rectangle(0, 0, 5, 5), unmanaged=True)) as one:
            until(lambda: drawn_apart(one), what="windows to have memory of their own")
        yield
    finally:
        running.stop()


@pytest.fixture(params=["plain", "composited"])
def way(request: pytest.FixtureRequest, desktop: Desktop) -> Iterator[str]:
    if request.param == "plain":
        yield request.param
        return
    with compositor(desktop):
        yield request.param


def hollow(window: Plain) -> None:
    """Take a window's background away: the server leaves whatever is in its place until the program paints."""
    paint(window)
    window.window.change_attributes(background_pixmap=X.NONE)
    window.x.sync()


def paint(window: Plain, place: Rectangle | None = None, colour: int = OWN) -> None:
    size = window.window.get_geometry()
    spot = place or Rectangle(0, 0, size.width, size.height)
    window.window.fill_rectangle(window.window.create_gc(foreground=colour), spot.x, spot.y, spot.width, spot.height)
    window.x.sync()


def corner(window: Plain) -> tuple[int, int]:
    at = window.x.screen().root.translate_coords(window.window, 0, 0)
    return at.x, at.y


def cover(plain: OpenPlain, window: Plain, spot: Rectangle = SPOT) -> Plain:
    x, y = corner(window)
    return plain(Rectangle(x + spot.x, y + spot.y, spot.width, spot.height), CANARY, unmanaged=True)


def taken(grabber: X11Grabber, window: Plain) -> RawFrame:
    return until(lambda: grabber.grab(window.id), what="a frame")


@pytest.fixture
def ours(plain: OpenPlain, grabber: X11Grabber, driver: Driver) -> Plain:
    """A managed window without a background, attended and seen."""
    window = plain()
    driver.focus_window(window.id)
    hollow(window)
    grabber.attend(window.id)
    painted(grabber, window)
    return window


def test_g3_what_was_uncovered_and_not_painted_since_is_not_shown(
    way: str, plain: OpenPlain, grabber: X11Grabber, ours: Plain
) -> None:
    for _ in range(3):
        above = cover(plain, ours)
        covered = taken(grabber, ours)
        assert not holds(covered, CANARY)
        assert bool(covered.covered) is (way == "plain")
        above.close()
        bare = taken(grabber, ours)
        assert not holds(bare, CANARY)
        assert (bare.covered == ((100, 50, 180, 110),)) is (way == "plain")
        paint(ours)
        whole = until(lambda: found if not (found := taken(grabber, ours)).covered else None, what="an open frame")
        assert (whole.pixels == bgr(OWN)).all()


def test_g3_not_even_for_a_moment(way: str, plain: OpenPlain, grabber: X11Grabber, ours: Plain) -> None:
    """A foreign window that came and went between two pictures, unseen by either."""
    assert way
    for _ in range(10):
        cover(plain, ours).close()
        assert not holds(taken(grabber, ours), CANARY)


def test_g3_what_was_covered_when_the_gate_opened(way: str, plain: OpenPlain, grabber: X11Grabber, ours: Plain) -> None:
    assert way
    grabber.attend(None)
    above = cover(plain, ours)
    taken(grabber, ours)
    grabber.attend(None)
    grabber.attend(ours.id)
    above.close()
    assert not holds(taken(grabber, ours), CANARY)


@pytest.mark.parametrize("gravity", [X.ForgetGravity, X.NorthWestGravity])
def test_g3_what_it_grew_over_is_not_shown(way: str, plain: OpenPlain, grabber: X11Grabber, gravity: int) -> None:
    assert way
    window = plain(unmanaged=True)
    hollow(window)
    window.window.change_attributes(bit_gravity=gravity)
    beside = plain(Rectangle(500, 200, 200, 200), CANARY, unmanaged=True)
    grabber.attend(window.id)
    painted(grabber, window)
    window.window.configure(stack_mode=X.Above)
    window.window.configure(width=450)
    window.x.sync()
    grown = taken(grabber, window)
    assert not holds(grown, CANARY)
    assert (400 - 100, 0, 450, 200) in grown.covered or (0, 0, 450, 200) in grown.covered
    paint(window)
    whole = until(lambda: found if not (found := taken(grabber, window)).covered else None, what="an open frame")
    assert (whole.pixels == bgr(OWN)).all()
    beside.close()


def test_g3_a_window_that_fades_out_is_not_shown(
    desktop: Desktop, plain: OpenPlain, grabber: X11Grabber, driver: Driver
) -> None:
    """The screen shows it for a second after it is gone; the window's own memory never did."""
    with compositor(desktop):
        window = plain()
        driver.focus_window(window.id)
        grabber.attend(window.id)
        painted(grabber, window)
        above = cover(plain, window)
        x, y = corner(window)

        def shows() -> bool:
            return bool((desktop.grab()[y + 80, x + 140] != [0x33, 0x66, 0x99]).any())

        until(shows, what="the foreign window to be on the screen")
        above.close()
        assert shows()
        frame = taken(grabber, window)
        assert (frame.pixels == bgr(OWN)).all()
        assert frame.covered == ()


def test_g3_a_foreign_window_never_shows_while_it_moves(
    way: str, plain: OpenPlain, grabber: X11Grabber, ours: Plain
) -> None:
    assert way
    x, y = corner(ours)
    above = plain(Rectangle(x + 310, y, 120, 120), CANARY, unmanaged=True)
    frames = []
    for step in range(150):
        above.window.configure(x=x + 310 - step * 3, y=y + step % 40)
        above.x.flush()
        if (frame := grabber.grab(ours.id)) is not None:
            frames.append(frame)
    assert frames
    assert not any(holds(frame, CANARY) for frame in frames)


def test_g3_a_compositor_that_comes_and_goes(
    desktop: Desktop, plain: OpenPlain, grabber: X11Grabber, ours: Plain
) -> None:
    """As it starts, the server copies what is on the screen into each window's new memory."""
    above = cover(plain, ours)
    taken(grabber, ours)
    with compositor(desktop):
        for _ in range(5):
            assert not holds(taken(grabber, ours), CANARY)
    for _ in range(5):
        assert not holds(taken(grabber, ours), CANARY)
    above.close()
    assert not holds(taken(grabber, ours), CANARY)


def test_only_what_changed_is_new(way: str, plain: OpenPlain, grabber: X11Grabber, ours: Plain) -> None:
    assert way
    other = plain(Rectangle(700, 500, 100, 100), CANARY, unmanaged=True)
    until(lambda: taken(grabber, ours) and not grabber.changed(ours.id), what="stillness")
    paint(other, colour=0x00FF00)
    assert not grabber.changed(ours.id)
    paint(ours, Rectangle(5, 5, 10, 10), 0x00FF00)
    assert grabber.changed(ours.id)
    assert holds(taken(grabber, ours), 0x00FF00)
    assert not grabber.changed(ours.id)
    assert grabber.changed(other.id)


def test_nothing_is_watched_once_the_gate_is_closed(desktop: Desktop, grabber: X11Grabber, ours: Plain) -> None:
    watch = grabber._watch
    assert watch is not None
    assert grabber._images._memory is not None
    grabber.attend(None)
    grabber._link.confirm()
    with closing(Display(desktop.display)) as x:
        assert x.has_extension("DAMAGE")
        gone = []
        x.damage_query_version()
        x_damage.DamageSubtract(
            display=x.display, opcode=x.display.get_extension_major("DAMAGE"), damage=watch._id, repair=0, parts=0
        )
        x.set_error_handler(lambda error, _: gone.append(error))
        x.sync()
        assert gone, "the damage object is still there"
    assert grabber._watch is None
    assert grabber._images._memory is None
    grabber._link.take()
    paint(ours, colour=0x00FF00)
    ours.window.configure(width=310)
    ours.x.sync()
    grabber._link.confirm()
    assert grabber._link.take() == []
    assert grabber.changed(ours.id)


# --- screens and monitors ---


def xrandr(desktop: Desktop, *arguments: str) -> None:
    subprocess.run(["xrandr", *arguments], env=desktop.env, check=True, capture_output=True)


def test_monitors_come_and_go_and_a_window_may_span_them(
    desktop: Desktop, plain: OpenPlain, grabber: X11Grabber
) -> None:
    window = plain(Rectangle(540, 200, 300, 200), unmanaged=True)
    grabber.attend(window.id)
    before = painted(grabber, window)
    xrandr(desktop, "--setmonitor", "left", "640/160x800/200+0+0", "screen")
    xrandr(desktop, "--setmonitor", "right", "640/160x800/200+640+0", "none")
    try:
        spanning = taken(grabber, window)
        assert spanning.rect == before.rect == (540, 200, 840, 400)
        assert (spanning.pixels == bgr(OWN)).all()
    finally:
        xrandr(desktop, "--delmonitor", "right")
        xrandr(desktop, "--delmonitor", "left")
    assert (taken(grabber, window).pixels == bgr(OWN)).all()


def test_the_screen_may_shrink_and_grow_under_it(desktop: Desktop, plain: OpenPlain, grabber: X11Grabber) -> None:
    window = plain(Rectangle(540, 200, 300, 200), unmanaged=True)
    hollow(window)
    grabber.attend(window.id)
    painted(grabber, window)
    width, height = desktop.size
    xrandr(desktop, "--newmode", "small", "25", *["640"] * 4, *["800"] * 4)
    xrandr(desktop, "--addmode", "screen", "small")
    try:
        xrandr(desktop, "--output", "screen", "--mode", "small")
        cut = taken(grabber, window)
        assert cut.rect == (540, 200, 640, 400)
        assert (cut.pixels == bgr(OWN)).all()
    finally:
        xrandr(desktop, "--output", "screen", "--mode", f"{width}x{height}")
    again = taken(grabber, window)
    assert again.rect == (540, 200, 840, 400)
    assert not again.pixels[:, 100:].any(), "what came back was not painted by it yet"
    paint(window)
    until(lambda: not taken(grabber, window).covered, what="the whole window")
    assert (taken(grabber, window).pixels == bgr(OWN)).all()


@pytest.mark.parametrize(("x", "y"), [(-100, 50), (50, -60), (-100, -60)])
def test_a_window_may_begin_left_of_the_screen_or_above_it(
    way: str, plain: OpenPlain, grabber: X11Grabber, x: int, y: int
) -> None:
    window = plain(Rectangle(200, 200, 300, 200), unmanaged=True)
    hollow(window)
    grabber.attend(window.id)
    painted(grabber, window)
    window.window.configure(x=x, y=y)
    window.x.sync()
    cut = taken(grabber, window)
    assert cut.rect == (max(x, 0), max(y, 0), x + 300, y + 200)
    assert (cut.pixels == bgr(OWN)).all()
    window.window.configure(x=200, y=200)
    window.x.sync()
    back = taken(grabber, window)
    assert back.rect == (200, 200, 500, 400)
    expected = way == "plain"
    assert bool(back.covered) is expected
    assert (back.pixels[max(-y, 0) :, max(-x, 0) :] == bgr(OWN)).all()


def test_a_window_that_is_dragged_keeps_its_pixels(way: str, plain: OpenPlain, grabber: X11Grabber) -> None:
    """Moving paints nothing and brings nothing to light: no part of it may be masked for that."""
    assert way
    window = plain(unmanaged=True)
    hollow(window)
    grabber.attend(window.id)
    painted(grabber, window)
    for step in range(30):
        window.window.configure(x=200 + 5 * step, y=200 + step)
        window.x.sync()
    frame = taken(grabber, window)
    assert frame.rect == (345, 229, 645, 429)
    assert frame.covered == ()
    assert (frame.pixels == bgr(OWN)).all()


def test_a_picture_is_ready_at_its_own_time(grabber: X11Grabber, ours: Plain) -> None:
    frame = taken(grabber, ours)
    assert frame.start_ns <= frame.end_ns <= time.monotonic_ns()
