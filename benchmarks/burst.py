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

from benchmarks.household import PLAIN, Agent, at_work, household, machine
from benchmarks.manager import leave_clicks_alone
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
from benchmarks.tally import Tally, tally
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


@dataclass
class Run:
    """What one desktop's load came to."""

    bare: list[Sent]
    sent: list[Sent]  # the steady load, then the bursts
    peaks: list[float]  # megabytes, before and after each of those
    closed: int
    found: Tally


def measure(seconds: float) -> list[Measured]:
    """Everything, on two desktops: on the second the window manager grabs each click, as most do."""
    run, grabbed = _run(seconds, grabs=False), _run(seconds, grabs=True)
    return [
        *_pace_rows(f"{RATE:,}/s", run.bare[0], run.sent[0], ADDED_MS),
        *_pace_rows("burst", run.bare[1], run.sent[1], None),
        *_loss_rows(run),
        Measured("times that the gate closed meanwhile", run.closed, "times", 0, CLOSED),
        *_memory_rows(run.peaks),
        _grabbed_row(grabbed),
    ]


def _run(seconds: float, *, grabs: bool) -> Run:
    with household(more_apps=PLAIN) as house, PlainWindow(house.desktop.display) as window:
        if not grabs:
            leave_clicks_alone(house.desktop)
        employee = house.employee()
        house.front(window.id)
        loads: list[tuple[int, float | None]] = [(int(RATE * seconds), RATE), (BURST, None)]
        bare = [send(window, events, per_s) for events, per_s in loads]
        with at_work(employee) as me, ExitStack() as stack:
            agree(employee.env, "plain")
            me.wait_for("capturing")
            watcher = stack.enter_context(Watcher(me.places.control_socket))
            watcher.forget()
            sent, peaks = [], [peak_rss_mb(me.daemon.pid)]
            for events, per_s in [*loads, *loads[1:] * (BURSTS - 1)]:
                sent.append(_captured(me, window, events, per_s))
                peaks.append(peak_rss_mb(me.daemon.pid))
            closed = watcher.times("idle") + watcher.times("blocked")
        found = tally(content for _, content in house.batches(me.places))
        return Run(bare, sent, peaks, closed, found)


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


def _loss_rows(run: Run) -> list[Measured]:
    found, handfuls = run.found, _handfuls(run)
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


def _grabbed_row(run: Run) -> Measured:
    clicks, found = CLICKS * _handfuls(run), run.found
    keys = max(0, 2 * KEYS * _handfuls(run) - found.keys)
    beside = f"of {clicks:,} sent, with the window manager's own grabs; keys lost: {keys}"
    lost = max(0, clicks - found.actions["down"])
    return Measured("clicks lost where the window manager grabs each", lost, "clicks", None, beside)


def _handfuls(run: Run) -> int:
    return sum(one.events // HANDFUL for one in run.sent)


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
