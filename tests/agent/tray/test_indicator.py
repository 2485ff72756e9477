"""The real indicator on a real display with real trays, and a daemon of the test's own at the other end."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ceremony import perform
from agent.core.ceremony import Answers
from agent.disk.switch import Position
from schemas.consent import ConsentState
from schemas.events import Modality
from schemas.scope import TimingTier
from schemas.status import ClosedReason, State
from tests.agent.ceremony.participant import Participant, enrolled
from tests.agent.review.review_rig import Person
from tests.agent.tray.fake_daemon import CAPTURING, OFF, PAUSED, READY, RENEW_MS, FakeDaemon, status_of
from tests.support.desktop import PANEL_XML, Desktop, Tray
from tests.support.devices import NS
from tests.support.driver import Driver
from tests.support.notices import Notices
from tests.support.processes import Process
from tests.support.waiting import until
from tests.support.windows import Rectangle, find_colour, wait_for_window

pytestmark = pytest.mark.journey
RED, TEAL = (0xC8, 0x1E, 0x3A), (0x0F, 0x76, 0x6E)
PANEL_PX = 28
A_SECOND_MS = 1000
ROOT = Path(__file__).parents[3]


@pytest.fixture(params=["sni", "xembed"])
def tray(request: pytest.FixtureRequest) -> Tray:
    chosen: Tray = request.param
    return chosen


@pytest.fixture
def desktop(tray: Tray) -> Iterator[Desktop]:
    with Desktop(tray=tray) as running:
        yield running


@pytest.fixture
def me(tmp_path: Path) -> Participant:
    return enrolled(tmp_path)


def start(desktop: Desktop, me: Participant) -> Process:
    return desktop.start(
        [sys.executable, "-m", "agent.tray"], env=me.env | {"PYTHONPATH": str(ROOT)}, name="indicator", cwd=ROOT
    )


def in_panel(desktop: Desktop, colour: tuple[int, int, int]) -> Rectangle | None:
    """Where the panel shows a colour."""
    return find_colour(desktop.grab()[:PANEL_PX], colour)


def test_it_leases_while_its_icon_shows_and_not_without_a_tray(desktop: Desktop, me: Participant) -> None:
    with FakeDaemon(me.places.control_socket) as daemon:
        indicator = start(desktop, me)
        until(lambda: daemon.leases().count(True) > 3, what="leases")
        until(lambda: in_panel(desktop, RED), what="the icon of capturing")
        desktop.kill_tray()
        before = len(daemon.leases())
        until(lambda: daemon.leases()[-1] is False, what="the lease to be taken back")
        late = daemon.leases()[before:].count(True)
        assert late * RENEW_MS < A_SECOND_MS, "within a second"
        assert indicator.running, indicator.output


def test_a_tray_that_hangs_shows_nothing(me: Participant) -> None:
    with Desktop(tray="sni") as desktop, FakeDaemon(me.places.control_socket) as daemon:
        indicator = start(desktop, me)
        until(daemon.has_lease, what="a lease")
        panel = desktop._tray_host
        assert panel
        os.killpg(panel.pid, signal.SIGSTOP)  # its plug-ins are programs of their own
        until(lambda: daemon.leases()[-1] is False, what="the lease to be taken back")
        os.killpg(panel.pid, signal.SIGCONT)
        until(lambda: daemon.leases()[-1] is True, what="leases again")
        assert indicator.running, indicator.output


def test_it_leases_again_when_a_tray_is_back(me: Participant) -> None:
    with Desktop(tray="sni") as desktop, FakeDaemon(me.places.control_socket) as daemon:
        start(desktop, me)
        until(lambda: True in daemon.leases(), what="a lease")
        desktop.kill_tray()
        until(lambda: daemon.leases()[-1] is False)
        desktop.start(["xfce4-panel", "--disable-wm-check"])
        until(lambda: daemon.leases()[-1] is True, what="leases again")
        until(lambda: in_panel(desktop, RED), what="the icon")


@pytest.mark.parametrize("late", ["xfce4-panel --disable-wm-check", "trayer --edge top --align right"])
def test_it_waits_for_a_tray_that_comes_late(me: Participant, late: str) -> None:
    with Desktop(tray=None) as desktop, FakeDaemon(me.places.control_socket) as daemon:
        start(desktop, me)
        until(lambda: daemon.leases() == [False], what="the indicator to say that nothing is seen")
        config = desktop.home / ".config/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml"
        config.parent.mkdir(parents=True)
        config.write_text(PANEL_XML)
        desktop.start(late.split())
        until(lambda: daemon.leases()[-1] is True, what="a lease")


def test_another_kind_of_tray_is_no_trouble(me: Participant) -> None:
    with Desktop(tray="sni") as desktop, FakeDaemon(me.places.control_socket) as daemon:
        indicator = start(desktop, me)
        until(lambda: True in daemon.leases(), what="a lease")
        desktop.kill_tray()
        until(lambda: daemon.leases()[-1] is False)
        desktop.start(["trayer", "--edge", "top", "--align", "right", "--heighttype", "pixel", "--height", "28"])
        until(lambda: daemon.leases()[-1] is True, what="a lease in the other tray")
        assert indicator.running, indicator.output


def test_it_finds_a_daemon_that_was_restarted_and_shows_that_there_was_none(desktop: Desktop, me: Participant) -> None:
    start(desktop, me)
    for _ in range(2):
        with FakeDaemon(me.places.control_socket) as daemon:
            until(daemon.has_lease, what="a lease")
            until(lambda: in_panel(desktop, RED), what="the icon of capturing")
        until(lambda: in_panel(desktop, RED) is None, what="the icon to tell that the daemon is gone")


def test_a_frozen_or_killed_indicator_leases_no_more(me: Participant) -> None:
    with Desktop(tray="sni") as desktop, FakeDaemon(me.places.control_socket) as daemon:
        indicator = start(desktop, me)
        until(lambda: True in daemon.leases(), what="a lease")
        os.kill(indicator.pid, signal.SIGSTOP)
        stopped = len(daemon.leases())
        daemon.tell(READY, RENEW_MS)
        os.kill(indicator.pid, signal.SIGCONT)
        until(lambda: in_panel(desktop, TEAL), what="the icon of ready")
        assert len(daemon.leases()) > stopped
        indicator.kill()
        until(lambda: not daemon.clients, what="the daemon to see the line break")


def test_no_lease_is_sent_while_none_is_wanted(me: Participant) -> None:
    with Desktop(tray="sni") as desktop, FakeDaemon(me.places.control_socket, OFF, None) as daemon:
        start(desktop, me)
        until(lambda: True in daemon.leases(), what="the introduction")
        desktop.kill_tray()  # is heard without looking
        until(lambda: daemon.leases()[-1] is False, what="the tray's end to be told")
        daemon.tell(CAPTURING, RENEW_MS)
        desktop.start(["xfce4-panel", "--disable-wm-check"])
        until(lambda: daemon.leases()[-1] is True, what="leases when they are wanted")


def test_turn_off_from_the_menu_is_durable_and_tells_the_daemon(desktop: Desktop, me: Participant, tray: Tray) -> None:
    answers = Answers(apps={"geany": frozenset({Modality.KEYBOARD})}, timing=TimingTier.ORDER, language="en")
    perform.say_yes(me.places, me.asked, answers, perform.Seen(me.world.now_ns), "window")
    with FakeDaemon(me.places.control_socket) as daemon, Driver(desktop.display) as hands:
        indicator = start(desktop, me)
        icon = until(lambda: in_panel(desktop, RED), what="the icon")
        hands.click(*icon.centre, button=3)
        if tray == "xembed":
            wait_for_window(desktop.display, pid=indicator.pid, managed=False)
        choose(hands, "f", me)
        until(lambda: "off" in daemon.ops(), what="the daemon to be told")
        assert me.switched() is Position.OFF
        until(lambda: me.ledger()[-1].latest.event_state is ConsentState.WITHDRAWN, what="the withdrawal to be kept")
        assert me.ledger()[-1].latest.indication_method == "tray"


def choose(hands: Driver, mnemonic: str, me: Participant) -> None:
    """Press an entry's letter until the menu that is about to open has taken it."""

    def pressed() -> bool:
        hands.key(mnemonic)
        return me.switched() is not Position.ON

    until(pressed, what=f"the menu to take {mnemonic!r}")


