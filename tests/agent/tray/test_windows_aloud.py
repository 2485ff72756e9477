"""The indicator without eyes and without a mouse: what a screen reader says, and what the keyboard alone reaches."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.ceremony import perform
from agent.core.ceremony import Answers
from agent.disk.spool import Spool
from agent.tray.menu import DELETED_MINUTES, ORDER, offered
from agent.tray.when import day_of
from agent.tray.words import Words
from schemas.events import Modality
from schemas.scope import TimingTier
from tests.agent.ceremony.participant import Participant, enrolled
from tests.agent.disk.disk_rig import SEALED_S, Machine
from tests.agent.tray.fake_daemon import CAPTURING, RENEW_MS, FakeDaemon
from tests.support.aloud import Ear, Node, read_aloud
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.processes import Process
from tests.support.waiting import insist, until
from tests.support.windows import Window, stacking, wait_for_window

pytestmark = pytest.mark.journey
ROOT = Path(__file__).parents[3]
LOCALES = {"en": "en_GB.UTF-8", "de": "de_DE.UTF-8"}
NAMED = ("push button", "check box", "radio button", "list", "list item", "table", "cell", "dialog", "label")
NONCE = {"nonce": "0011223344556677", "around": None}
BATCHES = 3


@pytest.fixture(scope="module")
def desktop() -> Iterator[Desktop]:
    with Desktop() as running:
        yield running


@dataclass
class Person:
    """Somebody who has agreed, with an indicator that speaks their language and only keys to press."""

    desktop: Desktop
    hands: Driver
    words: Words
    indicator: Process
    me: Participant

    def open_menu(self) -> None:
        """From the badge: there the menu is ours, while a panel draws its own from the same entries."""
        badge = until(lambda: [w for w in stacking(self.desktop.display) if w.pid == self.indicator.pid], what="badge")
        self.hands.click(*badge[0].rectangle.centre, button=3)
        until(lambda: len(self.own_windows()) > 1, what="the menu")

    def own_windows(self) -> list[Window]:
        return [w for w in stacking(self.desktop.display) if w.pid == self.indicator.pid]

    def choose(self, entry: str) -> None:
        """Open the menu and press an entry's letter."""
        self.open_menu()
        text = self.words(entry)
        self.hands.key(text[text.index("&") + 1].lower())

    def window(self, title: str) -> Window:
        """The window that opened, with the keyboard in it."""
        window = wait_for_window(self.desktop.display, title_contains=self.words(title))
        self.hands.focus_window(window.id)
        return window

    def read(self, window: Window) -> Node:
        """What is in it, once the screen reader has been told of it."""
        title = window.title

        def there() -> Node | None:
            return next((node for node in read_aloud(self.desktop, window.pid) if node.name == title), None)

        return until(there, what=f"{title!r} to be told")


@pytest.fixture(params=LOCALES)
def person(request: pytest.FixtureRequest, desktop: Desktop, tmp_path: Path) -> Iterator[Person]:
    me = enrolled(tmp_path)
    answers = Answers(apps={"geany": frozenset({Modality.KEYBOARD})}, timing=TimingTier.ORDER, language="en")
    perform.say_yes(me.places, me.asked, answers, perform.Seen(me.world.now_ns), "window")
    env = me.env | {"PYTHONPATH": str(ROOT), "LANG": LOCALES[request.param]}
    with FakeDaemon(me.places.control_socket, CAPTURING, RENEW_MS, NONCE), Driver(desktop.display) as hands:
        indicator = desktop.start([sys.executable, "-m", "agent.tray"], env=env, name="indicator", cwd=ROOT)
        yield Person(desktop, hands, Words(request.param), indicator, me)
        indicator.stop()


def closes_by(person: Person, window: Window, key: str) -> None:
    insist(
        lambda: person.hands.key(key),
        lambda: window.id not in [w.id for w in stacking(person.desktop.display)],
        "the window to close",
    )


def test_the_menu_is_read_out_entry_by_entry(person: Person) -> None:
    visible = {key: True for key in ORDER if key} | offered(CAPTURING, time.time())
    shown = [key for key in ORDER if key and visible[key]]
    with Ear(person.desktop) as ear:
        person.open_menu()

        def all_read() -> bool:
            person.hands.key("Down")
            return len(set(ear.heard)) >= len(shown)

        until(all_read, what="every entry to be read out")
        person.hands.key("Escape")
        heard = list(dict.fromkeys(ear.heard))
    names = [name for name, _ in heard[: len(shown)]]
    words = person.words
    assert {role for _, role in heard[: len(shown)]} <= {"menu item", "check menu item"}
    assert words("readers").replace("&", "") in names
    assert words("delete_last", minutes=DELETED_MINUTES).replace("&", "") in names
    assert words("managed", organisation=CAPTURING.organisation) in names
    assert all(names)


