"""G3 in a browser, whole: places in and around an allowed page where keys must not be kept, and one where they must.

Each place has letters of its own, so that each key that a researcher gets tells where it was typed.
"""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.pipeline.slots import HOLD_NS
from schemas.status import State
from tests.journeys.test_browser import MAILBOX, OTHER, Home, open_home, settled, told
from tests.support.browsers import Chromium, Pages, page
from tests.support.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
KEPT, CANARIES = "abcdefgh", "nopqrstuvwxyz"
SLOW_S = 60
FEW, MANY = 5, 110


@pytest.fixture(params=["chromium", "firefox"])
def home(request: pytest.FixtureRequest) -> Iterator[tuple[Home, Pages, Pages]]:
    with open_home(request.param) as made:
        yield made


def letters(dice: random.Random, of: str, count: int) -> str:
    return "".join(dice.choices(of, k=count))


def test_where_keys_are_kept_and_where_not(home: tuple[Home, Pages, Pages], tmp_path: Path) -> None:
    house, mail, other = home
    dice = random.Random(31)  # noqa: S311  # text to type
    frame = f'<input type=password id=p><iframe src="{other.origin}/" width=400 height=100></iframe>'
    address = mail.add("/places", page("Places", frame, 100))
    house.hands.focus_window(house.browser.open(address, title="Places").id)

    def kept() -> None:
        house.await_soon(State.CAPTURING)
        house.hands.type_text(letters(dice, KEPT, 20), 0.03)
        held()

    def dropped() -> None:
        house.hands.type_text(letters(dice, CANARIES, 30), 0.01)
        house.await_soon(State.IDLE)
        house.hands.type_text(letters(dice, CANARIES, 10), 0.01)

    kept()
    house.hands.key("Tab")  # the password field
    dropped()
    house.await_reason("secure_input")
    house.hands.key("Tab")  # the frame of another origin
    dropped()
    house.hands.key("Tab", ["shift"])
    house.hands.key("Tab", ["shift"])
    kept()
    house.hands.key("l", ["ctrl"])  # the address bar
    dropped()
    house.hands.key("Escape")
    house.hands.key("F6")
    again(house, address)
    kept()
    console = "j" if isinstance(house.browser, Chromium) else "k"
    house.hands.key(console, ["ctrl", "shift"])
    house.await_soon(State.IDLE)
    dropped()
    house.hands.key("F12")
    again(house, address)
    kept()
    private = "--incognito" if isinstance(house.browser, Chromium) else "--private-window"
    windows = {w.id for w in house.windows("Places")}
    house.browser.open(address, private, title="Places")
    new = until(lambda: next((w for w in house.windows("Places") if w.id not in windows), None), SLOW_S, "a window")
    house.hands.focus_window(new.id)
    dropped()
    house.hands.close(new.id)
    house.hands.focus_window(house.browser.open(f"{other.origin}/", title=OTHER).id)
    dropped()
    settled(house)
    keys, texts, _ = told(house, tmp_path)
    leaked = [key for key in keys if key in CANARIES]
    assert not leaked, f"{len(leaked)} keys leaked"
    assert not set("".join(texts)) & set(CANARIES)
    assert len([key for key in keys if key in KEPT]) > 40, "nothing is recorded at all would be easy"


@pytest.mark.parametrize("switches", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
def test_fast_switching_while_typing(home: tuple[Home, Pages, Pages], tmp_path: Path, switches: int) -> None:
    """Nobody waits for anything: what comes while the news are under way must be dropped by the hold."""
    house, mail, other = home
    dice = random.Random(32)  # noqa: S311  # text to type
    house.hands.focus_window(house.browser.open(f"{other.origin}/", title=OTHER).id)
    house.browser.open(f"{mail.origin}/", title=MAILBOX)
    house.await_soon(State.CAPTURING)
    typed = 0
    for _ in range(switches):
        house.hands.type_text(letters(dice, KEPT, 24), 0.08)
        typed += 48  # presses and releases
        house.hands.key("Tab", ["ctrl"])
        house.hands.type_text(letters(dice, CANARIES, dice.randrange(3, 25)), 0.02)
        house.hands.key("Tab", ["ctrl"])
    house.hands.key("t", ["ctrl"])
    house.await_soon(State.IDLE)
    settled(house)
    keys, texts, _ = told(house, tmp_path)
    leaked = [key for key in keys if key in CANARIES]
    assert not leaked, f"{len(leaked)} keys leaked in {switches} switches"
    assert not set("".join(texts)) & set(CANARIES)
    kept = len([key for key in keys if key in KEPT])
    print(f"{type(house.browser).__name__}: kept {kept} of {typed} ({kept / typed:.0%}) over {switches} switches")  # noqa: T201
    assert kept, "nothing is recorded at all would be easy"


def held() -> None:
    """Wait until what was typed waits for late news no more: what a switch would take with it is another test's."""
    end_ns = time.monotonic_ns() + 2 * HOLD_NS
    until(lambda: time.monotonic_ns() > end_ns, SLOW_S, "the hold to be over")


def again(house: Home, address: str) -> None:
    """Load the page anew: its text field has the keys then."""
    house.hands.focus_window(house.browser.open(address, title="Places").id)
