"""The menu's entries on a real desktop with the real daemon: what they do, and what is told of it."""

import time
from collections.abc import Iterator

import pytest

from agent.disk.places import Places
from agent.durations import tomorrow_s
from agent.tray.captured import read
from agent.tray.when import SECOND_NS
from tests.journeys.conftest import Household
from tests.support.live import noticed
from tests.support.notices import Notices
from tests.support.waiting import insist, until
from tests.support.windows import Window, stacking, wait_for_window

pytestmark = pytest.mark.journey
A_LINE = "this line was typed and is taken back\n"


@pytest.fixture(scope="module")
def notices(household: Household) -> Iterator[Notices]:
    with Notices(household.desktop) as service:
        yield service


@pytest.fixture
def recorded(household: Household, notices: Notices) -> Household:
    del notices
    if not hasattr(household, "daemon"):
        household.start()
        household.agree()
    household.hands.focus_window(household.allowed.window.id)
    household.await_state("capturing")
    return household


def own_windows(home: Household) -> list[Window]:
    return [w for w in stacking(home.desktop.display) if w.pid == home.indicator.pid]


def choose(home: Household, letter: str) -> None:
    """Press an entry's letter in the menu that a right click on the badge opens."""
    badge = until(lambda: own_windows(home)[-1:], what="the badge")[0]
    count = len(own_windows(home))
    insist(
        lambda: home.hands.click(*badge.rectangle.centre, button=3), lambda: len(own_windows(home)) > count, "the menu"
    )
    insist(lambda: home.hands.key(letter), lambda: len(own_windows(home)) <= count, "the menu to close")


def test_the_last_minutes_are_deleted_and_it_is_told(recorded: Household, notices: Notices) -> None:
    before = recorded.seen
    recorded.type_into(recorded.allowed, A_LINE)
    recorded.employee.wait_for("keys to be seen", lambda s: noticed(s) >= before + len(A_LINE))
    choose(recorded, "d")
    until(lambda: "Deleted" in notices.titles(), what="the notification", timeout=60)
    body = next(notice.body for notice in notices.shown if notice.title == "Deleted")
    assert body.startswith("Gone from this machine")
    places = Places(recorded.employee.state, recorded.employee.state.parent)
    assert all(row.deletion is not None and row.extent is None for row in read(places)), "nothing of it is left"


def test_a_pause_until_tomorrow_ends_at_six(recorded: Household) -> None:
    choose(recorded, "t")
    status = recorded.employee.wait_for("the pause", lambda s: s["state"] == "paused")
    assert status["paused_until"] == tomorrow_s(time.time())
    assert status["paused_until"] * SECOND_NS > time.time_ns()
    recorded.employee.overt("resume")
    recorded.hands.focus_window(recorded.allowed.window.id)
    recorded.await_state("capturing")


@pytest.mark.parametrize(("letter", "title"), [("c", "What was captured"), ("w", "Who can read this"), ("y", "Why")])
def test_a_window_of_the_menus_opens_and_capture_goes_on_after_it(recorded: Household, letter: str, title: str) -> None:
    choose(recorded, letter)
    window = wait_for_window(recorded.desktop.display, title_contains=title)
    recorded.hands.focus_window(window.id)
    recorded.hands.key("Escape")
    until(lambda: window.id not in [w.id for w in stacking(recorded.desktop.display)], what="the window to close")
    recorded.hands.focus_window(recorded.allowed.window.id)
    recorded.await_state("capturing")