def test_a_second_indicator_ends_at_once(me: Participant) -> None:
    with Desktop(tray="sni") as desktop, FakeDaemon(me.places.control_socket) as daemon:
        start(desktop, me)
        until(lambda: True in daemon.leases(), what="a lease")
        assert start(desktop, me).wait(15) == 0


def test_what_happens_is_told_by_the_notification_service_also_when_the_tray_is_gone(
    desktop: Desktop, me: Participant
) -> None:
    with Notices(desktop) as notices, FakeDaemon(me.places.control_socket, READY) as daemon:
        indicator = start(desktop, me)
        until(daemon.has_lease, what="a lease")
        daemon.tell(CAPTURING, RENEW_MS)
        until(lambda: notices.titles() == ["Recording has started"], what="the beginning to be told")
        desktop.kill_tray()
        until(lambda: daemon.leases()[-1] is False, what="the lease to be taken back")
        daemon.tell(status_of(State.BLOCKED, ClosedReason.NO_SIGN), RENEW_MS)
        until(lambda: notices.titles()[1:] == ["Recording has stopped"], what="the end to be told")
        assert indicator.running, indicator.output


def test_the_week_is_told_by_the_notification_service(tmp_path: Path) -> None:
    person = Person.make(tmp_path)
    person.put(person.events("a word", time.time_ns() - 60 * NS))
    (person.places.state / "weekly.json").write_text('{"v": 1, "next_s": 1}')
    with Desktop(tray="xembed") as desktop, Notices(desktop) as notices, FakeDaemon(person.places.control_socket):
        start(desktop, person.me)
        until(lambda: "Your week with Overt" in notices.titles(), what="the week to be told")


def test_without_a_notification_service_nothing_breaks(desktop: Desktop, me: Participant) -> None:
    with FakeDaemon(me.places.control_socket, READY) as daemon:
        indicator = start(desktop, me)
        until(daemon.has_lease, what="a lease")
        daemon.tell(CAPTURING, RENEW_MS)
        until(lambda: in_panel(desktop, RED), what="the icon of capturing")
        daemon.tell(PAUSED, RENEW_MS)
        until(lambda: in_panel(desktop, RED) is None, what="another icon")
        assert indicator.running, indicator.output
