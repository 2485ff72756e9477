"""G5 on a real desktop: off is off, whatever is dead, and stays so."""

import json
import os
import signal

import pytest

from agent.disk.places import Places
from scripts.demo.screens import x_clients
from tests.journeys.conftest import Household
from tests.support.live import CommandFailedError, noticed
from tests.support.waiting import until

pytestmark = pytest.mark.journey


def crash(home: Household) -> None:
    """End the daemon as a power cut would."""
    os.kill(home.daemon.pid, signal.SIGKILL)
    home.daemon.wait(5)


def states(home: Household) -> list[str]:
    return [e["state"] for e in home.employee.overt("consent", "history", "--json").json["entries"]]


def test_a_crash_forgets_nothing_that_was_agreed(household: Household) -> None:
    household.start()
    household.agree()
    crash(household)
    household.daemon = household.employee.daemon()
    household.hands.focus_window(household.allowed.window.id)
    household.await_state("capturing")


def test_g5_off_wipes_what_is_not_sealed_and_stops_at_once(household: Household) -> None:
    household.type_into(household.allowed, "typed just before the off")
    household.employee.overt("off")
    status = household.employee.status()
    assert (status["state"], status["hooks"], status["counts"]["held"]) == ("off", [], 0)
    assert status["counts"]["dropped"]["withdrawn"] > 0
    household.type_into(household.allowed, "typed after it")
    assert household.seen == noticed(status)
    assert states(household) == ["ConsentRequested", "ConsentGiven", "ConsentWithdrawn"]


def test_g5_off_is_off_after_a_restart(household: Household) -> None:
    crash(household)
    household.daemon = household.employee.daemon()
    household.type_into(household.allowed, "still off")
    assert household.employee.status()["state"] == "off"
    assert household.seen == 0


def test_g5_off_needs_no_daemon_no_collector_and_no_keys(household: Household) -> None:
    household.agree()
    crash(household)
    assert household.organisation.collector_process is not None
    household.organisation.collector_process.kill()
    keys, hidden = household.employee.state / "keys", household.employee.state / "hidden"
    keys.rename(hidden)
    done = household.employee.overt("off", "--json").json
    assert (done["state"], done["ledger_written"]) == ("off", False)
    hidden.rename(keys)
    household.daemon = household.employee.daemon()  # it finds the switch, and lets the ledger say so
    household.type_into(household.allowed, "off all the same")
    assert household.employee.status()["state"] == "off"
    assert household.seen == 0
    assert states(household)[-1] == "ConsentWithdrawn"


def test_g5_off_with_a_stopped_daemon_is_off_when_it_wakes(household: Household) -> None:
    household.organisation.serve()
    household.agree()
    os.kill(household.daemon.pid, signal.SIGSTOP)
    try:
        household.employee.overt("off", "--json")
    finally:
        os.kill(household.daemon.pid, signal.SIGCONT)
    household.await_state("off")
    before = household.seen
    household.type_into(household.allowed, "woken, and off")
    assert household.seen == before


def test_g5_a_signal_is_an_off_like_any_other(household: Household) -> None:
    household.agree()
    household.type_into(household.allowed, "typed just before the signal")
    os.kill(household.daemon.pid, signal.SIGUSR1)
    household.await_state("off")
    status = household.employee.status()
    assert (status["hooks"], status["counts"]["held"]) == ([], 0)
    household.type_into(household.allowed, "typed after it")
    assert household.seen == noticed(status)
    crash(household)
    household.daemon = household.employee.daemon()
    assert household.employee.status()["state"] == "off"
    assert states(household)[-1] == "ConsentWithdrawn"


def test_nobody_else_is_told(household: Household) -> None:
    """G12: the exit code of a status that another user would see says nothing, and files are the owner's alone."""
    for path in [household.employee.state, *household.employee.state.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path.name
    with pytest.raises(CommandFailedError):
        household.employee.overt("on", "--yes")  # there is no such option
    ledger = json.loads(household.employee.overt("consent", "export").out)
    kinds = [entry["signed"]["payloadType"] for entry in ledger["entries"]]
    assert kinds == ["application/vnd.overt.consent-record.v1+json"] * len(kinds)


def test_a_new_study_is_asked_anew_without_a_restart(household: Household) -> None:
    """Enrolled again with another version of the study, the old consent is none, and the new one is sealed anew."""
    household.agree()
    household.organisation.change_study()
    household.employee.overt("enrol", household.organisation.link())
    household.await_state("off")
    why = household.employee.overt("why", "--json").json["conditions"]
    assert "consent_changed" in {c["reason"] for c in why if not c["holds"]}
    household.agree()
    sent = household.employee.status()["counts"]["batches_sent"]
    household.type_into(household.allowed, "agreed to the study as it is now\n")
    household.hands.focus_window(household.forbidden.window.id)
    household.employee.wait_for("a batch under the new terms", lambda s: s["counts"]["batches_sent"] > sent)


def upgrade(home: Household) -> None:
    """What the package does after new files are in place; returns once the daemon has begun anew."""
    pid, socket = home.daemon.pid, Places.from_environ(home.employee.env).control_socket
    before = socket.stat().st_ino, socket.stat().st_ctime_ns

    def anew() -> bool:
        return socket.exists() and (socket.stat().st_ino, socket.stat().st_ctime_ns) != before

    os.kill(pid, signal.SIGUSR2)
    until(anew, 60)
    home.employee.wait_for("the daemon after the upgrade", lambda _: True)
    assert home.daemon.running  # the same process, as the program that lies there now


def test_an_upgrade_loses_nothing_and_no_hook_outlives_it(household: Household) -> None:
    household.agree()
    household.type_into(household.allowed, "typed just before the upgrade ")
    ledger, sent = states(household), household.employee.status()["counts"]["batches_sent"]
    os.kill(household.indicator.pid, signal.SIGSTOP)  # so that the new program has no lease, and may not open the gate
    try:
        upgrade(household)
        status = household.employee.status()
        assert (status["state"] != "capturing", status["hooks"]) == (True, [])
        assert household.daemon.pid not in x_clients(household.desktop.display)
    finally:
        os.kill(household.indicator.pid, signal.SIGCONT)
    household.hands.focus_window(household.allowed.window.id)
    household.await_state("capturing")
    assert states(household) == ledger
    before = household.seen
    household.type_into(household.allowed, "and on it goes ")
    household.sees_more_than(before)
    household.employee.wait_for("what was held to arrive", lambda s: s["counts"]["batches_sent"] > sent)


def test_g5_an_upgrade_keeps_an_off_an_off(household: Household) -> None:
    household.employee.overt("off")
    ledger = states(household)
    upgrade(household)
    household.type_into(household.allowed, "still off")
    status = household.employee.status()
    assert (status["state"], status["hooks"], noticed(status)) == ("off", [], 0)
    assert states(household) == ledger
