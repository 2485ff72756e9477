"""A desktop with a daemon's ears, and browsers that are started fresh for each test."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.browser.install import install
from agent.disk.places import Places
from tests.agent.browser.browser_rig import Ears
from tests.support.browsers import CHROMIUM, FIREFOX, Chromium, Firefox, Pages, pack_firefox, sites
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.waiting import until
from tests.support.windows import Window, stacking

MAILBOX, OTHER = "Mailbox", "Elsewhere"


@dataclass
class Room:
    """One browser on a desktop, with the extension for ``mail`` and not for ``other``."""

    desktop: Desktop
    hands: Driver
    places: Places
    env: dict[str, str]
    mail: Pages
    other: Pages
    ears: Ears = field(init=False)
    browser: Any = None

    def show(self, url: str, title: str, *options: str) -> Window:
        """Show a page and give its window the keyboard."""
        shown: Window = self.browser.open(url, *options, title=title)
        self.hands.focus_window(shown.id)
        return shown

    def show_in_new_window(self, url: str, title: str, *options: str) -> Window:
        """The same, in a window that was not there before."""
        before = {w.id for w in self.windows(title)}
        self.browser.open(url, *options, title=title)
        found: Window = until(
            lambda: next((w for w in self.windows(title) if w.id not in before), None), 60, "a new window"
        )
        self.hands.focus_window(found.id)
        return found

    def windows(self, title: str) -> list[Window]:
        return [w for w in stacking(self.desktop.display) if title in w.title and w.managed]


@pytest.fixture(scope="module")
def desktop() -> Iterator[Desktop]:
    with Desktop(tray=None) as made:
        yield made


@pytest.fixture
def room(desktop: Desktop, tmp_path: Path) -> Iterator[Room]:
    """Everything but the browser; its HOME is its own."""
    home = tmp_path / "home"
    env = {
        **desktop.env,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "OVERT_STATE_DIR": str(home / "overt"),
        "OVERT_RUNTIME_DIR": str(desktop.folder / "run" / tmp_path.name[-20:]),
    }
    places = Places.from_environ(env)
    places.make()
    with Driver(desktop.display) as hands, sites(MAILBOX, OTHER) as (mail, other):
        made = Room(desktop, hands, places, env, mail, other)
        made.ears = Ears(desktop, places.runtime, frozenset({CHROMIUM, FIREFOX}))
        try:
            yield made
        finally:
            if made.browser is not None:
                made.browser.close()
            made.ears.close()


def chromium(room: Room) -> Chromium:
    install(room.places, room.env, [room.mail.origin])
    return Chromium(room.desktop, room.places.state / "browser/chromium", room.env)


def firefox(room: Room) -> Firefox:
    install(room.places, room.env, [room.mail.origin])
    profile = room.places.state / "firefox-profile"
    pack_firefox(room.places.state / "browser/firefox", profile / "extensions/extension@overt.example.xpi")
    return Firefox(room.desktop, profile, room.env)


@pytest.fixture(params=[chromium, firefox], ids=["chromium", "firefox"])
def browsing(room: Room, request: pytest.FixtureRequest) -> Room:
    """A browser that shows the mailbox, and the ears know it."""
    room.browser = request.param(room)
    room.show(room.mail.origin + "/", MAILBOX)
    room.ears.wait_for(room.mail.origin)
    return room


@pytest.fixture
def in_chromium(room: Room) -> Room:
    """The same, in Chromium only."""
    room.browser = chromium(room)
    room.show(room.mail.origin + "/", MAILBOX)
    room.ears.wait_for(room.mail.origin)
    return room
