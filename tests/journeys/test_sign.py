"""G2 on a real desktop: the sign is what the daemon itself sees on the screen, not what a program says of it."""

import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray
from Xlib import X

from agent.native.x11 import X11Grabber
from agent.tray.badge import HEIGHT_PX, STRIPE_PX, WIDTH_PX
from tests.agent.native.x11_rig import Plain
from tests.journeys.conftest import Household
from tests.support.live import closed_and_decided, noticed
from tests.support.waiting import until
from tests.support.windows import Rectangle, Window, connected, geometry, stacking

pytestmark = pytest.mark.journey
EVERY_S = 0.1
"""Between two lies: more often than an honest client."""
Harm = Callable[[Household], AbstractContextManager[None]]


@pytest.fixture
def recorded(household: Household) -> Household:
    """Agreed, and capturing in the window in front."""
    if not hasattr(household, "daemon"):
        household.start()
        household.agree()
    if not household.indicator.running:
        household.indicator = household.employee.indicator()
    household.hands.focus_window(household.allowed.window.id)
    household.await_state("capturing")
    return household


def find_badge(home: Household) -> Window | None:
    """The indicator's badge, if it is shown anywhere."""
    size = (WIDTH_PX, HEIGHT_PX)
    windows = [w for w in stacking(home.desktop.display) if w.pid == home.indicator.pid]
    return next((w for w in windows if (w.rectangle.width, w.rectangle.height) == size), None)


def badge(home: Household) -> Window:
    return until(lambda: find_badge(home), what="the badge")


def xdotool(home: Household, *words: object) -> None:
    assert home.desktop.start(["xdotool", *map(str, words)]).wait(10) == 0


@contextmanager
def unmapped(home: Household) -> Iterator[None]:
    window = badge(home).id
    xdotool(home, "windowunmap", window)
    try:
        yield
    finally:
        xdotool(home, "windowmap", window)


@contextmanager
def moved_off_the_screen(home: Household) -> Iterator[None]:
    window = badge(home)
    xdotool(home, "windowmove", window.id, 5000, 5000)
    try:
        yield
    finally:
        xdotool(home, "windowmove", window.id, window.rectangle.x, window.rectangle.y)


@contextmanager
def partly_off_the_screen(home: Household) -> Iterator[None]:
    window = badge(home)
    xdotool(home, "windowmove", window.id, home.desktop.size[0] - 30, window.rectangle.y)
    try:
        yield
    finally:
        xdotool(home, "windowmove", window.id, window.rectangle.x, window.rectangle.y)


@contextmanager
def covered(home: Household) -> Iterator[None]:
    with closing(Plain(home.desktop.display, badge(home).rectangle, unmanaged=True)):
        yield


@contextmanager
def words_covered_and_stripe_left(home: Household) -> Iterator[None]:
    place = badge(home).rectangle
    words = Rectangle(place.x, place.y, place.width, place.height - STRIPE_PX)
    with closing(Plain(home.desktop.display, words, unmanaged=True)):
        yield


@contextmanager
def screen_covered(home: Household) -> Iterator[None]:
    """As a game does that draws over everything without asking the window manager."""
    with closing(Plain(home.desktop.display, Rectangle(0, 0, *home.desktop.size), unmanaged=True)):
        yield


