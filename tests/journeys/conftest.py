"""A household for journeys: a desktop, an organisation with its collector, and one person's agent, all real."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.live import Employee, Organisation, nothing_waits, noticed
from tests.support.processes import Process
from tests.support.windows import Program, Rectangle, open_geany, open_mousepad

BATCH_S = 2
APPS = {"mousepad": ("keyboard", "pointer", "screen")}


@dataclass
class Household:
    """Everybody in it. Starts enrolled, with daemon and indicator, and nothing agreed to."""

    desktop: Desktop
    hands: Driver
    organisation: Organisation
    employee: Employee
    daemon: Process = field(init=False)
    indicator: Process = field(init=False)
    allowed: Program = field(init=False)
    forbidden: Program = field(init=False)

    def enrol(self) -> None:
        self.organisation.found()
        self.organisation.serve()
        self.organisation.study(batch_s=BATCH_S)
        self.employee.overt("enrol", self.organisation.link())

    def start(self) -> None:
        self.daemon = self.employee.daemon()
        self.indicator = self.employee.indicator()

    def open_windows(self) -> None:
        self.allowed = open_mousepad(self.desktop, self.desktop.home / "allowed.txt")
        self.forbidden = open_geany(self.desktop, self.desktop.home / "forbidden.txt")
        self.hands.move_resize(self.allowed.window.id, Rectangle(20, 60, 560, 400))
        self.hands.move_resize(self.forbidden.window.id, Rectangle(640, 60, 560, 400))

    def agree(self) -> None:
        """Say yes in a terminal, and put the allowed window in front."""
        self.employee.agree_in_terminal(APPS)
        self.hands.focus_window(self.allowed.window.id)
        self.await_state("capturing")

    def await_state(self, state: str) -> None:
        self.employee.wait_for(f"state {state}", lambda s: s["state"] == state)

    def type_into(self, program: Program, text: str) -> None:
        self.hands.focus_window(program.window.id)
        self.hands.type_text(text, 0.005)

    @property
    def seen(self) -> int:
        """Observations since the daemon started, decided or held."""
        return noticed(self.employee.status())

    def sees_more_than(self, before: int) -> None:
        """Wait until more was observed than that."""
        self.employee.wait_for("keys to be seen", lambda s: noticed(s) > before)

    def received(self) -> None:
        """Wait until everything that was kept is with the collector."""
        self.hands.focus_window(self.forbidden.window.id)  # ends the segment
        self.employee.wait_for("every batch to be received", nothing_waits)

    def exported(self, folder: Path) -> list[dict[str, Any]]:
        """Every event so far, as a researcher gets it; into a folder that is empty. Ends the segment."""
        self.received()
        self.organisation.research("pull", "--out", str(folder / "pull"), "--reason", "journey")
        self.organisation.research("export", str(folder / "pull"), "--out", str(folder / "out"))
        (events,) = (folder / "out").rglob("events.parquet")
        rows: list[dict[str, Any]] = pq.read_table(events).to_pylist()
        return rows


@pytest.fixture(scope="module")
def household() -> Iterator[Household]:
    with Desktop() as desktop, Driver(desktop.display) as hands:
        folder = desktop.folder / "organisation"
        folder.mkdir()
        home = Household(desktop, hands, Organisation(folder, desktop.env, desktop.start), Employee.on(desktop))
        home.enrol()
        home.open_windows()
        yield home
