"""The sign as the daemon reckons it, with clients, a screen and a clock that the test moves."""

from dataclasses import dataclass, field

import pytest

from agent.core.sign import LEASE_NS, NONCE_BYTES, READY_NS, Claim, SignState
from agent.daemon.sign import Sign, WitnessedGrabber
from agent.native.base import NativeUnavailable, RawFrame
from schemas.events import Rect
from tests.support.fake_clock import FakeClock

RECT: Rect = (0, 0, 192, 3)


@dataclass
class FakeClient:
    """Fulfils ``Leasing``."""

    shown_ns: int | None = None
    badge: Rect | None = RECT
    drawn: bytes | None = None
    pid: int | None = 1
    seen_ns: int | None = None


@dataclass
class FakeScreen:
    """Fulfils ``SignWitness``: shows the nonces that are written on it."""

    shown: set[tuple[bytes, int | None]] = field(default_factory=set)
    opened: int = 0
    closed: int = 0
    gone: bool = False
    refuses: bool = False

    def open(self) -> "FakeScreen":
        if self.refuses:
            raise NativeUnavailable("no display", "none")
        self.opened += 1
        self.gone = False
        return self

    def sees(self, claim: Claim) -> bool:
        return not self.gone and (claim.nonce, claim.pid) in self.shown

    def lost(self) -> bool:
        return self.gone

    def close(self) -> None:
        self.closed += 1


class Bench:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.clients: list[FakeClient] = []
        self.screen = FakeScreen()
        self._drawn = 0
        self.sign = Sign(lambda: self.clients, self.screen.open, self.clock, self._entropy)

    def _entropy(self, count: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(count, "big")

    def lease(self, client: FakeClient) -> None:
        client.shown_ns = self.clock.monotonic_ns()

    def paint(self, pid: int = 1) -> None:
        self.screen.shown = {(self.sign.nonce, pid)}


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.clients.append(FakeClient())
    made.lease(made.clients[0])
    made.paint()
    return made


def test_a_lease_and_a_look_make_a_sign(bench: Bench) -> None:
    assert bench.sign.state() is SignState.NOT_SEEN
    assert bench.sign.look()
    assert bench.sign.visible()
    assert bench.sign.until_ns() == bench.clock.monotonic_ns() + LEASE_NS
    bench.clock.advance(LEASE_NS)
    assert bench.sign.state() is SignState.NO_LEASE
    assert bench.sign.until_ns() is None
    assert bench.sign.visible(READY_NS)
    bench.clock.advance(READY_NS)
    assert not bench.sign.visible(READY_NS)


def test_renewed_without_being_seen_it_ends(bench: Bench) -> None:
    bench.sign.look()
    bench.screen.shown = set()
    bench.clock.advance(LEASE_NS // 2)
    bench.lease(bench.clients[0])
    assert not bench.sign.look()
    assert bench.sign.visible(), "a menu may pass over it"
    bench.clock.advance(LEASE_NS // 2)
    assert bench.sign.state() is SignState.NOT_SEEN


def test_a_lease_without_a_badge_is_none_and_costs_no_look(bench: Bench) -> None:
    bench.clients[0].badge = None
    assert bench.sign.state() is SignState.NO_BADGE
    assert not bench.sign.look()
    assert bench.screen.opened == 0
    bench.clients.clear()
    assert bench.sign.state() is SignState.NO_LEASE


def test_one_good_client_is_enough_and_a_liar_among_them_does_no_harm(bench: Bench) -> None:
    liar = FakeClient(pid=2)
    bench.clients.insert(0, liar)
    bench.lease(liar)
    assert bench.sign.look()
    assert bench.sign.visible()
    assert liar.seen_ns is None
    del bench.clients[1]
    assert not bench.sign.visible()


def test_an_old_nonce_is_a_picture(bench: Bench) -> None:
    bench.sign.look()
    before = bench.sign.nonce
    bench.sign.renew()
    assert bench.sign.nonce != before
    assert len(bench.sign.nonce) == NONCE_BYTES
    assert not bench.sign.look()
    bench.paint()
    assert bench.sign.look()


def test_unseen_it_needs_another_look(bench: Bench) -> None:
    bench.sign.look()
    bench.sign.unsee()
    assert not bench.sign.visible(READY_NS)
    assert bench.sign.look()


def test_at_rest_nothing_is_open_and_the_nonce_is_spent(bench: Bench) -> None:
    bench.sign.look()
    before = bench.sign.nonce
    bench.sign.rest()
    bench.sign.rest()
    assert (bench.screen.opened, bench.screen.closed) == (1, 1)
    assert bench.sign.claims() == ()
    assert bench.sign.nonce != before


def test_a_screen_that_went_is_looked_for_again(bench: Bench) -> None:
    bench.sign.look()
    bench.screen.gone = bench.screen.refuses = True
    assert not bench.sign.look()
    bench.screen.refuses = False
    assert bench.sign.look()
    assert bench.screen.opened == 2


def test_what_the_indicator_is_asked_for(bench: Bench) -> None:
    assert bench.sign.asked((1, 2, 3, 4)) == {"nonce": bench.sign.nonce.hex(), "around": (1, 2, 3, 4)}
    assert bench.sign.asked(None)["around"] is None


@dataclass
class FakeGrabber:
    grabbed: list[int] = field(default_factory=list)
    closed: int = 0

    def grab(self, window: int) -> RawFrame | None:
        self.grabbed.append(window)
        return None

    def close(self) -> None:
        self.closed += 1


def test_no_picture_without_the_badge(bench: Bench) -> None:
    grabber = FakeGrabber()
    witnessed = WitnessedGrabber(grabber, bench.screen, bench.sign.claims)
    witnessed.grab(7)
    assert grabber.grabbed == [], "nothing is claimed yet"
    bench.sign.look()
    witnessed.grab(7)
    assert grabber.grabbed == [7]
    bench.screen.shown = set()
    witnessed.grab(7)
    assert grabber.grabbed == [7]
    witnessed.close()
    assert (grabber.closed, bench.screen.closed) == (1, 1)
