"""On Wayland the desktop's accessibility is turned on where a person agrees to that, and put back by every way out."""

import json
import os
import sys
from collections.abc import Iterator

import pytest

from agent.ceremony.english import ENGLISH_TEXTS as TEXTS
from tests.support.live import run
from tests.support.sway import ROOT, Sway, Wayfarer, as_person
from tests.support.waiting import until

pytestmark = pytest.mark.journey
BUS = ("org.a11y.Bus", "/org/a11y/bus")
ASK = """
import os, sys
from agent.ceremony.accessibility import ask_for_it
from agent.ceremony.words import Words
from agent.disk.places import Places
places = Places.from_environ(os.environ)
places.make()
print(ask_for_it(places.accessibility, Words("en"), lambda: sys.argv[1] == "yes"))
"""


class Resident:
    """A person on sway, and the switch of their desktop."""

    def __init__(self, session: Sway) -> None:
        self.session, self.person = session, Wayfarer.of(session)

    def set(self, name: str, *, on: bool) -> None:
        values = ("string:org.a11y.Status", f"string:{name}", f"variant:boolean:{json.dumps(on)}")
        self.session._ask_bus(*BUS, "org.freedesktop.DBus.Properties.Set", *values)

    def is_on(self, name: str = "IsEnabled") -> bool:
        asked = ("string:org.a11y.Status", f"string:{name}")
        told = self.session._ask_bus(*BUS, "org.freedesktop.DBus.Properties.Get", *asked)
        assert "boolean" in told
        return "true" in told

    def answer(self, said: str) -> str:
        """What the ceremony does after a yes to the study."""
        command = [*as_person(), sys.executable, "-c", ASK, said]
        return run(command, self.person.env | {"PYTHONPATH": str(ROOT)}).out.strip()


@pytest.fixture(scope="module")
def session() -> Iterator[Sway]:
    with Sway() as one:
        yield one


@pytest.fixture
def resident(session: Sway) -> Resident:
    one = Resident(session)
    one.set("ScreenReaderEnabled", on=False)
    one.set("IsEnabled", on=False)
    return one


def test_a_no_leaves_it_off(resident: Resident) -> None:
    assert resident.answer("no") == TEXTS["access.no"]
    assert not resident.is_on()


def test_what_was_on_is_neither_asked_for_nor_turned_off(resident: Resident) -> None:
    resident.set("IsEnabled", on=True)
    assert resident.answer("yes") == "None"
    resident.person.overt("off")
    assert resident.is_on()


@pytest.mark.parametrize("way", [("off",), ("uninstall",)], ids=lambda way: str(way[0]))
def test_it_is_put_back(resident: Resident, way: tuple[str, ...]) -> None:
    assert resident.answer("yes") == TEXTS["access.on"]
    assert "Chromium" in TEXTS["access.on"]
    assert resident.is_on()
    assert not resident.is_on("ScreenReaderEnabled")
    resident.person.overt(*way)
    assert not resident.is_on()
    resident.set("IsEnabled", on=True)  # by the person, later
    resident.person.overt("off")
    assert resident.is_on()


def test_the_daemon_puts_it_back_too(resident: Resident) -> None:
    """The tray, the socket and a signal tell the daemon alone."""
    resident.answer("yes")
    daemon = resident.person.daemon()
    try:
        run(["kill", "-USR1", str(daemon.pid)], dict(os.environ))
        until(lambda: not resident.is_on(), what="accessibility to be off again")
    finally:
        daemon.stop()


def test_a_screen_reader_that_came_keeps_it(resident: Resident) -> None:
    resident.answer("yes")
    resident.set("ScreenReaderEnabled", on=True)
    resident.person.overt("off")
    assert resident.is_on()
