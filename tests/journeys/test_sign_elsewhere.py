"""The sign on desktops with several workspaces, and what is told when it goes: by notification, and not in silence."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from Xlib import X

from agent.tray.badge import HEIGHT_PX, WIDTH_PX
from tests.journeys.conftest import Household
from tests.support.live import closed_and_decided, noticed
from tests.support.notices import Notices
from tests.support.waiting import until
from tests.support.windows import Window, connected, stacking

pytestmark = pytest.mark.journey
HERE, THERE, EVERYWHERE = 0, 1, -1
STARTED, STOPPED = "Recording has started", "Recording has stopped"


@pytest.fixture(scope="module")
def notices(household: Household) -> Iterator[Notices]:
    """The desktop's notification service, there before the indicator is."""
    with Notices(household.desktop) as service:
        yield service


@pytest.fixture
def recorded(household: Household, notices: Notices) -> Iterator[Household]:
    """Capturing in the window in front, on the first of two workspaces."""
    del notices
    xdotool(household, "set_num_desktops", 2)
    until(lambda: root_says(household, "_NET_NUMBER_OF_DESKTOPS") == 2, what="two workspaces")
    if not hasattr(household, "daemon"):
        household.start()
        household.agree()
    household.hands.focus_window(household.allowed.window.id)
    household.await_state("capturing")
    yield household
    go_to(household, HERE)
    xdotool(household, "set_desktop_for_window", household.allowed.window.id, HERE)
    household.hands.focus_window(household.allowed.window.id)
    household.await_state("capturing")


def xdotool(home: Household, *words: object) -> None:
    assert home.desktop.start(["xdotool", *map(str, words)]).wait(10) == 0


def root_says(home: Household, prop: str) -> int:
    with connected(home.desktop.display) as x:
        found = x.screen().root.get_full_property(x.intern_atom(prop), X.AnyPropertyType)
        return int(found.value[0])


def go_to(home: Household, workspace: int) -> None:
    xdotool(home, "set_desktop", workspace)
    until(lambda: root_says(home, "_NET_CURRENT_DESKTOP") == workspace, what="the other workspace")


def badge(home: Household) -> Window | None:
    own = [w for w in stacking(home.desktop.display) if w.pid == home.indicator.pid]
    return next((w for w in own if (w.rectangle.width, w.rectangle.height) == (WIDTH_PX, HEIGHT_PX)), None)


def nothing_is_captured(home: Household) -> None:
    home.employee.wait_for("the gate to close", closed_and_decided)
    before = home.seen
    home.hands.type_text("typed where nothing was agreed to")
    status = home.employee.status()
    assert (status["hooks"], noticed(status)) == ([], before)


def keys_are_captured(home: Household) -> None:
    before = home.seen
    home.hands.type_text("seen\n")
    home.sees_more_than(before)


def test_on_another_workspace_nothing_is_captured_and_the_badge_is_there_too(recorded: Household) -> None:
    place = badge(recorded)
    go_to(recorded, THERE)
    nothing_is_captured(recorded)
    assert badge(recorded) == place
    go_to(recorded, HERE)
    recorded.hands.focus_window(recorded.allowed.window.id)
    recorded.await_state("capturing")
    keys_are_captured(recorded)


def test_an_app_that_is_sent_away_is_captured_no_more(recorded: Household) -> None:
    xdotool(recorded, "set_desktop_for_window", recorded.allowed.window.id, THERE)
    nothing_is_captured(recorded)
    go_to(recorded, THERE)
    recorded.hands.focus_window(recorded.allowed.window.id)
    recorded.await_state("capturing")
    assert badge(recorded) is not None
    keys_are_captured(recorded)


def test_an_app_on_every_workspace_never_leaves_the_badge_behind(recorded: Household) -> None:
    xdotool(recorded, "set_desktop_for_window", recorded.allowed.window.id, EVERYWHERE)
    go_to(recorded, THERE)
    recorded.hands.focus_window(recorded.allowed.window.id)
    recorded.await_state("capturing")
    assert badge(recorded) is not None
    keys_are_captured(recorded)


def test_the_badge_cannot_be_sent_to_another_workspace(recorded: Household) -> None:
    shown = badge(recorded)
    assert shown is not None
    xdotool(recorded, "set_desktop_for_window", shown.id, THERE)
    keys_are_captured(recorded)
    assert badge(recorded) == shown


@contextmanager
def without_a_tray(home: Household) -> Iterator[None]:
    home.desktop.kill_tray()
    try:
        yield
    finally:
        home.desktop._tray_host = home.desktop.start(["xfce4-panel", "--disable-wm-check"])
    home.hands.focus_window(home.allowed.window.id)
    home.await_state("capturing")


def beginning_is_told(notices: Notices) -> None:
    """Only then an end is news; and what is told later is told of something else."""
    until(lambda: notices.titles()[-1:] == [STARTED], what="the last beginning to be told")


def test_a_tray_that_goes_is_told_of_and_so_is_its_return(recorded: Household, notices: Notices) -> None:
    beginning_is_told(notices)
    told = len(notices.shown)
    with without_a_tray(recorded):
        nothing_is_captured(recorded)
        until(lambda: notices.titles()[told:], what="the notification")
        assert notices.titles()[told:] == [STOPPED]
        assert "sign" in notices.shown[told].body
    until(lambda: notices.titles()[told:] == [STOPPED, STARTED], what="the second notification")


def test_a_silenced_end_stays_silent_and_a_beginning_does_not(recorded: Household, notices: Notices) -> None:
    beginning_is_told(notices)
    (recorded.employee.state / "indicator.json").write_text(json.dumps({"v": 1, "tell_stopped": False}))
    recorded.indicator.stop()
    nothing_is_captured(recorded)
    told = len(notices.shown)
    recorded.indicator = recorded.employee.indicator()
    recorded.await_state("capturing")
    until(lambda: notices.titles()[told:], what="the notification that cannot be silenced")
    recorded.employee.overt("pause", "1")
    nothing_is_captured(recorded)
    before = len(notices.shown)
    recorded.employee.overt("resume")
    recorded.hands.focus_window(recorded.allowed.window.id)
    recorded.await_state("capturing")
    until(lambda: notices.titles()[before:], what="the second beginning")
    assert set(notices.titles()[told:]) == {STARTED}, "a busy machine may lose the sign for a moment; no end is told"
