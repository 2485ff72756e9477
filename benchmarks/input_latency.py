"""Whether the agent slows the desktop down: from an XTEST key to its KeyPress in a plain window, in milliseconds.

Rounds alternate between no agent at all, an agent that is off, and one that captures that very window, under the same
load of keys, moves and clicks, so that whatever else the machine does falls on all three alike.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

from agent.ceremony import perform
from agent.disk.places import Places
from benchmarks.household import PLAIN, House, at_work, household, machine
from benchmarks.plain import BUTTON_PRESS, BUTTON_RELEASE, MOTION, PlainWindow
from benchmarks.report import Measured, percentile, report
from tests.support.live import Employee
from tests.support.person import agree

ADDED_MS = 1.0
KEYS_PER_S = 50
MOVES_PER_KEY = 2
CLICK_EVERY = 100
"""Keys from one click to the next: one every two seconds."""
SETTLE_S = 1.0
MAX_LOST = 5
"""Keys that do not arrive before all of it is given up."""
NONE, OFF, CAPTURING = "no agent", "agent off", "agent capturing"

Latencies = dict[str, list[float]]


def measure(rounds: int, seconds: float) -> list[Measured]:
    """Everything, on a desktop of its own."""
    found: list[Latencies] = []
    lost = 0
    with household(more_apps=PLAIN) as house, PlainWindow(house.desktop.display) as window:
        employee = house.employee()
        window.hear_keys(wanted=True)
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            latencies, missed = _round(house, employee, window, seconds)
            found.append(latencies)
            lost += missed
    return [*_rows(found), Measured("keys that never arrived", lost, "keys", 0)]


def _round(house: House, employee: Employee, window: PlainWindow, seconds: float) -> tuple[Latencies, int]:
    places = Places.from_environ(employee.env)
    house.front(window.id)
    time.sleep(SETTLE_S)
    told = {NONE: _probe(window, seconds)}
    with at_work(employee) as me:
        me.wait_for("off")
        house.front(window.id)
        time.sleep(SETTLE_S)
        told[OFF] = _probe(window, seconds)
        agree(employee.env, "plain")
        me.wait_for("capturing")
        house.front(window.id)
        time.sleep(SETTLE_S)
        told[CAPTURING] = _probe(window, seconds)
        perform.withdraw(places, time.time_ns(), "cli")
    lost = sum(ms is None for taken in told.values() for ms in taken)
    return {state: [ms for ms in taken if ms is not None] for state, taken in told.items()}, lost


def _probe(window: PlainWindow, seconds: float) -> list[float | None]:
    """Keys at a steady pace, with moves and clicks between them."""
    found: list[float | None] = []
    begun = time.monotonic()
    for number in range(int(seconds * KEYS_PER_S)):
        time.sleep(max(0.0, begun + number / KEYS_PER_S - time.monotonic()))
        window.send([(MOTION, MOVES_PER_KEY * number + step) for step in range(MOVES_PER_KEY)])
        if number % CLICK_EVERY == 0:
            window.send([(BUTTON_PRESS, 1), (BUTTON_RELEASE, 1)])
        found.append(window.key_ms(number))
        if found.count(None) > MAX_LOST:
            raise RuntimeError("keys do not arrive: something else has the focus")
    return found


def _rows(rounds: list[Latencies]) -> list[Measured]:
    rows = []
    for state in (NONE, OFF, CAPTURING):
        taken = [ms for one in rounds for ms in one[state]]
        rows += [
            Measured(f"key → window, {state}, p50", percentile(taken, 0.5), "ms", None, f"{len(taken)} keys"),
            Measured(f"key → window, {state}, p99", percentile(taken, 0.99), "ms", None, machine()),
        ]
    for state in (OFF, CAPTURING):
        for share in (0.5, 0.99):
            apart = [_added(one, state, share) for one in rounds]
            beside = "median; round by round: " + ", ".join("?" if ms is None else f"{ms:+.2f}" for ms in apart)
            told = [ms for ms in apart if ms is not None]
            added = statistics.median(told) if told else None  # a hiccup of the machine falls on one round
            rows.append(Measured(f"added by an {state}, p{100 * share:.0f}", added, "ms", ADDED_MS, beside))
    return rows


def _added(one: Latencies, state: str, share: float) -> float | None:
    """How much later than without an agent, in one round."""
    ours, bare = (percentile(one[which], share) for which in (state, NONE))
    return None if ours is None or bare is None else ours - bare


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Measure how much later a key arrives because of the agent.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--rounds", type=int, default=5, help="of the three states in turn (5)")
    parser.add_argument("--seconds", type=float, default=10, help="of keys for each state in each round (10)")
    options = parser.parse_args()
    met = report("What the agent adds to a key's way", measure(options.rounds, options.seconds), options.json)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
