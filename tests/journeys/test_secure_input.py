"""What is typed into a password field or at a password prompt of an allowed app is in no batch."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from scripts.demo.planted import plant
from tests.journeys.conftest import BATCH_S
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.live import POLICY, Employee, Organisation, nothing_waits
from tests.support.processes import Process
from tests.support.windows import open_mousepad, wait_for_window

pytestmark = pytest.mark.journey
SECRET = plant(11).forbidden
PLAIN = "the report"
MORE_PLAIN = " is ready, we can send it today"
"""Its end may be dropped with what follows: a password field counts from 200 ms before it said so."""
MORE = """
[[apps]]
id = "{id}"
name = "{name}"
category = "other"
executables = ["{path}"]
modalities = ["keyboard", "pointer"]
screen = "layout"
"""
APPS = {"zenity": ("keyboard",), "xterm": ("keyboard",)}


@pytest.fixture(scope="module")
def agreed() -> Iterator[tuple[Desktop, Driver, Organisation, Employee]]:
    """An employee who agreed to a program with a password field and to a terminal."""
    with Desktop() as desktop, Driver(desktop.display) as hands:
        folder = desktop.folder / "organisation"
        folder.mkdir()
        organisation, employee = Organisation(folder, desktop.env, desktop.start), Employee.on(desktop)
        organisation.found()
        organisation.serve()
        more = [MORE.format(id=i, name=i.capitalize(), path=f"/usr/bin/{i}") for i in APPS]
        organisation.study(batch_s=BATCH_S, policy=POLICY + "".join(more))
        employee.overt("enrol", organisation.link())
        employee.daemon()
        employee.indicator()
        employee.agree_in_terminal(APPS)
        yield desktop, hands, organisation, employee


def in_front(desktop: Desktop, hands: Driver, process: Process) -> None:
    hands.focus_window(wait_for_window(desktop.display, pid=process.pid).id)


def await_secure(employee: Employee) -> None:
    employee.wait_for("secure input to be told", lambda s: "secure_input" in str(s) and s["hooks"] == [])


def test_passwords_are_in_no_batch(agreed: tuple[Desktop, Driver, Organisation, Employee], tmp_path: Path) -> None:
    desktop, hands, organisation, employee = agreed
    form = desktop.start(["zenity", "--password", "--username"])
    in_front(desktop, hands, form)
    employee.wait_for("the gate to open", lambda s: s["state"] == "capturing" and s["app"] == "Zenity")
    hands.type_text(f"{PLAIN}{MORE_PLAIN}\t{SECRET}", 0.02)  # at once: the field's word trails the keys
    await_secure(employee)
    terminal = desktop.start(
        ["xterm", "-e", sys.executable, "-c", "import getpass; input(); getpass.getpass(); input()"]
    )
    in_front(desktop, hands, terminal)
    employee.wait_for("the gate to open", lambda s: s["state"] == "capturing" and s["app"] == "Xterm")
    hands.type_text(f"{PLAIN}{MORE_PLAIN}\n", 0.02)
    await_secure(employee)
    hands.type_text(SECRET, 0.005)
    elsewhere = open_mousepad(desktop, desktop.home / "elsewhere.txt")
    hands.focus_window(elsewhere.window.id)
    employee.wait_for("every batch to be received", nothing_waits)
    organisation.research("pull", "--out", str(tmp_path / "pull"), "--reason", "journey", "--json")
    organisation.research("export", str(tmp_path / "pull"), "--out", str(tmp_path / "out"), "--json")
    typed = "".join(
        row["text"] or ""
        for found in sorted((tmp_path / "out").rglob("events.parquet"))
        for row in pq.read_table(found).to_pylist()
        if row["kind"] == "keyboard" and row["down"]
    )
    assert PLAIN in typed
    assert not [SECRET[i : i + 3] for i in range(len(SECRET) - 2) if SECRET[i : i + 3] in typed]
