"""G5 and G9 on a real desktop where the disk refuses, the home is read-only or the clock is set back."""

import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.daemon.loop import Daemon
from agent.daemon.session import Tools
from agent.disk.keys import open_keys
from agent.disk.places import Places
from agent.disk.switch import Position, Switch
from tests.journeys.conftest import Household
from tests.support.desktop import Desktop
from tests.support.disks import full, read_only, small_disk
from tests.support.driver import Driver
from tests.support.live import Employee, Organisation, noticed
from tests.support.person import agree
from tests.support.waiting import until

pytestmark = pytest.mark.journey
DAY_NS = 86_400_000_000_000


@pytest.fixture(scope="module")
def household() -> Iterator[Household]:
    """A household whose person's state lies on a small disk, and whose collector is out of reach."""
    with Desktop() as desktop, Driver(desktop.display) as hands:
        folder, state = desktop.folder / "organisation", desktop.folder / "home/disk/overt"
        folder.mkdir()
        with small_disk(state.parent):
            it = Organisation(folder, desktop.env, desktop.start)
            home = Household(desktop, hands, it, Employee.on(desktop, OVERT_STATE_DIR=str(state)))
            home.enrol()
            assert it.collector_process is not None
            it.collector_process.kill()
            home.open_windows()
            home.start()
            yield home
            home.daemon.kill()


def capture(home: Household, text: str) -> None:
    """Agree, and type into the allowed window."""
    agree(home.employee.env)
    home.hands.focus_window(home.allowed.window.id)
    home.await_state("capturing")
    before = home.seen
    home.type_into(home.allowed, text)
    home.employee.wait_for("keys to be seen", lambda s: noticed(s) >= before + len(text))


def closed_by(home: Household) -> list[str]:
    return [c["reason"] for c in home.employee.status()["conditions"] if not c["holds"]]


def sealed(home: Household) -> dict[int, str]:
    return {b["sequence"]: b["digest"] for b in home.employee.overt("batches", "--json").json["batches"]}


def check_balance(home: Household) -> None:
    counts = home.employee.status()["counts"]
    assert counts["seen"] == counts["kept"] + sum(counts["dropped"].values()), counts  # the held are not among the seen


def unseen(home: Household, text: str) -> None:
    """What is typed now is not captured."""
    before = home.seen
    home.type_into(home.allowed, text)
    assert home.seen == before


def test_g9_a_full_disk_closes_the_gate_and_what_was_sealed_comes_through(household: Household) -> None:
    capture(household, "before the disk is full\n")
    household.hands.focus_window(household.forbidden.window.id)
    household.employee.wait_for("a batch to be sealed", lambda s: s["counts"]["batches_waiting"] > 0)
    before = sealed(household)
    household.hands.focus_window(household.allowed.window.id)
    household.await_state("capturing")
    with full(household.employee.state.parent, household.daemon):
        household.type_into(household.allowed, "for which there is no room\n")
        household.employee.wait_for("the gate to close", lambda s: s["state"] == "blocked" and s["hooks"] == [])
        assert "spool_full" in closed_by(household)
        kept = sealed(household)
        unseen(household, "and this is not captured")
        assert sealed(household) == kept
        assert kept.items() >= before.items()
    household.employee.wait_for("the batch to be kept after all", lambda s: s["state"] == "capturing")
    assert sealed(household).items() > kept.items()
    check_balance(household)


def test_g5_off_needs_no_room(household: Household) -> None:
    household.type_into(household.allowed, "typed before the off\n")
    with full(household.employee.state.parent, household.daemon):
        done = household.employee.overt("off", "--json").json
        assert (done["state"], done["switch_written"]) == ("off", True)
        household.await_state("off")
        unseen(household, "off, on a full disk")
    household.daemon.kill()
    household.daemon = household.employee.daemon()  # the ledger says so too, as soon as there is room
    unseen(household, "and after a restart")
    assert household.employee.overt("consent", "history", "--json").json["entries"][-1]["state"] == "ConsentWithdrawn"


def test_g5_off_in_a_read_only_home_stops_and_says_what_it_could_not_write(household: Household) -> None:
    capture(household, "before the home is read-only\n")
    with read_only(household.employee.state):
        done = household.employee.overt("off", "--json", code=1).json
        assert (done["state"], done["switch_written"], done["ledger_written"]) == ("off", False, False)
        said = " ".join(household.employee.overt("off", code=1).out.split())
        assert "The switch could not be written, so a restart forgets it." in said
        status = household.employee.status()
        assert (status["state"], status["hooks"]) == ("off", [])
        unseen(household, "off, though no file says so")
    household.employee.overt("off")
    assert Switch(household.employee.state / "switch").read().position is Position.OFF


class Clock:
    """The machine's clocks, the wall clock set wrong by as much as a test says."""

    def __init__(self) -> None:
        self.wrong_ns = 0

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def time_ns(self) -> int:
        return time.time_ns() + self.wrong_ns


@pytest.fixture
def clock(household: Household) -> Iterator[Clock]:
    """A daemon in this process, in place of the other one, that goes by a clock which can be set wrong."""
    household.daemon.stop()
    made, places = Clock(), Places.from_environ(household.employee.env)
    tools = Tools(lambda: made.time_ns() / 1e9, time.monotonic, secrets.token_bytes, lambda: None)
    daemon = Daemon(places, open_keys(places), household.employee.env, made, tools)
    thread = threading.Thread(target=daemon.run)
    thread.start()
    yield made
    daemon.stop()
    thread.join()
    household.daemon = household.employee.daemon()


def test_a_small_step_of_the_clock_begins_another_epoch(household: Household, clock: Clock) -> None:
    """A quarter of a second, as NTP steps: capture goes on, under a number that no event has borne."""
    capture(household, "before the step\n")
    counter = household.employee.state / "epoch"
    before = counter.read_bytes()
    clock.wrong_ns = 250_000_000
    until(lambda: counter.read_bytes() != before, what="another epoch")
    household.await_state("capturing")
    household.type_into(household.allowed, "after the step\n")
    household.employee.overt("off")


def test_g1_a_clock_that_stands_before_the_consent_closes_the_gate(household: Household, clock: Clock) -> None:
    capture(household, "while the clock is right\n")
    clock.wrong_ns = -2 * DAY_NS
    household.employee.wait_for("the gate to close", lambda s: s["state"] == "blocked" and s["hooks"] == [])
    assert "clock_untrusted" in closed_by(household)
    unseen(household, "before the consent was given")
    clock.wrong_ns = 0
    household.await_state("capturing")
    household.employee.overt("off")


def test_no_half_written_file_is_left(household: Household) -> None:
    assert list(Path(household.employee.state).rglob("*.part")) == []
