"""G3 and G13 from outside: while no allowed window is in front, nothing exists that could hear or see anything."""

import pytest

from tests.journeys.conftest import Household
from tests.support.outside import connections, hooks, threads, x_resources
from tests.support.waiting import until

pytestmark = pytest.mark.journey


def test_off_there_is_no_connection_to_the_display(household: Household) -> None:
    household.start()
    household.employee.wait_for("the daemon", lambda s: s["state"] == "off")
    assert not x_resources(household.desktop.display, household.daemon.pid)


def test_hooks_exist_while_the_app_is_in_front_and_leave_with_it(household: Household) -> None:
    display, pid = household.desktop.display, household.daemon.pid
    household.agree()
    assert {"INPUTCLIENT", "XkbClient"} <= hooks(display, pid), "the probe can see hooks"
    assert any("Selection" in name for name in hooks(display, pid)), "and who follows the clipboard"
    household.type_into(household.allowed, "some words\n")
    household.hands.focus_window(household.forbidden.window.id)
    household.await_state("idle")
    until(lambda: not hooks(display, pid), what="the last trace of hooks to go")
    resting = threads(pid), connections(pid)
    for _ in range(3):
        household.type_into(household.allowed, "again\n")
        household.await_state("capturing")
        until(lambda: threads(pid) > resting[0], what="a picture to be taken")
        household.hands.focus_window(household.forbidden.window.id)
        household.await_state("idle")
        until(lambda: not hooks(display, pid), what="the last trace of hooks to go")
        until(lambda: (threads(pid), connections(pid)) == resting, what="threads and sockets as before")


def test_a_pause_leaves_no_connection(household: Household) -> None:
    household.hands.focus_window(household.allowed.window.id)
    household.await_state("capturing")
    household.employee.overt("pause", "1")
    until(lambda: not x_resources(household.desktop.display, household.daemon.pid), what="the connections to close")
    household.employee.overt("resume")
    household.await_state("capturing")
