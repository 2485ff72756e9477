"""The real indicator's badge and frame on a real screen, at every scale, and a daemon of the test's own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import QRect

from agent.core.sign import NONCE_BYTES, Claim
from agent.native.x11.witness import X11Witness
from agent.tray.badge import HEIGHT_PX, WIDTH_PX
from agent.tray.frame import LINE_PX, sides
from agent.tray.view import badge_words
from agent.tray.words import TABLES, Words
from schemas.status import State
from tests.agent.ceremony.participant import Participant, enrolled
from tests.agent.tray.fake_daemon import CAPTURING, OFF, PAUSED, READY, RENEW_MS, FakeDaemon, status_of
from tests.support.desktop import Desktop
from tests.support.processes import Process
from tests.support.waiting import until
from tests.support.windows import Rectangle, Window, find_colour, stacking

ROOT = Path(__file__).parents[3]
READ_ALOUD = """
import json, sys
from pathlib import Path
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QMenu
from agent.tray.badge import Badge
from agent.tray.icons import Sign
from agent.tray.look import Look

app = QApplication([])
badge = Badge(Path(sys.argv[1]), QMenu())
badge.tell(Sign.CAPTURING, "Overt: recording Mousepad", Look())
face = QAccessible.queryAccessibleInterface(badge)
print(json.dumps([face.text(QAccessible.Text.Name), face.role().name, bool(face.state().focusable)]))
"""
NONCE, OTHER = bytes(range(NONCE_BYTES)), bytes(range(100, 100 + NONCE_BYTES))
RED = (0xC8, 0x1E, 0x3A)


@pytest.fixture(scope="module")
def desktop() -> Iterator[Desktop]:
    with Desktop() as running:
        yield running


@pytest.fixture
def me(tmp_path: Path) -> Participant:
    return enrolled(tmp_path)


def start(desktop: Desktop, me: Participant, scale: float = 1) -> Process:
    env = me.env | {"PYTHONPATH": str(ROOT), "QT_SCALE_FACTOR": str(scale)}
    return desktop.start([sys.executable, "-m", "agent.tray"], env=env, name="indicator", cwd=ROOT)


def windows(desktop: Desktop, indicator: Process) -> list[Window]:
    return [w for w in stacking(desktop.display) if w.pid == indicator.pid]


def asks(nonce: bytes, around: tuple[int, int, int, int] | None = None) -> dict[str, object]:
    return {"nonce": nonce.hex(), "around": around}


@pytest.mark.journey
@pytest.mark.parametrize("scale", [1, 1.25, 1.5, 1.75, 2])
def test_the_stripe_is_on_the_screen_where_the_lease_says(desktop: Desktop, me: Participant, scale: float) -> None:
    shots = os.environ.get("OVERT_SHOTS")
    with (
        FakeDaemon(me.places.control_socket, badge=asks(NONCE, (100, 100, 500, 400))) as daemon,
        closing(X11Witness(desktop.env)) as witness,
    ):
        indicator = start(desktop, me, scale)

        def seen(nonce: bytes) -> bool:
            rect = daemon.badge_rect()
            return rect is not None and witness.sees(Claim(rect, nonce, indicator.pid))

        until(lambda: seen(NONCE), what="the stripe")
        if shots:
            desktop.screenshot(Path(shots) / f"badge-{scale}.png")
        assert not seen(OTHER)
        daemon.tell(CAPTURING, RENEW_MS, asks(OTHER))
        until(lambda: seen(OTHER), what="the other stripe")
        indicator.stop()


@pytest.mark.journey
def test_it_is_there_while_on_and_not_while_off_or_alone(desktop: Desktop, me: Participant) -> None:
    with FakeDaemon(me.places.control_socket, OFF, None) as daemon:
        indicator = start(desktop, me)
        until(daemon.has_lease, what="the introduction")
        assert windows(desktop, indicator) == []
        for status in (READY, CAPTURING, PAUSED):
            daemon.tell(status, RENEW_MS, asks(NONCE))
            until(lambda: len(windows(desktop, indicator)) == 1, what="the badge")
        daemon.tell(OFF, None)
        until(lambda: not windows(desktop, indicator), what="no badge")
        daemon.tell(READY, RENEW_MS, asks(NONCE))
        until(lambda: windows(desktop, indicator), what="the badge")
    until(lambda: not windows(desktop, indicator), what="no badge without a daemon")
    indicator.stop()


@pytest.mark.journey
def test_the_frame_lies_around_the_window_and_not_over_it(desktop: Desktop, me: Participant) -> None:
    around = (100, 100, 500, 400)
    with FakeDaemon(me.places.control_socket, badge=asks(NONCE, around)) as daemon:
        indicator = start(desktop, me)
        until(lambda: len(windows(desktop, indicator)) == 5, what="badge and frame")
        outer = Rectangle(100 - LINE_PX, 100 - LINE_PX, 400 + 2 * LINE_PX, 300 + 2 * LINE_PX)
        # Everything red on the screen, but for the icon in the panel and the badge's disc.
        until(lambda: find_colour(desktop.grab()[40:700], RED) == below_panel(outer), what="the frame's pixels")
        inside = desktop.grab()[100:400, 100:500]
        assert find_colour(inside, RED) is None
        assert windows(desktop, indicator)[-1].rectangle.height == HEIGHT_PX, "the badge is uppermost"
        daemon.tell(READY, RENEW_MS, asks(NONCE))
        until(lambda: len(windows(desktop, indicator)) == 1, what="the frame to go")
        indicator.stop()


def below_panel(rectangle: Rectangle) -> Rectangle:
    return Rectangle(rectangle.x, rectangle.y - 40, rectangle.width, rectangle.height)


@pytest.mark.journey
@pytest.mark.parametrize(
    ("remembered", "place"),
    [
        ({"v": 1, "x": 300, "y": 200}, (300, 200)),
        ({"v": 1, "x": 99_999, "y": -5}, (1280 - WIDTH_PX, 0)),
        ({"v": 1, "x": "far", "y": None}, (1280 - WIDTH_PX - 12, 800 - HEIGHT_PX - 12)),
        ([], (1280 - WIDTH_PX - 12, 800 - HEIGHT_PX - 12)),
        ({"v": 1, "x": 10**30, "y": 0}, (1280 - WIDTH_PX - 12, 800 - HEIGHT_PX - 12)),
    ],
)
def test_it_stands_where_it_stood_if_that_is_on_a_screen(
    desktop: Desktop, me: Participant, remembered: object, place: tuple[int, int]
) -> None:
    (me.places.state / "badge.json").write_text(json.dumps(remembered))
    with FakeDaemon(me.places.control_socket, READY):
        indicator = start(desktop, me)
        window = until(lambda: windows(desktop, indicator), what="the badge")[0]
        assert (window.rectangle.x, window.rectangle.y) == place
        indicator.stop()


def test_what_it_says() -> None:
    said = {status.state: badge_words(Words(), status) for status in (OFF, READY, CAPTURING, PAUSED)}
    assert said == {
        State.OFF: "",
        State.IDLE: "Overt: ready",
        State.CAPTURING: "Overt: recording Mousepad",
        State.PAUSED: "Overt: paused",
    }
    assert badge_words(Words(), None) == ""
    assert all(
        badge_words(Words(language), status_of(state))
        for state in State
        if state is not State.OFF
        for language in TABLES
    )


def test_a_screen_reader_reads_it_and_cannot_land_on_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ_ALOUD, str(tmp_path / "badge.json")],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert json.loads(done.stdout) == ["Overt: recording Mousepad", "StaticText", False]


@pytest.mark.parametrize("inner", [QRect(50, 50, 100, 80), QRect(0, 0, 400, 300), QRect(-30, 200, 100, 300)])
def test_all_four_sides_are_on_the_screen(inner: QRect) -> None:
    room = QRect(0, 0, 400, 300)
    for side in sides(inner, room):
        assert room.contains(side)
        assert min(side.width(), side.height()) == LINE_PX
        if room.adjusted(LINE_PX, LINE_PX, -LINE_PX, -LINE_PX).contains(inner):
            assert not side.intersects(inner)