@contextmanager
def frozen(home: Household) -> Iterator[None]:
    os.kill(home.indicator.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(home.indicator.pid, signal.SIGCONT)


@contextmanager
def killed(home: Household) -> Iterator[None]:
    home.indicator.kill()
    try:
        yield
    finally:
        home.indicator = home.employee.indicator()


@contextmanager
def forged_lease(home: Household) -> Iterator[None]:
    """A hostile program of the same person says that the sign is shown, and names the screen where nothing is."""
    with killed(home), Forger(home) as forger:
        forger.insist(None)
        yield


@contextmanager
def forged_badge(home: Household) -> Iterator[None]:
    """As before, and it names a part of the screen where no badge is."""
    with killed(home), Forger(home) as forger:
        forger.insist([0, 0, WIDTH_PX, STRIPE_PX])
        yield


@contextmanager
def old_picture_of_the_badge(home: Household) -> Iterator[None]:
    """A hostile program shows a picture that it took of the badge, where the badge was, and says so."""
    place = badge(home).rectangle
    picture = home.desktop.grab()[place.y : place.y + place.height, place.x : place.x + place.width]
    with killed(home), Forger(home) as forger, closing(Plain(home.desktop.display, place, unmanaged=True)) as fake:
        paint(fake, picture)
        shown = home.desktop.grab()[place.y : place.y + place.height, place.x : place.x + place.width]
        assert (shown == picture).all()
        bottom = place.y + place.height
        forger.insist([place.x, bottom - STRIPE_PX, place.x + place.width, bottom])
        yield


@contextmanager
def forged_lease_for_a_frozen_badge(home: Household) -> Iterator[None]:
    """The indicator is stopped, so its badge still shows what was asked; a hostile program leases for it."""
    place = badge(home).rectangle
    with Forger(home) as forger:
        bottom = place.y + place.height
        forger.insist([place.x, bottom - STRIPE_PX, place.x + place.width, bottom])
        with frozen(home):
            yield


class Forger:
    """A client of the daemon's socket that lies, again and again, for as long as the block lasts."""

    def __init__(self, home: Household) -> None:
        self._path = Path(home.employee.env["OVERT_RUNTIME_DIR"]) / "control.sock"
        self._socket = socket.socket(socket.AF_UNIX)
        self._ended = threading.Event()
        self._heard = threading.Event()
        self._lies: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._lie, name="forger")

    def __enter__(self) -> Self:
        self._socket.connect(str(self._path))
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def insist(self, rect: list[int] | None) -> None:
        """Begin, and return when the daemon has taken the first of the lies as a proper lease."""
        badge = {} if rect is None else {"badge": {"rect": rect}}
        self._lies = {"v": 1, "op": "lease", "shown": True, **badge}
        self._thread.start()
        assert self._heard.wait(15)

    def _lie(self) -> None:
        with self._socket.makefile("rb") as lines:
            while not self._ended.wait(EVERY_S):
                self._socket.sendall(json.dumps(self._lies).encode() + b"\n")
                if "renew_ms" in json.loads(lines.readline()):
                    self._heard.set()


def paint(window: Plain, picture: NDArray[np.uint8]) -> None:
    """Fill a window with pixels, and return when they are there."""
    height, width = picture.shape[:2]
    padded = np.zeros((height, width, 4), np.uint8)
    padded[:, :, :3] = picture[:, :, ::-1]
    context = window.window.create_gc()
    depth = window.x.screen().root_depth
    window.window.put_image(context, 0, 0, width, height, X.ZPixmap, depth, 0, padded.tobytes())
    window.x.sync()


HARMS: tuple[Harm, ...] = (
    unmapped,
    moved_off_the_screen,
    partly_off_the_screen,
    covered,
    words_covered_and_stripe_left,
    screen_covered,
    frozen,
    killed,
    forged_lease,
    forged_badge,
    forged_lease_for_a_frozen_badge,
    old_picture_of_the_badge,
)


def nothing_is_captured(home: Household) -> None:
    home.employee.wait_for("the gate to close", lambda s: s["state"] == "blocked" and closed_and_decided(s))
    before = home.seen
    home.type_into(home.allowed, "nobody can see the sign, so not this\n")
    status = home.employee.status()
    assert (status["state"], noticed(status)) == ("blocked", before)
    why = home.employee.overt("why", "--json").json["conditions"]
    assert next(c["reason"] for c in why if not c["holds"]) == "no_sign"


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_without_the_badge_on_the_screen_nothing_is_captured(recorded: Household, harm: Harm) -> None:
    with harm(recorded):
        nothing_is_captured(recorded)
    recorded.hands.focus_window(recorded.allowed.window.id)
    recorded.await_state("capturing")
    before = recorded.seen
    recorded.type_into(recorded.allowed, "the sign is back, so this\n")
    recorded.sees_more_than(before)


@contextmanager
def picom(home: Household) -> Iterator[None]:
    """A compositor, for as long as the block lasts."""
    process = home.desktop.start(["picom", "--backend", "xrender", "--config", "/dev/null"])

    def composites() -> bool:
        with connected(home.desktop.display) as x:
            return x.get_selection_owner(x.intern_atom("_NET_WM_CM_S0")) != X.NONE

    try:
        until(lambda: composites() or not process.running, what="the compositor")
        assert process.running, process.output
        yield
    finally:
        process.stop()
    until(lambda: not composites(), what="the compositor to be gone")


