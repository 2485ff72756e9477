"""On a Wayland desktop with a place for the sign, what is written in agreed apps is kept, and nothing else is."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from scripts.demo.planted import plant
from tests.support.forms import GTK4, QT
from tests.support.live import Organisation, nothing_waits, run
from tests.support.process_memory import holds
from tests.support.processes import Process
from tests.support.sway import STUDY, Sway, Wayfarer, as_person
from tests.support.waiting import until
from tests.support.wayland_keyboard import Keyboard

pytestmark = pytest.mark.journey
SECRET = plant(11).forbidden
PLAIN = "the table stands by the window, and we can move it"
APP = """
[[apps]]
id = "{id}"
name = "{name}"
category = "other"
executables = ["{path}"]
modalities = ["keyboard", "pointer", "screen"]
screen = "layout"
"""
WINDOWS = "org.a11y.atspi.Event.Window"
APPS = {"mousepad": "/usr/bin/mousepad", "form": os.path.realpath(sys.executable)}


class Traveller:
    """A person on sway who agreed to an editor and to a form, with daemon, sign and keyboard."""

    def __init__(self, session: Sway, keyboard: Keyboard) -> None:
        self.session, self.keyboard = session, keyboard
        self.opened: list[Process] = []
        folder = session.folder / "organisation"
        folder.mkdir()
        self.organisation = Organisation(folder, session.env, session.start)
        self.organisation.found()
        self.organisation.serve()
        apps = "".join(APP.format(id=i, name=i.capitalize(), path=path) for i, path in APPS.items())
        self.organisation.study(batch_s=1, policy=STUDY + apps)
        self.person = Wayfarer.of(session)
        self.person.overt("enrol", self.organisation.link())
        self.person.agree(*APPS)
        self.daemon = self.person.daemon()
        self.indicator = self.person.indicator()

    def open(self, *argv: str, app: str) -> Process:
        """Start a program and wait until it is captured. What was opened before is closed."""
        for process in self.opened:
            process.stop()
        process = self.session.inside(argv)
        self.opened = [process]
        self.session.focus(process)
        self.person.wait_for(f"{app} to be captured", lambda s: s["state"] == "capturing" and s["app"] == app)
        return process

    def pulled(self, folder: Path) -> tuple[str, set[str]]:
        """All that arrived: the text, and the kinds of events."""
        self.person.wait_for("every batch to be received", nothing_waits)
        self.organisation.research("pull", "--out", str(folder / "pull"), "--reason", "journey", "--json")
        self.organisation.research("verify", str(folder / "pull"), "--json")
        self.organisation.research("export", str(folder / "pull"), "--out", str(folder / "out"), "--json")
        tables = {p: pq.read_table(p) for p in sorted((folder / "out").rglob("*.parquet"))}
        text = "\n".join(
            str(cell) for table in tables.values() if "segment" in table.column_names and "text" in table.column_names
            for cell in table.column("text").to_pylist() if cell
        )  # fmt: skip
        kinds = {k for t in tables.values() if "kind" in t.column_names for k in t.column("kind").to_pylist()}
        return text, kinds


@pytest.fixture(scope="module")
def traveller() -> Iterator[Traveller]:
    with Sway() as session, Keyboard(session.env) as keyboard:
        yield Traveller(session, keyboard)


def test_what_is_written_in_an_agreed_app_arrives_as_changes_of_text(traveller: Traveller, tmp_path: Path) -> None:
    editor = traveller.open("mousepad", app="Mousepad")
    status = traveller.person.status()
    assert status["modalities"] == ["keyboard"], "pointer and pictures are not to be had here, and nobody says they are"
    traveller.keyboard.type(PLAIN)
    traveller.keyboard.type("x\b")
    traveller.person.wait_for("all of it to be seen", lambda s: met(s) >= len(PLAIN) + 2)
    editor.stop()
    text, kinds = traveller.pulled(tmp_path)
    assert PLAIN in text.replace("\n", "")  # on a busy machine it comes in several pieces
    assert "text_delta" in kinds
    assert "keyboard" not in kinds


@pytest.mark.parametrize(("program", "said"), [(QT, "once more"), (GTK4, "and again")], ids=["qt6", "gtk4"])
def test_a_password_is_in_no_batch_and_in_no_memory(
    traveller: Traveller, tmp_path: Path, program: str, said: str
) -> None:
    """Both tell it in clear."""
    form = traveller.open(sys.executable, "-c", program, app="Form")
    until(lambda: heard(traveller), what="the field to be known: a toolkit without search takes long to find it")
    traveller.keyboard.type(f"{said} {PLAIN}\t{SECRET}", 0.01)  # at once: the field's word trails what is written
    traveller.person.wait_for("secure input to be told", lambda s: "secure_input" in str(s) and s["hooks"] == [])
    traveller.keyboard.type(SECRET)
    if os.geteuid() == 0:
        assert not holds(traveller.daemon.pid, SECRET.encode())
        assert not holds(traveller.daemon.pid, SECRET[4:].encode()), "the field tells each letter by itself"
        assert holds(form.pid, SECRET.encode()) or holds(form.pid, SECRET.encode("utf-16-le")), "a look that finds"
    form.stop()
    text, _ = traveller.pulled(tmp_path)
    assert SECRET not in text
    assert said in text.replace("\n", ""), "what came in the 200 ms before the field's word went too"


@pytest.mark.parametrize("command", [("foot",), ("xterm",), ("zenity", "--entry")], ids=lambda c: str(c[0]))
def test_nothing_of_another_app_is_heard(traveller: Traveller, command: tuple[str, ...]) -> None:
    before = met(traveller.person.status())
    other = traveller.session.inside(command)
    traveller.session.focus(other)
    traveller.person.wait_for("the gate to be closed", lambda s: s["state"] == "idle" and s["hooks"] == [])
    traveller.keyboard.type("canary" * 4)
    other.stop()
    status = traveller.person.status()
    assert met(status) == before
    assert status["hooks"] == []


def met(status: dict[str, Any]) -> int:
    """All that was observed, what is held in memory yet included."""
    return int(status["counts"]["seen"] + status["counts"]["held"])


def heard(traveller: Traveller) -> bool:
    """Type a little; tells whether any of it was taken."""
    traveller.keyboard.type("so ")
    counts = traveller.person.status()["counts"]
    return bool(counts["held"])


def closed(traveller: Traveller) -> None:
    traveller.person.wait_for("the gate to close", lambda s: "sign" in s["sentence"] and s["hooks"] == [])


def opened(traveller: Traveller) -> None:
    traveller.person.wait_for("the gate to open again", lambda s: s["state"] == "capturing")


def test_without_the_sign_the_gate_closes(traveller: Traveller) -> None:
    editor = traveller.open("mousepad", app="Mousepad")
    os.kill(traveller.indicator.pid, signal.SIGSTOP)
    closed(traveller)
    before = met(traveller.person.status())
    traveller.keyboard.type("canary")
    assert met(traveller.person.status()) == before
    os.kill(traveller.indicator.pid, signal.SIGCONT)
    opened(traveller)
    traveller.indicator.stop()
    closed(traveller)
    traveller.indicator = traveller.person.indicator()
    opened(traveller)
    editor.stop()


def test_the_bus_holds_no_rule_of_ours_but_that_for_windows_while_another_app_is_in_front(traveller: Traveller) -> None:
    editor = traveller.open("mousepad", app="Mousepad")
    until(lambda: any("TextChanged" in rule for rule in rules(traveller)), what="the editor to be listened to")
    assert all("sender=" in rule for rule in rules(traveller) if "Event.Object" in rule)
    other = traveller.session.inside(["foot"])
    traveller.session.focus(other)
    traveller.person.wait_for("the gate to be closed", lambda s: s["state"] == "idle" and s["hooks"] == [])
    until(lambda: [one for one in rules(traveller) if WINDOWS not in one] == [], what="all other rules to be gone")
    assert len(rules(traveller)) == 1
    other.stop()
    editor.stop()


def test_off_leaves_one_connection_less_and_no_rule_on_the_bus(traveller: Traveller) -> None:
    editor = traveller.open("mousepad", app="Mousepad")
    before = sockets(traveller.daemon)
    until(lambda: rules(traveller), what="a look that finds")
    traveller.person.overt("off")
    status = traveller.person.status()
    assert (status["state"], status["hooks"]) == ("off", [])
    until(lambda: rules(traveller) == [], what="every rule to be gone")
    until(lambda: sockets(traveller.daemon) < before, what="the connections to the accessibility bus to be gone")
    editor.stop()


def sockets(process: Process) -> int:
    """How many sockets a process holds."""
    return sum(str(one.readlink()).startswith("socket:") for one in Path(f"/proc/{process.pid}/fd").iterdir())


def rules(traveller: Traveller) -> list[str]:
    """The daemon's match rules on the accessibility bus, by the bus's own word."""
    address = traveller.session._ask_bus("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus.GetAddress").strip()
    ask = [
        *as_person(),
        "dbus-send",
        f"--bus={address}",
        "--print-reply",
        "--dest=org.freedesktop.DBus",
        "/org/freedesktop/DBus",
    ]
    told = run([*ask, "org.freedesktop.DBus.Debug.Stats.GetAllMatchRules"], traveller.session.env).out
    found = []
    for name, held in re.findall(r'string "(:[\d.]+)"\s+array \[(.*?)\n\s+\]', told, re.DOTALL):
        owner = [*ask, "org.freedesktop.DBus.GetConnectionUnixProcessID", f"string:{name}"]
        who = run(owner, traveller.session.env, None).out  # who has left meanwhile has no rules
        if f"uint32 {traveller.daemon.pid}\n" in f"{who}\n":
            found += re.findall(r'string "(.*)"', held)
    return found
