"""G3 with web apps, whole: a browser on an allowed and on a forbidden site, and what the researcher gets of it."""

import random
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from agent.disk.places import Places
from agent.net.control import DaemonNotRunning, ask
from schemas.status import State, Status
from tests.journeys.conftest import Household
from tests.support.browsers import CHROMIUM, FIREFOX, Chromium, Firefox, Pages, pack_firefox, sites
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.live import Employee, Organisation, nothing_waits
from tests.support.waiting import until
from tests.support.windows import Window, stacking

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
SWITCHES = 4
BATCH_S = 2
SLOW_S = 60
MAILBOX, OTHER = "Mailbox", "Zzforbidden"
ALLOWED_KEYS, FORBIDDEN_KEYS = "abcdefghij ", "nopqrstuvwxyz"
"""What is typed on the one site is typed on no other, so that each key tells where it was typed."""
POLICY = """
study = "demo-2026"
version = 1
timing = "exact"
consent_days = 30
review_s = 0
batch_s = {{batch_s}}

[[apps]]
id = "webmail"
name = "Webmail"
category = "mail"
executables = ["{chromium}", "{firefox}"]
origins = ["{origin}"]
modalities = ["keyboard", "pointer", "screen"]
screen = "layout"
"""


class Home(Household):
    """A household whose study is about a web app, and its browser."""

    browser: Chromium | Firefox

    def begin(self, mail: Pages) -> None:
        policy = POLICY.format(chromium=CHROMIUM, firefox=FIREFOX, origin=mail.origin)
        self.organisation.found()
        self.organisation.serve()
        self.organisation.study(batch_s=BATCH_S, policy=policy)
        self.employee.overt("enrol", self.organisation.link())
        self.employee.overt("browser", "install")
        self.start()
        self.employee.agree_in_terminal({"webmail": ("keyboard", "pointer", "screen")})

    def why(self) -> set[str]:
        return {c["reason"] for c in self.employee.status()["conditions"] if not c["holds"]}

    def await_soon(self, state: State) -> None:
        """Wait without starting a program for each look: those would be the load under which the browser is late."""
        self.await_status(lambda now: now.state is state)

    def await_reason(self, reason: str) -> None:
        """The same, for why nothing is captured."""
        self.await_status(lambda now: reason in {c.reason.value for c in now.conditions if not c.holds})

    def await_status(self, wanted: Callable[[Status], bool]) -> None:
        socket = Places.from_environ(self.employee.env).control_socket
        last: list[str] = []

        def there() -> bool:
            assert self.daemon.running, self.daemon.output
            try:
                now = ask(socket, "status")
            except DaemonNotRunning:  # it took longer than a call may: the machine is busy
                return False
            last[:] = [now.sentence]
            return wanted(now)

        try:
            until(there, SLOW_S)
        except TimeoutError:
            raise AssertionError(f"never as wanted: {last}") from None

    def windows(self, title: str) -> list[Window]:
        return [w for w in stacking(self.desktop.display) if title in w.title and w.managed]

    def rows(self, folder: Path, name: str) -> list[dict[str, object]]:
        return [row for path in sorted(folder.rglob(f"{name}.parquet")) for row in pq.read_table(path).to_pylist()]


@pytest.fixture(params=["chromium", "firefox"])
def home(request: pytest.FixtureRequest) -> Iterator[tuple[Home, Pages, Pages]]:
    with open_home(request.param) as made:
        yield made


@contextmanager
def open_home(browser: str) -> Iterator[tuple[Home, Pages, Pages]]:
    """A household with this browser, an allowed site and another one."""
    with Desktop() as desktop, Driver(desktop.display) as hands, sites(MAILBOX, OTHER) as (mail, other):
        folder = desktop.folder / "organisation"
        folder.mkdir()
        made = Home(desktop, hands, Organisation(folder, desktop.env, desktop.start), Employee.on(desktop))
        made.begin(mail)
        extension = made.employee.state / "browser" / browser
        if browser == "chromium":
            made.browser = Chromium(desktop, extension, made.employee.env)
        else:
            profile = desktop.folder / "profile"
            pack_firefox(extension, profile / "extensions/extension@overt.example.xpi")
            made.browser = Firefox(desktop, profile, made.employee.env)
        yield made, mail, other


def test_keys_at_every_switch_of_tabs(home: tuple[Home, Pages, Pages], tmp_path: Path) -> None:
    house, mail, other = home
    dice = random.Random(20)  # noqa: S311  # text to type
    house.hands.focus_window(house.browser.open(f"{other.origin}/", title=OTHER).id)
    house.browser.open(f"{mail.origin}/", title=MAILBOX)
    house.await_state("capturing")
    for _ in range(SWITCHES):
        house.hands.type_text("".join(dice.choices(ALLOWED_KEYS, k=24)), 0.05)
        house.hands.key("Tab", ["ctrl"])
        house.hands.type_text("".join(dice.choices(FORBIDDEN_KEYS, k=40)), 0.005)
        house.await_soon(State.IDLE)
        house.hands.key("Tab", ["ctrl"])
        house.await_soon(State.CAPTURING)
    house.hands.key("t", ["ctrl"])  # an empty tab
    settled(house)
    keys, texts, focus = told(house, tmp_path)
    assert not [key for key in keys if key in FORBIDDEN_KEYS], f"{keys}"
    assert not set("".join(texts)) & set(FORBIDDEN_KEYS)
    assert len(set(keys) & set(ALLOWED_KEYS)) > 5, "nothing is recorded at all would be easy"
    assert not [title for title in focus if title]


def test_reasons(home: tuple[Home, Pages, Pages]) -> None:
    house, mail, other = home
    house.hands.focus_window(house.browser.open(f"{mail.origin}/", title=MAILBOX).id)
    house.await_state("capturing")
    assert house.employee.status()["app"] == "Webmail"
    house.browser.open(f"{other.origin}/", title=OTHER)
    house.await_state("idle")
    assert house.why() == {"app_not_allowed"}
    apps = house.employee.overt("apps", "--json").json["apps"]
    assert [row["sites"] for row in apps] == [mail.origin]
    checks = house.employee.overt("doctor", "--json", code=None).json["checks"]
    assert [c["ok"] for c in checks if c["name"] == "browsers"] == [True]
    house.employee.overt("browser", "remove")
    checks = house.employee.overt("doctor", "--json", code=None).json["checks"]
    assert [c["ok"] for c in checks if c["name"] == "browsers"] == [False]


def settled(house: Home) -> None:
    house.employee.wait_for("every batch to be received", nothing_waits, SLOW_S)


def told(house: Home, folder: Path) -> tuple[list[str], list[str], list[str | None]]:
    """The researcher's view: keys' characters, typed text, titles."""
    pulled, out = folder / "pulled", folder / "out"
    house.organisation.research("pull", "--out", str(pulled), "--reason", "journey", "--json")
    report = house.organisation.research("verify", str(pulled), "--json", code=None).json
    assert report["good"], report["findings"]
    house.organisation.research("export", str(pulled), "--out", str(out), "--json")
    events = house.rows(out, "events")
    assert {row["app"] for row in events} == {"webmail"}
    letters = set(string.ascii_lowercase + " ")
    keys = [chr(s) for row in events if isinstance(s := row["keysym"], int) and s < 128 and chr(s) in letters]
    texts = [str(row["text"]) for row in house.rows(out, "text")]
    return keys, texts, [row["title"] for row in events if row["kind"] == "focus"]  # type: ignore[misc]