@pytest.mark.parametrize("harm", [covered, unmapped, frozen], ids=lambda harm: harm.__name__)
def test_the_same_under_a_compositor(recorded: Household, harm: Harm) -> None:
    with picom(recorded):
        recorded.await_state("capturing")
        test_without_the_badge_on_the_screen_nothing_is_captured(recorded, harm)


def test_a_window_that_is_kept_above_does_not_cover_the_badge(recorded: Household) -> None:
    place = badge(recorded).rectangle
    with closing(Plain(recorded.desktop.display, Rectangle(place.x - 50, place.y - 60, 240, 80))) as other:
        recorded.hands.focus_window(other.id)
        recorded.hands.keep_above(other.id)
        recorded.hands.focus_window(recorded.allowed.window.id)
        order = [w.id for w in stacking(recorded.desktop.display)]
        assert order.index(badge(recorded).id) > order.index(other.id)
        recorded.await_state("capturing")


def test_the_badge_stays_above_a_full_screen_window_and_is_not_in_its_pictures(recorded: Household) -> None:
    place = badge(recorded).rectangle
    whole = Rectangle(0, 0, *recorded.desktop.size)
    recorded.hands.key("F11")
    until(lambda: geometry(recorded.desktop.display, recorded.allowed.window.id) == whole, what="a full screen")
    try:
        recorded.await_state("capturing")
        assert badge(recorded).rectangle == place
        before = recorded.seen
        recorded.type_into(recorded.allowed, "full screen, and the badge is seen\n")
        recorded.sees_more_than(before)
        assert badge(recorded).id == stacking(recorded.desktop.display)[-1].id
        corners = (place.x, place.y, place.x + place.width, place.y + place.height)
        with closing(X11Grabber(recorded.desktop.env, time)) as grabber:
            picture = until(lambda: grabber.grab(recorded.allowed.window.id), what="a picture")
        assert corners in picture.covered
        assert not picture.pixels[corners[1] : corners[3], corners[0] : corners[2]].any()
    finally:
        recorded.hands.key("F11")
        until(lambda: geometry(recorded.desktop.display, recorded.allowed.window.id) != whole)


def test_it_takes_no_focus_and_is_dragged_to_where_it_stays(recorded: Household) -> None:
    start = badge(recorded).rectangle
    seen: list[int] = []
    x, y = start.centre
    recorded.hands.click(x, y)
    seen += recorded.hands.focused()
    recorded.hands.drag((x, y), (x - 300, y - 100))
    seen += recorded.hands.focused()
    moved = Rectangle(start.x - 300, start.y - 100, start.width, start.height)
    until(lambda: badge(recorded).rectangle == moved, what="the badge to be where it was dragged")
    recorded.await_state("capturing")
    assert recorded.allowed.window.id in seen
    assert badge(recorded).id not in seen
    with killed(recorded):
        nothing_is_captured(recorded)
    assert badge(recorded).rectangle == moved
    mode = (recorded.employee.state / "badge.json").stat().st_mode
    assert mode & 0o077 == 0


def test_a_click_on_the_icon_brings_it_back(recorded: Household) -> None:
    window = badge(recorded)
    xdotool(recorded, "windowunmap", window.id)
    recorded.employee.wait_for("the gate to close", lambda s: s["state"] == "blocked")
    recorded.hands.click(15, 14)
    badge(recorded)
    recorded.hands.key("Escape")  # its menu
    recorded.hands.focus_window(recorded.allowed.window.id)
    recorded.await_state("capturing")


def test_no_badge_and_no_frame_while_off(recorded: Household) -> None:
    frame = [w for w in stacking(recorded.desktop.display) if w.pid == recorded.indicator.pid]
    assert len(frame) == 5, "a badge and four lines"
    recorded.employee.overt("off")
    until(lambda: find_badge(recorded) is None, what="the badge to go")
    until(lambda: not [w for w in stacking(recorded.desktop.display) if w.pid == recorded.indicator.pid])
    with contextlib.suppress(LookupError):
        assert recorded.employee.status()["state"] == "off"
    recorded.agree()
    badge(recorded)


def test_without_a_tray_the_badge_alone_does_not_count(recorded: Household) -> None:
    recorded.desktop.kill_tray()
    try:
        nothing_is_captured(recorded)
        assert find_badge(recorded) is not None, "it still says that nothing is recorded"
    finally:
        recorded.desktop.start(["xfce4-panel", "--disable-wm-check"])
    recorded.hands.focus_window(recorded.allowed.window.id)
    recorded.await_state("capturing")
