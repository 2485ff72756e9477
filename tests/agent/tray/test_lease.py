"""When the indicator says that it can be seen, with a tray and a clock that the test moves."""

from dataclasses import dataclass, field

from agent.tray.lease import Leaser
from agent.tray.presence import AnyPresence, Hidden, HostKind, Presence
from tests.agent.tray.fake_tray import FakeTray


@dataclass
class FakeTicker:
    """Ticks when the test says so."""

    interval_ms: int | None = None
    started: list[int] = field(default_factory=list)

    def start(self, interval_ms: int) -> None:
        self.interval_ms = interval_ms
        self.started.append(interval_ms)

    def stop(self) -> None:
        self.interval_ms = None

    def isActive(self) -> bool:  # noqa: N802
        return self.interval_ms is not None


class Bench:
    """A leaser with everything around it faked."""

    def __init__(self) -> None:
        self.tray = FakeTray(HostKind.SNI)
        self.ticker = FakeTicker()
        self.said: list[bool] = []
        self.leaser = Leaser(self.tray.hidden, self.said.append, self.ticker)

    def tick(self) -> None:
        if self.ticker.isActive():
            self.leaser.renew()


def test_a_seen_icon_leases_at_the_pace_that_the_daemon_wants() -> None:
    bench = Bench()
    bench.leaser.joined()
    bench.leaser.wanted(300)
    bench.tick()
    bench.leaser.wanted(300)  # each reply says so again
    bench.tick()
    assert bench.said == [True] * 4
    assert bench.ticker.started == [300]


def test_nothing_ticks_while_the_daemon_wants_no_lease() -> None:
    bench = Bench()
    bench.leaser.joined()
    bench.leaser.wanted(None)
    assert not bench.ticker.isActive()
    bench.leaser.wanted(300)
    bench.leaser.wanted(None)
    said = len(bench.said)
    bench.tick()
    assert not bench.ticker.isActive()
    assert len(bench.said) == said


def test_a_hidden_icon_says_so_once_and_leases_again_when_it_is_back() -> None:
    bench = Bench()
    bench.leaser.joined()
    bench.leaser.wanted(300)
    bench.tray.why_hidden = Hidden.NO_HOST
    bench.tick()
    bench.tick()
    assert bench.said == [True, True, False]
    assert bench.leaser.hidden is Hidden.NO_HOST
    bench.tray.why_hidden = None
    bench.tick()
    assert bench.said[-1] is True


def test_a_new_daemon_is_told_even_that_nothing_is_seen() -> None:
    bench = Bench()
    bench.tray.why_hidden = Hidden.NOT_TAKEN_IN
    bench.leaser.joined()
    bench.leaser.lost()
    bench.leaser.joined()
    assert bench.said == [False, False]
    assert not bench.ticker.isActive()


def test_the_icon_is_judged_by_the_tray_it_was_made_for() -> None:
    sni, xembed = FakeTray(HostKind.SNI), FakeTray(HostKind.XEMBED)
    kinds: tuple[Presence, ...] = (sni, xembed)
    presence = AnyPresence(kinds)
    assert presence.present() is sni
    assert presence.hidden(None) is Hidden.NO_HOST
    sni.why_hidden = Hidden.NO_ANSWER
    assert presence.hidden(HostKind.SNI) is Hidden.NO_ANSWER
    assert presence.hidden(HostKind.XEMBED) is None
    sni.host = False
    assert presence.present() is xembed
    xembed.host = False
    assert presence.present() is None


def test_changes_of_any_kind_of_tray_are_heard() -> None:
    trays = (FakeTray(HostKind.SNI), FakeTray(HostKind.XEMBED))
    presence = AnyPresence(trays)
    heard: list[str] = []
    presence.on_change(lambda: heard.append("change"))
    for tray in trays:
        tray.change()
    assert len(heard) == 2
    presence.close()
    assert all(tray.closed for tray in trays)
