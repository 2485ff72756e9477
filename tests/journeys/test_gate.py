"""G1 and G2 on a real desktop: off until a yes, and no capture without the sign."""

import os
import signal
from collections.abc import Callable

import pytest

from scripts.demo.screens import x_clients
from tests.journeys.conftest import Household
from tests.support.live import closed_and_decided, noticed
from tests.support.processes import Process

pytestmark = pytest.mark.journey


def hookless(home: Household) -> bool:
    """No hook by the daemon's own word, and no connection by the X server's."""
    return home.employee.status()["hooks"] == [] and home.daemon.pid not in x_clients(home.desktop.display)


def test_g1_installed_and_enrolled_with_everything_set_it_is_off(household: Household) -> None:
    """No environment variable, policy or running program stands for a yes."""
    extremes = {
        f"OVERT_{name}": "1" for name in ("ON", "CONSENT", "CAPTURE", "ENABLE", "FORCE", "YES", "ACCEPT", "DEBUG", "CI")
    }
    household.employee.env.update(extremes)
    household.start()
    household.type_into(household.allowed, "typed before any yes\n")
    household.type_into(household.forbidden, "and elsewhere\n")
    status = household.employee.status()
    assert status["state"] == "off"
    assert noticed(status) == 0
    assert hookless(household)


def test_g1_no_pipe_and_no_local_client_can_say_yes(household: Household) -> None:
    assert household.employee.overt("on", "--terminal", code=None).code != 0  # standard input is not a terminal
    household.employee.overt("resume", code=None)
    household.employee.overt("pause", "1", code=None)
    assert household.employee.status()["state"] == "off"
    assert household.employee.overt("consent", "history", "--json").json["entries"] == []


def test_capture_begins_with_the_yes_and_pauses_when_asked(household: Household) -> None:
    household.agree()
    household.type_into(household.allowed, "captured now\n")
    household.sees_more_than(0)
    household.employee.overt("pause", "15")
    household.employee.wait_for("the pause", lambda s: s["state"] == "paused" and closed_and_decided(s))
    before = household.seen
    household.type_into(household.allowed, "paused, so not this\n")
    assert household.seen == before
    assert household.employee.status()["hooks"] == []
    household.employee.overt("resume")
    household.await_state("capturing")


def freeze(process: Process) -> None:
    os.kill(process.pid, signal.SIGSTOP)


def kill(process: Process) -> None:
    os.kill(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("harm", [freeze, kill])
def test_g2_without_a_living_indicator_the_gate_closes(household: Household, harm: Callable[[Process], None]) -> None:
    household.hands.focus_window(household.allowed.window.id)
    household.await_state("capturing")
    harm(household.indicator)
    household.employee.wait_for("the gate to close", lambda s: s["state"] == "blocked" and closed_and_decided(s))
    before = household.seen
    household.type_into(household.allowed, "no sign, so not this\n")
    assert household.seen == before
    assert hookless(household)
    os.kill(household.indicator.pid, signal.SIGCONT)
    if not household.indicator.running:
        household.indicator = household.employee.indicator()
    household.await_state("capturing")


def test_g2_without_a_tray_to_show_it_the_gate_closes(household: Household) -> None:
    household.hands.focus_window(household.allowed.window.id)
    household.await_state("capturing")
    household.desktop.kill_tray()
    household.employee.wait_for("the gate to close", lambda s: s["state"] == "blocked" and closed_and_decided(s))
    before = household.seen
    household.type_into(household.allowed, "the icon is nowhere, so not this\n")
    assert household.seen == before
    why = household.employee.overt("why", "--json").json["conditions"]
    assert next(c["reason"] for c in why if not c["holds"]) == "no_sign"
