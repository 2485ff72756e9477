"""Who may speak for a browser, how often it is asked, and what counts as news."""

import socket
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.observe import WindowInfo
from agent.core.site import FRESH_NS, MARGIN_NS, RENEW_MS, Site
from agent.daemon.sites import LATE_NS, OTHER_SITE, NoSites, Sites
from agent.native.parent import Parent, parent_of
from agent.net.control import Client, ProtocolError, Said, parse_request
from agent.pipeline.slots import HOLD_NS
from schemas.status import ClosedReason
from tests.support.fake_clock import FakeClock
from tests.support.fake_desktop import window

BROWSER = "/usr/lib/chromium/chromium"
ORIGIN = "https://mail.example"
MAIL = Site(origin=ORIGIN)
ELSEWHERE = Site(origin=None)
CHROMIUM = window(1, executable=BROWSER)
"""Its process is 4001, started at 1."""


class Switchboard:
    """Sites with clients whose parents a test chooses; news make it look again, as the warden does."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.clients: list[Client] = []
        self.parents: dict[int | None, Parent] = {}
        self.told: list[tuple[Client, dict[str, Any]]] = []
        self.news: list[int] = []
        self.why: list[str] = []
        self.front: WindowInfo | None = None
        self.sites = Sites(
            self.clock, lambda: self.clients, lambda: frozenset({BROWSER}), self.parents.get, self._tell, self._hear
        )

    def client(self, parent: int = 4_001, started: int = 1, executable: str = BROWSER) -> Client:
        made = Client(socket.socket())
        made.pid = 100 + len(self.clients)
        self.parents[made.pid] = Parent(parent, started, executable)
        self.clients.append(made)
        return made

    def say(self, client: Client, state: Any = "page", origin: str | None = ORIGIN, **changes: Any) -> dict[str, Any]:
        fields = {"browser": self.parents[client.pid].pid, "seq": client.site_seq + 1, "state": state}
        fields |= {"at": self.clock.time_ns() // 10**6}
        fields |= {"origin": origin, "secret": False} if state == "page" else {}
        return self.sites.take(client, Said(**(fields | changes)))

    def look(self, info: WindowInfo | None) -> Site | None:
        self.front = info
        return self.sites.look(info)

    def settle(self, info: WindowInfo = CHROMIUM) -> None:
        """That window has been in front for so long that what is said now is about it."""
        self.look(info)
        self.clock.advance(MARGIN_NS)

    def hang_up(self) -> None:
        for client in self.clients:
            client.close()

    def _tell(self, client: Client, message: dict[str, Any]) -> None:
        self.told.append((client, message))

    def _hear(self, since_ns: int, why: str) -> None:
        self.news.append(since_ns)
        self.why.append(why)
        self.sites.look(self.front)


@pytest.fixture
def board() -> Iterator[Switchboard]:
    made = Switchboard()
    yield made
    made.hang_up()


def test_a_browsers_own_program_is_believed_for_its_windows(board: Switchboard) -> None:
    client = board.client()
    board.settle()
    assert board.say(client) == {"v": 1, "renew_ms": RENEW_MS}
    assert board.look(CHROMIUM) == MAIL
    assert board.look(msgspec.structs.replace(CHROMIUM, rect=(0, 0, 5, 5))) == MAIL
    assert board.look(msgspec.structs.replace(CHROMIUM, started=2)) is None
    assert board.look(window(2, executable=BROWSER)) is None


@pytest.mark.parametrize(
    ("parent", "changes"),
    [
        ({"parent": 7}, {"browser": 4_001}),
        ({"executable": "/usr/bin/bash"}, {}),
        ({"executable": "/home/me/chromium"}, {}),
        ({}, {"browser": 1}),
        ({}, {"seq": 0}),
        ({}, {"seq": 1}),
    ],
)
def test_whoever_is_not_is_refused_and_what_they_said_is_forgotten(
    board: Switchboard, parent: dict[str, Any], changes: dict[str, Any]
) -> None:
    client = board.client(**parent)
    board.look(CHROMIUM)
    client.site_seq = 1
    with pytest.raises(ProtocolError):
        board.say(client, **({"seq": 2} | changes))
    assert client.claim is None
    assert board.look(CHROMIUM) is None


def test_a_program_whose_browser_ended_is_not_believed_any_more(board: Switchboard) -> None:
    client = board.client()
    board.settle()
    board.say(client)
    assert client.pid is not None
    board.parents[client.pid] = Parent(1, 1, "/sbin/init")
    with pytest.raises(ProtocolError):
        board.say(client, browser=4_001)
    assert board.look(CHROMIUM) is None
    assert board.news


def test_it_is_asked_only_while_a_window_of_its_browser_is_in_front(board: Switchboard) -> None:
    mine, other = board.client(), board.client(parent=9)
    assert board.say(mine, "elsewhere") == {"v": 1, "renew_ms": None}
    board.say(other, "elsewhere")
    board.look(CHROMIUM)
    assert board.told == [(mine, {"v": 1, "event": "site", "renew_ms": RENEW_MS})]
    board.look(CHROMIUM)
    assert len(board.told) == 1, "nothing changed"
    board.look(None)
    assert board.told[1:] == [(mine, {"v": 1, "event": "site", "renew_ms": None})]
    assert board.sites.deadline_ns() is None


def test_a_tab_that_was_left_is_news_from_when_it_was_last_sure(board: Switchboard) -> None:
    client = board.client()
    board.settle()
    board.say(client)
    board.clock.advance(RENEW_MS * 10**6)
    board.say(client)
    sure_ns = board.clock.monotonic_ns()
    board.news.clear()
    board.clock.advance(HOLD_NS)
    board.say(client, "elsewhere")
    assert board.news == [sure_ns - MARGIN_NS]
    assert set(board.why) == {OTHER_SITE}
    assert board.look(CHROMIUM) == ELSEWHERE
    board.say(client, "elsewhere")
    assert len(board.news) == 1, "said again is no news"


def test_all_that_still_waits_is_in_doubt_however_late_the_page_was_sure(board: Switchboard) -> None:
    """A busy page may say that it has the keys while others, which it will not get, are on their way."""
    client = board.client()
    board.look(CHROMIUM)
    board.clock.advance(10**9)
    board.say(client)
    board.news.clear()
    board.clock.advance(10**6)
    board.say(client, "elsewhere")
    assert board.news == [board.clock.monotonic_ns() - HOLD_NS]


def test_a_field_for_a_secret_is_news_and_what_came_of_it_is_dropped_as_such(board: Switchboard) -> None:
    client = board.client()
    board.look(CHROMIUM)
    board.clock.advance(10**9)
    board.say(client)
    board.news.clear()
    board.why.clear()
    board.clock.advance(10**7)
    board.say(client, secret=True)
    assert board.look(CHROMIUM) == Site(origin=ORIGIN, secret=True)
    assert board.news == [board.clock.monotonic_ns() - HOLD_NS]
    assert board.why == [ClosedReason.SECURE_INPUT.value]
    board.clock.advance(10**7)
    board.say(client)
    assert board.look(CHROMIUM) == MAIL
    assert board.news[1:] == [board.clock.monotonic_ns()], "nothing was captured meanwhile"


def test_a_page_that_falls_silent_is_news_from_when_it_last_spoke(board: Switchboard) -> None:
    client = board.client()
    board.look(CHROMIUM)
    board.clock.advance(10**9)
    board.say(client)
    spoke_ns = board.clock.monotonic_ns()
    board.news.clear()
    assert board.sites.deadline_ns() == spoke_ns + FRESH_NS
    board.clock.advance(FRESH_NS)
    board.sites.on_time(board.clock.monotonic_ns())
    assert board.news == [spoke_ns - MARGIN_NS]
    assert board.look(CHROMIUM) is None


def test_a_program_that_is_gone_is_news(board: Switchboard) -> None:
    client = board.client()
    board.settle()
    board.say(client)
    board.clients.remove(client)
    board.news.clear()
    board.sites.forget(client)
    assert len(board.news) == 1
    assert board.look(CHROMIUM) is None
    client.close()


def test_another_title_is_doubt_until_the_browser_has_spoken(board: Switchboard) -> None:
    client = board.client()
    board.look(CHROMIUM)
    board.clock.advance(10**9)
    board.say(client)
    sure_ns = board.clock.monotonic_ns()
    board.clock.advance(HOLD_NS)
    board.news.clear()
    board.told.clear()
    other = msgspec.structs.replace(CHROMIUM, title="Another tab")
    assert board.look(other) is None
    assert board.news == [sure_ns - MARGIN_NS]
    assert board.told == [(client, {"v": 1, "event": "site", "renew_ms": RENEW_MS})]
    board.say(client)
    assert board.look(other) is None, "it may have meant the tab before"
    board.clock.advance(MARGIN_NS)
    board.say(client)
    assert board.look(other) == MAIL


def test_what_was_captured_before_the_browser_came_to_the_front_is_not_in_doubt(board: Switchboard) -> None:
    client = board.client()
    board.settle()
    board.say(client)
    board.look(None)
    board.clock.advance(10**10)
    board.look(CHROMIUM)
    came_ns = board.clock.monotonic_ns()
    board.news.clear()
    board.clock.advance(MARGIN_NS)
    board.say(client)
    board.clock.advance(10**6)
    board.say(client, "elsewhere")
    assert board.news == [came_ns + MARGIN_NS, came_ns]


def test_two_profiles_that_both_say_they_have_the_keys(board: Switchboard) -> None:
    one, two = board.client(), board.client()
    board.settle()
    board.say(one)
    board.say(two, "elsewhere")
    assert board.look(CHROMIUM) == MAIL
    board.say(two, origin="https://chat.example")
    assert board.look(CHROMIUM) is None
    board.say(one, "elsewhere")
    assert board.look(CHROMIUM) == Site(origin="https://chat.example")


def test_what_was_said_before_the_window_came_to_the_front_is_not_of_it(board: Switchboard) -> None:
    client = board.client()
    board.settle()
    board.say(client)
    board.clock.advance(10**9)
    second = msgspec.structs.replace(CHROMIUM, window=2)
    before_ms = board.clock.time_ns() // 10**6 - 5
    assert board.look(second) is None
    board.say(client, at=before_ms)
    assert board.look(second) is None
    board.clock.advance(MARGIN_NS)
    board.say(client)
    assert board.look(second) == MAIL


def test_what_came_since_a_page_was_last_certain_waits_for_its_next_word(board: Switchboard) -> None:
    client = board.client()
    board.settle()
    assert board.sites.open_since_ns() is None
    board.say(client)
    came_ns = board.clock.monotonic_ns() - MARGIN_NS
    assert board.sites.open_since_ns() == came_ns
    board.clock.advance(10**9)
    lag_ms = 40
    board.say(client, at=board.clock.time_ns() // 10**6 - lag_ms)
    assert board.sites.open_since_ns() == board.clock.monotonic_ns() - MARGIN_NS - 2 * lag_ms * 10**6
    board.say(client, secret=True)
    assert board.sites.open_since_ns() is None, "nothing is captured"


@pytest.mark.parametrize("front", [None, window(2, executable=BROWSER)])
@pytest.mark.parametrize("late", [0, 1])
def test_the_last_keys_before_another_window_are_kept_if_the_browser_was_quick(
    board: Switchboard, late: int, front: WindowInfo | None
) -> None:
    client = board.client()
    board.settle()
    board.clock.advance(10**9)
    board.say(client)
    sure_ns = board.clock.monotonic_ns() - MARGIN_NS
    board.clock.advance(LATE_NS - MARGIN_NS + late)
    board.news.clear()
    board.look(front)
    assert board.news == ([sure_ns] if late else [])
    assert board.sites.open_since_ns() is None


def test_without_anybody_who_tells() -> None:
    assert NoSites().look(CHROMIUM) is None
    assert NoSites().look(None) is None
    assert NoSites().open_since_ns() is None


def test_parents_are_told_by_the_kernel() -> None:
    import os  # noqa: PLC0415

    mine = parent_of(os.getpid())
    assert mine is not None
    assert mine.pid == os.getppid()
    assert mine.executable == os.readlink(f"/proc/{os.getppid()}/exe")  # noqa: PTH115
    assert parent_of(None) is None
    assert parent_of(2**30) is None


SAID = {"browser": 1, "seq": 0, "at": 0, "state": "page", "origin": ORIGIN, "secret": False}


def request(**changes: Any) -> bytes:
    return msgspec.json.encode({"v": 1, "op": "site", "site": SAID | changes})


def test_a_site_is_read_strictly() -> None:
    assert parse_request(request()).site == Said(**SAID)  # type: ignore[arg-type]
    assert ORIGIN not in repr(parse_request(request()))


@pytest.mark.parametrize(
    "changes",
    [
        *({"origin": None}, {"origin": f"{ORIGIN}/inbox"}, {"origin": "http://mail.example"}, {"origin": "*"}),
        *({"secret": None}, {"secret": 1}, {"secret": "no"}, {"state": "private", "origin": None}),
        *({"state": "elsewhere"}, {"state": "private"}, {"state": "x", "origin": None}, {"seq": -1}, {"seq": 2**53}),
        *({"at": -1}, {"at": 1.5}, {"browser": "1"}, {"title": "Inbox"}, {"focused": True}),
    ],
    ids=str,
)
def test_a_site_that_breaks_a_rule(changes: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_request(request(**changes))
    assert "example" not in str(caught.value)


@pytest.mark.parametrize("line", [b'{"v":1,"op":"site"}', msgspec.json.encode({"v": 1, "op": "status", "site": SAID})])
def test_a_site_comes_with_its_own_word_only(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_request(line)


@given(st.dictionaries(st.sampled_from([*SAID, "x"]), st.none() | st.integers() | st.text(max_size=30), max_size=4))
def test_whatever_is_said_of_a_site(changes: dict[str, Any]) -> None:
    try:
        found = parse_request(request(**changes)).site
    except ProtocolError:
        return
    assert found is not None
    assert (found.origin is not None) is (found.secret is not None) is (found.state == "page")


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["page", "elsewhere", "private"]), st.integers(0, 2000))))
def test_whatever_is_said_in_whatever_order_a_site_is_what_exactly_one_says(
    steps: list[tuple[int, Any, int]],
) -> None:
    board = Switchboard()
    try:
        clients = [board.client() for _ in range(3)]
        board.settle()
        last: dict[int, tuple[str, int]] = {}
        for number, state, wait_ms in steps:
            board.clock.advance(wait_ms * 10**6)
            board.sites.on_time(board.clock.monotonic_ns())
            board.say(clients[number], state)
            last[number] = (state, board.clock.monotonic_ns())
            claims = [s for s in last.values() if s[0] != "elsewhere"]
            fresh = len(claims) == 1 and board.clock.monotonic_ns() - claims[0][1] < FRESH_NS
            shown = board.look(CHROMIUM)
            assert (shown not in (None, ELSEWHERE)) is fresh
    finally:
        board.hang_up()
