"""Locked, asleep or somebody else's: whoever can know is asked, and what makes no sense changes nothing."""

import os
import selectors
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import Variant
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.daemon.main import SystemClock
from agent.native.accessible.bus import BUS
from agent.native.accessible.wire import Heard
from agent.native.seat import LOGIND, MANAGER, MANAGER_PATH, PROPERTIES, SESSION, Seat
from tests.support.fake_bus import FakeBus

PATH = "/org/freedesktop/login1/session/_37"
USER_PATH = f"/org/freedesktop/login1/user/_{os.getuid()}"
SAVER = "org.xfce.ScreenSaver"


class Room:
    """A session with both its buses, and a seat in it."""

    def __init__(self, folder: Path) -> None:
        self.selector = selectors.DefaultSelector()
        self.logind = FakeBus(folder, "system", self.selector, self._answer_logind)
        self.desktop = FakeBus(folder, "session", self.selector, lambda _bus, _call: ("", []))
        self.session: dict[str, Variant] = {"Active": Variant("b", True), "LockedHint": Variant("b", False)}
        self.shown: tuple[str, list[Any]] | str = ("v", [Variant("(so)", ["7", PATH])])
        self.told = 0
        self.environ = {
            "DBUS_SYSTEM_BUS_ADDRESS": self.logind.address,
            "DBUS_SESSION_BUS_ADDRESS": self.desktop.address,
            "XDG_SESSION_ID": "7",
        }
        self.seat = self.sit()

    def sit(self, **changes: str) -> Seat:
        return Seat(self.environ | changes, SystemClock(), self.selector, self._note)

    def watch(self) -> Seat:
        self.seat.watch()
        self.pump()
        return self.seat

    def pump(self) -> None:
        while ready := self.selector.select(0.02):
            for key, mask in ready:
                key.data(mask)

    def say(self, path: str = PATH, **properties: Variant) -> None:
        self.tell(properties, path)

    def tell(self, properties: dict[str, Variant], path: str = PATH) -> None:
        self.logind.signal(LOGIND, path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [SESSION, properties, []])
        self.pump()

    def sleep(self, going: bool) -> None:  # noqa: FBT001  # as the signal says it
        self.logind.signal(LOGIND, MANAGER_PATH, MANAGER, "PrepareForSleep", "b", [going])
        self.pump()

    def cover(self, active: bool, sender: str = ":1.5", interface: str = SAVER) -> None:  # noqa: FBT001  # the same
        self.desktop.signal(sender, "/any", interface, "ActiveChanged", "b", [active])
        self.pump()

    def close(self) -> None:
        self.seat.leave()
        self.logind.close()
        self.desktop.close()
        self.selector.close()

    def _note(self) -> None:
        self.told += 1

    def _answer_logind(self, _bus: FakeBus, call: Heard) -> tuple[str, list[Any]] | str | None:
        match call.member, call.body:
            case "GetSession", ("7",):
                return "o", [PATH]
            case "GetUser", (uid,) if uid == os.getuid():
                return "o", [USER_PATH]
            case "Get", _ if call.path == USER_PATH:
                return self.shown
            case "GetAll", _ if call.path == PATH:
                return "a{sv}", [self.session]
            case "AddMatch", _:
                return "", []
        return f"{LOGIND}.NoSuchSession"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("name", ["Active", "LockedHint"])
def test_what_logind_says_counts_from_the_start_and_later(room: Room, name: str) -> None:
    bad, good = Variant("b", name == "LockedHint"), Variant("b", name == "Active")
    room.session[name] = bad
    assert not room.watch().active()
    room.tell({name: good})
    assert room.seat.active()
    told = room.told
    room.tell({name: bad})
    assert not room.seat.active()
    assert room.told > told


def test_before_a_sleep_it_closes(room: Room) -> None:
    assert room.watch().active()
    room.sleep(True)
    assert not room.seat.active()
    room.sleep(False)
    assert room.seat.active()


def test_a_screen_saver_that_covers_the_screen(room: Room) -> None:
    room.watch()
    room.cover(True, interface="org.example.Music")
    assert room.seat.active()
    room.cover(True)
    assert not room.seat.active()
    room.cover(False, sender=":1.6")
    assert not room.seat.active(), "no other program can say that it is gone"
    room.cover(False)
    assert room.seat.active()
    room.cover(True)
    room.desktop.owner_changed(":1.5", ":1.5", "")
    room.pump()
    assert room.seat.active(), "it ended"


@pytest.mark.parametrize("number", ["", "8"])
def test_a_daemon_outside_the_session_finds_the_one_that_is_seen(room: Room, number: str) -> None:
    room.session["LockedHint"] = Variant("b", True)
    room.seat = room.sit(XDG_SESSION_ID=number)
    assert not room.watch().active()


@pytest.mark.parametrize(
    "shown", ["error", ("v", [Variant("(so)", ["", "/"])]), ("v", [Variant("s", "7")]), ("s", ["7"])]
)
def test_nobody_there_to_tell_leaves_it_to_the_focus(room: Room, shown: tuple[str, list[Any]] | str) -> None:
    room.shown = f"{LOGIND}.Odd" if shown == "error" else shown
    room.seat = room.sit(XDG_SESSION_ID="")
    assert room.watch().active()


def test_without_any_bus(tmp_path: Path) -> None:
    nowhere = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path}/none"}
    with selectors.DefaultSelector() as selector:
        seat = Seat(nowhere, SystemClock(), selector, lambda: None)
        seat.watch()
        assert seat.active()
        seat.leave()


def test_what_is_not_ours_or_has_another_shape_changes_nothing(room: Room) -> None:
    room.watch()
    room.say(path="/org/freedesktop/login1/session/_38", LockedHint=Variant("b", True))
    room.say(LockedHint=Variant("s", "yes"), Active=Variant("i", 0))
    room.desktop.signal(":1.5", "/any", SAVER, "ActiveChanged", "s", ["on"])
    room.desktop.signal(BUS, "/any", BUS, "NameOwnerChanged", "s", [":1.5"])
    room.pump()
    assert room.seat.active()


def test_left_it_holds_nothing_and_asks_anew(room: Room) -> None:
    room.watch()
    room.say(LockedHint=Variant("b", True))
    room.seat.leave()
    room.pump()
    assert (room.logind.clients, room.desktop.clients) == (0, 0)
    assert room.watch().active()


def test_a_bus_that_goes_away_is_asked_again(room: Room) -> None:
    room.session["LockedHint"] = Variant("b", True)
    room.watch()
    told = room.told
    room.logind.hang_up()
    room.pump()
    assert room.told > told
    assert not room.watch().active()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.binary(min_size=1, max_size=64), max_size=4))
def test_bytes_that_are_no_messages_end_the_connection_at_most(room: Room, chunks: list[bytes]) -> None:
    room.watch()
    for chunk in chunks:
        if room.logind.clients:
            room.logind.send_bytes(chunk)
        room.pump()
    room.seat.leave()
    room.pump()