def test_the_badge_is_read_and_never_takes_the_keyboard(person: Person) -> None:
    until(person.own_windows, what="the badge")
    (badge,) = until(lambda: read_aloud(person.desktop, person.indicator.pid), what="the badge to be told")
    assert (badge.name, badge.role) == (person.words("badge.capturing", app="Mousepad"), "label")
    assert "focusable" not in badge.states


def test_why_is_read_line_by_line_and_left_by_escape(person: Person) -> None:
    person.choose("why")
    window = person.window("why.title")
    told = person.read(window)
    everything_has_a_name(told)
    (conditions,) = told.having("list")
    lines = [node.name for node in conditions.children]
    assert lines == [f"{person.words('why.holds')}: {person.words.state_of(c)}" for c in CAPTURING.conditions]
    assert "focused" in conditions.states
    with Ear(person.desktop) as ear:
        person.hands.key("Down")
        until(lambda: (lines[1], "list item") in ear.heard, what="the second line to be read out")
        person.hands.key("Tab")
        until(lambda: (plain(person, "close"), "push button") in ear.heard, what="the button to be reached")
    closes_by(person, window, "Escape")


def test_what_was_captured_is_a_table_to_walk_through(person: Person) -> None:
    spool_some(person.me)
    person.choose("captured")
    window = person.window("captured.title")
    told = person.read(window)
    everything_has_a_name(told)
    cells = [node.name for node in told.having("cell")]
    assert cells.count(person.words("captured.waiting")) == BATCHES - 1
    assert cells.count(person.words("captured.sent")) == 1
    assert person.words("captured.list") in [node.name for node in told.having("table")]
    rows = [name for name in cells if name.startswith(person.words("captured.sealed", time="")[:7])]
    assert len(rows) == BATCHES
    assert person.words("captured.waiting") in rows[1]
    with Ear(person.desktop) as ear:
        person.hands.key("Down")
        until(lambda: (rows[1], "cell") in ear.heard, what="the second batch to be read out in full")
        person.hands.key("Tab")
        until(lambda: (plain(person, "close"), "push button") in ear.heard, what="the button to be reached")
    closes_by(person, window, "space")


def test_who_can_read_it_is_what_the_consent_names(person: Person) -> None:
    person.choose("readers")
    window = person.window("readers.title")
    told = person.read(window)
    everything_has_a_name(told)
    read_out = "\n".join(node.name for node in told.having("list item"))
    manifest = person.me.asked.manifest
    for researcher in manifest.researchers:
        assert researcher.name in read_out
        assert researcher.recipient_fingerprint in read_out.replace(" ", "").replace("\n", "")
    assert manifest.controller.party_name in read_out
    assert str(manifest.retention_days) in read_out
    ends = person.me.ledger()[-1].latest.event_time.timestamp() + person.me.asked.policy.consent_days * 86_400
    assert day_of(person.words, ends) in read_out
    closes_by(person, window, "Escape")


def test_without_a_consent_nobody_can_read_anything_new(person: Person) -> None:
    perform.withdraw(person.me.places, time.time_ns(), "tray")
    person.choose("readers")
    window = person.window("readers.title")
    lines = [node.name for node in person.read(window).having("list item")]
    assert lines[0] == person.words("readers.none")
    assert not any(r.name in line for r in person.me.asked.manifest.researchers for line in lines)
    closes_by(person, window, "Escape")


def everything_has_a_name(window: Node) -> None:
    nameless = [node.role for node in window.having(*NAMED) if not node.name.strip()]
    assert nameless == []
    assert len(window.having(*NAMED)) > 3


def plain(person: Person, key: str) -> str:
    return person.words(key).replace("&", "")


def spool_some(me: Participant) -> None:
    """Some batches, the first of them received by the collector."""
    machine = Machine(me.places, me.world, me.device)
    spool = Spool(me.places)
    for number in range(BATCHES):
        spool.put(machine.envelope(spool.link(), b"sealed %d" % number), SEALED_S + 60 * number)
    spool.sent(0, b"{}")
    spool.close()
