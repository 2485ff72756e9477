"""Nothing is lost when input comes faster than anybody can type: 4,000 events a second, and 50,000 in one.

The events go to a plain window of an agreed app, four fifths of them keys. Without an agent the same is sent first: how
long the server takes to take in a handful, in the middle of it all, tells whether the agent holds anybody's input up.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.household import PLAIN, Agent, House, at_work, household, machine
from benchmarks.plain import (
    BUTTON_PRESS,
    BUTTON_RELEASE,
    KEY_PRESS,
    KEY_RELEASE,
    LETTERS,
    MOTION,
    PlainWindow,
)
from benchmarks.report import Measured, percentile, report
from benchmarks.tally import tally
from benchmarks.usage import peak_rss_mb
from benchmarks.watcher import Watcher
from tests.support.person import agree

RATE = 4_000
BURST = 50_000
"""Events that are to be sent within one second."""
BURSTS = 2
"""One after the other: memory that grows with each is not bounded."""
HANDFUL = 20
ADDED_MS = 1.0
DAEMON_MB = 110.0
CLOSED = "the sign was not seen in time: what comes then is nobody's to capture, and counts as lost above"
KEYS, CLICKS, MOVES = 8, 1, 2
"""Of a handful."""


@dataclass
class Sent:
    """What was sent, how fast, and how long the server took for each handful (milliseconds)."""

    events: int
    seconds: float
    handfuls: list[float]


def handful(number: int) -> list[tuple[int, int]]:
    """Twenty events: eight keys and a click, pressed and released, and two moves."""
    taps = [LETTERS[(number + one) % len(LETTERS)] for one in range(KEYS)]
    keys = [event for code in taps for event in ((KEY_PRESS, code), (KEY_RELEASE, code))]
    moves = [(MOTION, MOVES * number + one) for one in range(MOVES)]
    return [*keys, *moves, (BUTTON_PRESS, 1), (BUTTON_RELEASE, 1)]


def send(window: PlainWindow, events: int, per_s: float | None) -> Sent:
    """Send that many, at a pace or as fast as the server takes them."""
    handfuls = []
    begun = time.monotonic()
    for number in range(events // HANDFUL):
        if per_s is not None:
            time.sleep(max(0.0, begun + number * HANDFUL / per_s - time.monotonic()))
        sent = time.perf_counter()
        window.send(handful(number))
        window.taken_in()
        handfuls.append(1e3 * (time.perf_counter() - sent))
    return Sent(events // HANDFUL * HANDFUL, time.monotonic() - begun, handfuls)


def measure(seconds: float) -> list[Measured]:
    """Everything, on a desktop of its own."""
    with household(more_apps=PLAIN) as house, PlainWindow(house.desktop.display) as window:
        employee = house.employee()
        house.front(window.id)
        bare = [send(window, int(RATE * seconds), RATE), send(window, BURST, None)]
        with at_work(employee) as me, ExitStack() as stack:
            agree(employee.env, "plain")
            me.wait_for("capturing")
            watcher = stack.enter_context(Watcher(me.places.control_socket))
            watcher.forget()
            before_mb = peak_rss_mb(me.daemon.pid)
            steady = _captured(me, window, int(RATE * seconds), RATE)
            peaks = [before_mb, peak_rss_mb(me.daemon.pid)]
            bursts = []
            for _ in range(BURSTS):
                bursts.append(_captured(me, window, BURST, None))
                peaks.append(peak_rss_mb(me.daemon.pid))
            closed = watcher.times("idle") + watcher.times("blocked")
        return [
            *_pace_rows(f"{RATE:,}/s", bare[0], steady, ADDED_MS),
            *_pace_rows("burst", bare[1], bursts[0], None),
            *_loss_rows(house, me, [steady, *bursts]),
            Measured("times that the gate closed meanwhile", closed, "times", 0, CLOSED),
            *_memory_rows(peaks),
        ]


def _captured(me: Agent, window: PlainWindow, events: int, per_s: float | None) -> Sent:
    print(f"burst: {events:,} events", file=sys.stderr)
    sent = send(window, events, per_s)
    me.wait_until_quiet()
    return sent


def _pace_rows(name: str, bare: Sent, ours: Sent, target: float | None) -> list[Measured]:
    without, within = (percentile(one.handfuls, 0.99) for one in (bare, ours))
    added = None if without is None or within is None else within - without
    rate = ours.events / ours.seconds
    beside = f"without an agent {without:.2f} ms; {machine()}"
    return [
        Measured(f"{name}: events sent", ours.events, "events", None, f"{rate:,.0f} a second"),
        Measured(f"{name}: as fast without an agent", bare.events / bare.seconds, "a second", None),
        Measured(f"{name}: {HANDFUL} events taken in, p99", within, "ms", None, beside),
        Measured(f"{name}: added by the agent, p99", added, "ms", target),
    ]


def _loss_rows(house: House, me: Agent, sent: Sequence[Sent]) -> list[Measured]:
    found = tally(content for _, content in house.batches(me.places))
    handfuls = sum(one.events // HANDFUL for one in sent)
    keys, clicks, moves = 2 * KEYS * handfuls, CLICKS * handfuls, MOVES * handfuls
    hidden = found.dropped["keyboard", "redacted"]
    beside = f"of {keys:,} sent; {hidden:,} hidden by redaction"
    later = f"of {moves:,} sent; positions are looked at, not hooked"
    return [
        Measured("keys lost", max(0, keys - found.keys), "presses and releases", 0, beside),
        Measured("clicks lost", max(0, clicks - found.actions["down"]), "clicks", 0, f"of {clicks:,} sent"),
        Measured("moves kept", found.actions["move"], "moves", None, later),
        Measured("dropped", found.dropped.total(), "observations", None, found.reasons),
        Measured("seen, less kept and dropped", found.unaccounted, "observations", 0),
    ]


def _memory_rows(peaks: Sequence[float]) -> list[Measured]:
    before, steady, *after = peaks
    told = ", ".join(f"{mb:.0f}" for mb in after)
    grown = after[-1] - after[0]
    return [
        Measured("daemon's memory at its highest, before (RSS)", before, "MB", DAEMON_MB),
        Measured(f"the same after {RATE:,}/s", steady, "MB", None),
        Measured("the same after the bursts", after[-1], "MB", None, f"burst by burst: {told}"),
        Measured("grown from the first burst to the last", grown, "MB", None, "bounded memory does not grow"),
    ]


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Measure what is lost when input comes very fast.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--seconds", type=float, default=10, help=f"of {RATE:,} events a second (10)")
    options = parser.parse_args()
    met = report("Nothing is lost in a burst", measure(options.seconds), options.json)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
