"""What benchmarks share: a desktop, an organisation whose study may record an editor, and people who take part."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from agent.disk.places import Places
from agent.net.control import DaemonNotRunning, ask
from research import keys
from schemas import age, envelope, payload
from schemas.status import Counts
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.live import POLICY, Employee, Organisation
from tests.support.processes import Process
from tests.support.waiting import NotInTimeError, until
from tests.support.windows import Program, Rectangle, open_mousepad, open_xterm

FRONT = Rectangle(20, 60, 600, 420)
"""Where the window stands that gets the load."""
INSIDE = (60, 140, 560, 440)
"""Left, top, right, bottom of its text, within which to point and click."""
BUSY_S = 120.0
"""Seconds for a daemon to work off what it was sent."""
ASK_S = 0.05
QUIET_S = 0.7
"""Seconds without another observation after which none is on its way: a look at the pointer comes every 50 ms."""
PLAIN = f"""
[[apps]]
id = "plain"
name = "Plain window"
category = "other"
executables = ["{Path(sys.executable).resolve()}"]
modalities = ["keyboard", "pointer", "screen"]
screen = "layout"
"""
"""A window of the benchmark's own, as an app of the study: one that does nothing with what it gets."""


@dataclass
class House:
    """A desktop with the editor in front, and the organisation with its collector."""

    desktop: Desktop
    hands: Driver
    it: Organisation
    collector: Process
    editor: Program

    def employee(self, name: str = "overt") -> Employee:
        """A person who is enrolled and has not been asked yet; each name has folders of its own."""
        folder = self.desktop.folder
        more = {"OVERT_STATE_DIR": str(folder / "home" / name), "OVERT_RUNTIME_DIR": str(folder / "run" / name)}
        employee = Employee(self.desktop, self.desktop.env | more)
        employee.overt("enrol", self.it.link())
        return employee

    def front(self, window: int) -> None:
        """Bring a window to the front and to the place of the load."""
        self.hands.focus_window(window)
        self.hands.move_resize(window, FRONT)

    def other(self) -> Program:
        """A program that the study is not about, in front."""
        program = open_xterm(self.desktop, "cat")
        self.front(program.window.id)
        return program

    def batches(self, places: Places) -> list[tuple[int, payload.Payload]]:
        """Size and content of every sealed batch, in the spool or at the collector, oldest first."""
        identity = keys.load(self.it.folder / "researcher").identity
        files = [*places.spool.glob("*.overt"), *(self.it.data / "blobs").rglob("*")]
        found = {}
        for data in (path.read_bytes() for path in files if path.is_file()):
            sealed = envelope.parse(data)
            content = age.decrypt(sealed.payload, [identity], limit=envelope.MAX_ENVELOPE_BYTES)
            if content:
                found[sealed.header.sequence] = len(data), payload.unpack(content)
        return [found[number] for number in sorted(found)]


@contextmanager
def household(*, batch_s: int = 300, more_apps: str = "") -> Iterator[House]:
    """All of it, gone at the end.

    Args:
        batch_s: Seconds after which a batch is sealed.
        more_apps: Of the policy, beside the editor.
    """
    with Desktop() as desktop, Driver(desktop.display) as hands, tempfile.TemporaryDirectory() as folder:
        it = Organisation(Path(folder), desktop.env, desktop.start)
        it.found()
        collector = it.serve()
        it.study(batch_s=batch_s, policy=POLICY + more_apps)
        editor = open_mousepad(desktop, desktop.home / "allowed.txt")
        house = House(desktop, hands, it, collector, editor)
        house.front(editor.window.id)
        yield house


@dataclass
class Agent:
    """A person's daemon and indicator at work."""

    employee: Employee
    places: Places
    daemon: Process
    indicator: Process

    @property
    def counts(self) -> Counts:
        """What the daemon has counted since it started."""
        return ask(self.places.control_socket, "status").counts

    def wait_for(self, state: str) -> None:
        """Wait until the daemon says so."""
        until(lambda: ask(self.places.control_socket, "status").state == state, 30, f"the daemon to be {state}")

    def wait_until_quiet(self) -> float:
        """Wait until nothing more is seen; gives the longest time that the daemon took to answer, in seconds.

        Raises:
            NotInTimeError: It is still busy, or does not answer any more.
        """
        slowest, seen, since = 0.0, -1, time.monotonic()
        until_s = since + BUSY_S
        while seen < 0 or time.monotonic() - since < QUIET_S:
            asked = time.monotonic()
            if asked > until_s:
                raise NotInTimeError("the daemon is still busy")
            with suppress(DaemonNotRunning):  # it does not answer while it is busy with what came before
                if (now := self.counts.seen) != seen:
                    seen, since = now, time.monotonic()
            if seen >= 0:
                slowest = max(slowest, time.monotonic() - asked)
            time.sleep(ASK_S)
        return slowest


@contextmanager
def at_work(employee: Employee) -> Iterator[Agent]:
    """Daemon and indicator, started as people start them, and ended in an orderly way."""
    daemon, indicator = employee.daemon(), employee.indicator()
    agent = Agent(employee, Places.from_environ(employee.env), daemon, indicator)
    try:
        yield agent
    finally:
        indicator.stop()
        daemon.stop()


def machine() -> str:
    """How busy the machine is with whatever else runs on it."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
