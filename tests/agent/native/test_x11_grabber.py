"""A frame holds the window's own pixels and no others."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from agent.native.base import Pixels, RawFrame
from agent.native.x11 import X11Grabber
from agent.native.x11.stacking import Scene
from tests.agent.native.conftest import OpenPlain
from tests.agent.native.x11_rig import Plain
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.waiting import until
from tests.support.windows import Rectangle, geometry

OWN, CANARY = 0x336699, 0xFF00FF
"""Red, green, blue of the two windows."""


def bgr(colour: int) -> list[int]:
    return [colour & 255, colour >> 8 & 255, colour >> 16]


def holds(frame: RawFrame, colour: int) -> bool:
    return bool((frame.pixels == bgr(colour)).all(axis=2).any())


def painted(grabber: X11Grabber, window: Plain) -> RawFrame:
    """A frame of a window whose colour the server has painted."""

    def look() -> RawFrame | None:
        frame = grabber.grab(window.id)
        return frame if frame is not None and holds(frame, OWN) else None

    return until(look, what="a frame")


def test_a_window_alone(plain: OpenPlain, grabber: X11Grabber, driver: Driver, desktop: Desktop) -> None:
    window = plain()
    driver.focus_window(window.id)
    frame = painted(grabber, window)
    place = geometry(desktop.display, window.id)
    assert frame.rect == (place.x, place.y, place.x + 300, place.y + 200)
    assert frame.pixels.shape == (200, 300, 3)
    assert (frame.pixels == bgr(OWN)).all()  # and so nothing of the manager's frame
    assert frame.covered == ()
    assert frame.start_ns <= frame.end_ns <= time.monotonic_ns()
    assert frame.scale == 1.0


@pytest.mark.parametrize("unmanaged", [False, True])
def test_what_lies_over_it_is_black(plain: OpenPlain, grabber: X11Grabber, driver: Driver, *, unmanaged: bool) -> None:
    below = plain(colour=OWN)
    driver.focus_window(below.id)
    left, top, *_ = painted(grabber, below).rect
    above = plain(Rectangle(left + 100, top + 50, 80, 60), CANARY, unmanaged=unmanaged)
    if not unmanaged:
        driver.focus_window(above.id)
        driver.move_resize(above.id, Rectangle(left + 100, top + 50, 80, 60))

    def covered() -> RawFrame | None:
        frame = grabber.grab(below.id)
        return frame if frame is not None and frame.covered else None

    frame = until(covered, what="a covered frame")
    assert not holds(frame, CANARY)
    assert holds(frame, OWN)
    x0, y0, x1, y1 = frame.covered[0]
    assert x0 <= 100
    assert y0 <= 50
    assert x1 >= 180
    assert y1 >= 110
    assert not frame.pixels[y0:y1, x0:x1].any()
    if unmanaged:
        assert frame.covered == ((100, 50, 180, 110),)
    over = grabber.grab(above.id)
    assert over is not None
    assert over.covered == ()


def test_moving_a_window_over_it_never_shows_it(plain: OpenPlain, grabber: X11Grabber, driver: Driver) -> None:
    below = plain(colour=OWN)
    driver.focus_window(below.id)
    left, top, *_ = painted(grabber, below).rect
    above = plain(Rectangle(left + 310, top, 120, 120), CANARY, unmanaged=True)
    frames = []
    for step in range(200):
        above.window.configure(x=left + 310 - step * 2, y=top + step % 40)
        above.x.flush()
        frame = grabber.grab(below.id)
        if frame is not None:
            frames.append(frame)
    assert frames
    assert not any(holds(frame, CANARY) for frame in frames)


def test_what_is_off_the_screen_is_cut_off(plain: OpenPlain, grabber: X11Grabber, desktop: Desktop) -> None:
    width, height = desktop.size
    window = plain(Rectangle(width - 100, height - 50, 300, 200), unmanaged=True)
    frame = painted(grabber, window)
    assert frame.rect == (width - 100, height - 50, width, height)
    assert frame.pixels.shape == (50, 100, 3)
    window.window.configure(x=-60, y=-20)
    window.x.sync()
    plain(Rectangle(0, 0, 10, 10), CANARY, unmanaged=True)
    frame = painted(grabber, window)
    assert frame.rect == (0, 0, 240, 180)
    assert frame.covered == ((0, 0, 10, 10),)
    window.window.configure(x=width + 10)
    window.x.sync()
    assert grabber.grab(window.id) is None


@pytest.mark.parametrize("change", ["moved", "covered", "closed"])
def test_a_change_during_the_grab_gives_no_frame(
    plain: OpenPlain, grabber: X11Grabber, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    window = plain(unmanaged=True)
    cover = plain(Rectangle(900, 600, 50, 50), CANARY, unmanaged=True)
    painted(grabber, window)
    real: Callable[[Scene, int | None], Pixels | None] = grabber._pixels

    def disturbed(seen: Scene, pixmap: int | None) -> Pixels | None:
        rect = seen.client
        if change == "moved":
            window.window.configure(x=250)
            window.x.sync()
        elif change == "covered":
            cover.window.configure(x=rect[0], y=rect[1])
            cover.x.sync()
        else:
            window.window.destroy()
            window.x.sync()
        return real(seen, pixmap)

    monkeypatch.setattr(grabber, "_pixels", disturbed)
    assert grabber.grab(window.id) is None


def test_hidden_and_unknown_windows_give_no_frame(plain: OpenPlain, grabber: X11Grabber) -> None:
    window = plain(unmanaged=True)
    window.window.unmap()
    window.x.sync()
    assert grabber.grab(window.id) is None
    assert grabber.grab(0x7FFFFF) is None


def test_frames_do_not_share_memory(plain: OpenPlain, grabber: X11Grabber) -> None:
    window = plain(unmanaged=True)
    one, two = painted(grabber, window), painted(grabber, window)
    assert not np.shares_memory(one.pixels, two.pixels)
    assert "300x200" in repr(one)
