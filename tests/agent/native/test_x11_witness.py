"""The witness sees a stripe on the real screen, of the right process, uncovered; with a compositor and without."""

import os
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
from Xlib import X

from agent.core.sign import NONCE_BYTES, Claim
from agent.core.stripe import shows, stripe
from agent.native.base import NativeUnavailable
from agent.native.x11.witness import X11Witness
from schemas.events import Rect
from tests.agent.native.conftest import OpenPlain
from tests.agent.native.x11_rig import Plain
from tests.support.desktop import Desktop
from tests.support.waiting import until
from tests.support.windows import Rectangle, connected

NONCE, OTHER = bytes(range(NONCE_BYTES)), bytes(NONCE_BYTES)
PLACE = Rectangle(700, 500, 192, 28)
RECT: Rect = (700, 525, 892, 528)


@pytest.fixture(scope="module", params=["bare", "picom"])
def composited(request: pytest.FixtureRequest, desktop: Desktop) -> Iterator[str]:
    if request.param == "bare":
        yield "bare"
        return
    process = desktop.start(["picom", "--backend", "xrender", "--config", "/dev/null"])

    def composites() -> bool:
        with connected(desktop.display) as x:
            return x.get_selection_owner(x.intern_atom("_NET_WM_CM_S0")) != X.NONE

    until(lambda: composites() or not process.running, what="the compositor")
    assert process.running, process.output
    yield "picom"
    process.stop()


@pytest.fixture
def witness(desktop: Desktop, composited: str) -> Iterator[X11Witness]:
    assert composited
    with closing(X11Witness(desktop.env)) as one:
        yield one


def show(window: Plain, nonce: bytes = NONCE, at: int = 25) -> None:
    pixels = stripe(nonce, 3, 3)
    padded = np.zeros((*pixels.shape[:2], 4), np.uint8)
    padded[:, :, :3] = pixels
    depth = window.x.screen().root_depth
    window.window.put_image(window.window.create_gc(), 0, at, 192, 3, X.ZPixmap, depth, 0, padded.tobytes())
    window.x.sync()


@pytest.fixture
def badge(plain: OpenPlain, witness: X11Witness) -> Plain:
    one = plain(PLACE, unmanaged=True)
    show(one)
    until(lambda: witness.sees(claim()), what="the stripe to be on the screen")
    return one


def claim(rect: Rect = RECT, nonce: bytes = NONCE, pid: int | None = None) -> Claim:
    return Claim(rect, nonce, os.getpid() if pid is None else pid)


def test_it_sees_what_is_there_and_only_that(badge: Plain, witness: X11Witness) -> None:
    assert badge
    assert not witness.sees(claim(nonce=OTHER))
    assert not witness.sees(claim((701, 525, 893, 528)))
    assert not witness.sees(claim((100, 525, 292, 528)))
    assert not witness.sees(claim(pid=1)), "another process's window"
    assert not witness.sees(Claim(RECT, NONCE, None)), "nobody knows whose"
    assert witness.sees(claim())


@pytest.mark.parametrize(
    "place", [Rectangle(700, 525, 192, 3), Rectangle(700, 510, 192, 18), Rectangle(700, 500, 192, 80)],
    ids=["the stripe alone", "half a badge", "in the middle"],
)  # fmt: skip
def test_a_stripe_without_a_badge_is_no_sign(witness: X11Witness, plain: OpenPlain, place: Rectangle) -> None:
    fake = plain(place, unmanaged=True)
    show(fake, at=525 - place.y)
    until(lambda: shows(witness._pixels(RECT), NONCE), what="the stripe's pixels on the screen")
    assert not witness.sees(claim())


def test_it_follows_what_is_painted(badge: Plain, witness: X11Witness) -> None:
    show(badge, OTHER)
    until(lambda: witness.sees(claim(nonce=OTHER)), what="the new stripe")
    assert not witness.sees(claim())


@pytest.mark.parametrize(
    "over",
    [PLACE, Rectangle(650, 450, 400, 200), Rectangle(880, 500, 50, 10), Rectangle(700, 500, 192, 25)],
    ids=["all of it", "more than it", "a corner", "the words"],
)
def test_a_window_over_any_part_of_it_hides_it(
    badge: Plain, witness: X11Witness, plain: OpenPlain, over: Rectangle
) -> None:
    assert badge
    cover = plain(over, unmanaged=True)
    until(lambda: not witness.sees(claim()), what="the cover")
    cover.window.unmap()
    cover.x.sync()
    show(badge)
    until(lambda: witness.sees(claim()), what="the stripe again")


def test_a_window_beside_it_or_below_it_does_not(badge: Plain, witness: X11Witness, plain: OpenPlain) -> None:
    plain(Rectangle(500, 500, 200, 28), unmanaged=True)
    below = plain(Rectangle(650, 450, 400, 200), unmanaged=True)
    below.window.configure(stack_mode=X.Below)
    below.x.sync()
    show(badge)
    until(lambda: witness.sees(claim()), what="the stripe")


def test_a_badge_that_is_hidden_moved_or_partly_off_the_screen_is_not_seen(badge: Plain, witness: X11Witness) -> None:
    badge.window.unmap()
    badge.x.sync()
    assert not witness.sees(claim())
    badge.window.map()
    badge.window.configure(x=1200, y=500)
    badge.x.sync()
    assert not witness.sees(claim())
    assert not witness.sees(claim((1200, 525, 1392, 528)))
    assert not witness.sees(claim((5000, 5000, 5192, 5003)))
    assert not witness.sees(claim((-32768, -32768, -32576, -32765)))
    badge.window.configure(x=PLACE.x, y=PLACE.y)
    badge.x.sync()
    show(badge)
    until(lambda: witness.sees(claim()), what="the stripe again")


def test_closed_it_sees_nothing(desktop: Desktop) -> None:
    witness = X11Witness(desktop.env)
    assert not witness.lost()
    witness.close()
    witness.close()
    assert witness.lost()
    assert not witness.sees(claim())


def test_without_a_display_there_is_none() -> None:
    with pytest.raises(NativeUnavailable):
        X11Witness({})


def test_it_outlives_no_server() -> None:
    with Desktop(tray=None) as short, closing(X11Witness(short.env)) as witness:
        short.kill_display()
        assert not witness.sees(claim())
        assert witness.lost()
