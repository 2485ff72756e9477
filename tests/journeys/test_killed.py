"""G5 and G9: killed between every two writes of an off and of a sealing, on a real desktop, then started again.

`tests/support/crash.py` ends the program before its first, second, third, … durable step, until it comes through.
Each time: what was off stays off, what was sealed is there, the chain is whole, and no half-written file is left.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.core.seal import Link
from agent.disk.durable import OLD_PART_S
from agent.disk.places import Places
from agent.disk.spool import BatchState, Spool
from agent.disk.switch import Position, Switch
from agent.net.control import DaemonNotRunning, ask
from schemas.envelope import parse
from tests.journeys.conftest import Household
from tests.support.crash import CRASHED, crashing
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.live import Employee, Organisation, noticed, run
from tests.support.person import agree
from tests.support.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.soak, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
MOST_STEPS = 40
"""No path here has as many durable steps: whoever gets there does not come through."""
FEWEST_STEPS = 5
BATCHES = 2
"""Sealed while a daemon is being killed: one may have been under way before the steps were counted."""


@pytest.fixture(scope="module")
def home() -> Iterator[Household]:
    """A household with an indicator and no daemon, and a collector out of reach."""
    with Desktop() as desktop, Driver(desktop.display) as hands:
        folder = desktop.folder / "organisation"
        folder.mkdir()
        it = Organisation(folder, desktop.env, desktop.start)
        made = Household(desktop, hands, it, Employee.on(desktop))
        made.enrol()
        assert it.collector_process is not None
        it.collector_process.kill()
        made.open_windows()
        made.indicator = made.employee.indicator()
        yield made


def places_of(home: Household) -> Places:
    return Places.from_environ(home.employee.env)


def switch_of(home: Household) -> Position:
    return Switch(places_of(home).switch).read().position


def start(home: Household, at: int, armed: Path) -> None:
    """A daemon that will be killed, capturing in the allowed window."""
    command, more = crashing(["daemon"], at, armed)
    env = home.employee.env | more | {"PYTHONPATH": str(ROOT)}
    home.daemon = home.desktop.start(command, name="daemon", env=env)
    until(lambda: answers(home), what=f"the daemon to answer: {home.daemon.output}")
    if switch_of(home) is Position.OFF:  # a second yes would close the batch of the first at once
        agree(home.employee.env)
    home.hands.focus_window(home.allowed.window.id)
    until(lambda: ask(places_of(home).control_socket, "status").state == "capturing", what="capture to begin")


def answers(home: Household) -> bool:
    try:
        ask(places_of(home).control_socket, "status")
    except DaemonNotRunning:
        return False
    return True


def killed(home: Household, done: Callable[[], bool]) -> bool:
    """Wait for the daemon's end, or for it to come through; true if it was killed at its step."""

    def over() -> bool:
        try:
            return not home.daemon.running or done()
        except DaemonNotRunning:
            return False

    until(over, what=f"the daemon to be killed or done: {home.daemon.output}")
    if home.daemon.running:
        home.daemon.kill()
        return False
    assert home.daemon.wait(5) == CRASHED, home.daemon.output
    return True


def chain(home: Household) -> dict[int, str]:
    """Every sealed batch, after checking that each follows the one before and that its file is whole."""
    spool = Spool(places_of(home), adopt=False)
    try:
        previous, found = None, {}
        for expected, row in enumerate(spool.history()):
            assert (row.sequence, row.state) == (expected, BatchState.WAITING)
            envelope = parse(spool.read(row.sequence))
            assert (envelope.digest, envelope.header.previous) == (row.digest, previous)
            previous = found[expected] = row.digest
        assert spool.link() == Link(len(found), previous)
        return found
    finally:
        spool.close()


def restart(home: Household, sealed: dict[int, str], *, off: bool) -> None:
    """Start an ordinary daemon, check what must hold however the one before ended, and end it."""
    age_parts(home)
    home.daemon = home.employee.daemon()
    home.hands.focus_window(home.allowed.window.id)
    home.hands.type_text("typed after the restart")
    status = home.employee.status()
    entries = home.employee.overt("consent", "history", "--json").json["entries"]
    assert entries, "the ledger verifies"
    if off:
        assert (status["state"], status["hooks"], noticed(status)) == ("off", [], 0)
        assert entries[-1]["state"] == "ConsentWithdrawn"
    assert chain(home).items() >= sealed.items()
    assert list(home.employee.state.rglob("*.part")) == []
    home.daemon.kill()


def age_parts(home: Household) -> None:
    """Half-written files are taken for another program's work until they are old."""
    old = time.time() - OLD_PART_S - 1
    for part in home.employee.state.rglob("*.part"):
        os.utime(part, (old, old))


def type_until(home: Household, batches: int) -> bool:
    """Type a little more; true if so many batches are sealed."""
    home.hands.type_text("typed to be sealed ")
    home.hands.click(*home.allowed.text_point)  # ends the segment
    return len(chain(home)) >= batches


def steps(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    for at in range(1, MOST_STEPS):
        yield at, tmp_path / f"armed-{at}"


def test_g5_overt_off_killed_anywhere(home: Household, tmp_path: Path) -> None:
    for at, armed in steps(tmp_path):
        agree(home.employee.env)
        armed.touch()
        command, more = crashing(["off", "--json"], at, armed)
        done = run(command, home.employee.env | more | {"PYTHONPATH": str(ROOT)}, code=None)
        assert done.code in (0, CRASHED), done.err
        off = switch_of(home) is Position.OFF
        assert off or at == 1, "the first thing that an off writes is the switch"
        restart(home, {}, off=off)
        if done.code == 0:
            break
    assert FEWEST_STEPS < at < MOST_STEPS - 1


def test_g5_a_daemon_killed_anywhere_in_an_off(home: Household, tmp_path: Path) -> None:
    for at, armed in steps(tmp_path):
        start(home, at, armed)
        home.hands.type_text("typed before the off")
        sealed = chain(home)
        armed.touch()
        try:
            ask(places_of(home).control_socket, "off")
            came_through = True
        except DaemonNotRunning:
            came_through = False
        off = switch_of(home) is Position.OFF
        assert off or at == 1
        crashed = killed(home, lambda came_through=came_through: came_through)  # type: ignore[misc]
        assert crashed is not came_through
        restart(home, sealed, off=off)
        if came_through:
            break
    assert FEWEST_STEPS < at < MOST_STEPS - 1


def test_g9_a_daemon_killed_anywhere_in_sealing(home: Household, tmp_path: Path) -> None:
    for at, armed in steps(tmp_path):
        start(home, at, armed)
        armed.touch()
        before = chain(home)
        crashed = killed(home, lambda before=before: type_until(home, len(before) + BATCHES))  # type: ignore[misc]
        restart(home, before, off=False)
        if not crashed:
            break
    assert FEWEST_STEPS < at < MOST_STEPS - 1
