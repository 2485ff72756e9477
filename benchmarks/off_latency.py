"""How long anything is still captured after an off (G5: 50 ms at most, p99).

A real desktop, daemon, indicator and editor, under a load of keys, clicks and moves, with no collector in reach. The
benchmark acts as the person: it says yes in-process, with the device's key, exactly as the ceremony does once the
phrase is typed; then it switches off, over and over, by every way that there is. Told apart are the *gate* (when the
daemon said that no hook exists any more, which bounds every observation, kept or not) and the *last event that
survived* in a sealed batch. Every fourth round a batch falls due around the off, which is the worst case for that.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent.ceremony import halt, perform
from agent.core.ceremony import Answers
from agent.disk.consent_store import ConsentStore
from agent.disk.places import Places
from agent.disk.switch import Position, Switch
from agent.net.control import ask
from benchmarks.load import Load
from benchmarks.report import Measured, percentile, report
from benchmarks.watcher import Watcher
from research import keys
from schemas import age, envelope, payload
from schemas.events import Modality
from schemas.scope import TimingTier
from tests.support.desktop import Desktop
from tests.support.driver import Driver
from tests.support.live import Employee, Organisation, program
from tests.support.processes import Process
from tests.support.waiting import until
from tests.support.windows import Rectangle, open_mousepad

TARGET_MS = 50.0
BATCH_S = 1
BLOCK = 100
"""Rounds of one person: two ledger entries each. Nobody changes their mind more often than that."""
DUE_EVERY = 4
"""Every so many rounds, a batch falls due around the off."""
ROUND_S = (0.05, 0.3)
REST_S = 0.03
"""Seconds of load after an off, in which nothing may be seen."""
AREA = (60, 140, 560, 440)
MS = 1e6
ANSWERS = Answers(apps={"mousepad": frozenset(Modality)}, timing=TimingTier.EXACT, language="en")


@dataclass
class Off:
    """One switch-off. Times are Unix nanoseconds."""

    way: str
    at_ns: int
    closed_ns: int  # the daemon said so
    consent: str


@dataclass
class Person:
    """Whoever takes part, with daemon and indicator."""

    employee: Employee
    places: Places
    daemon: Process
    watcher: Watcher
    offs: list[Off] = field(default_factory=list)
    seen: int = 0
    seen_after: int = 0
    held_after: int = 0


def by_program(me: Person) -> int:
    """``overt off``: from the moment that its switch bears, for a program takes its time to start."""
    switch = Switch(me.places.switch)
    with subprocess.Popen([*program("overt"), "off"], env=me.employee.env, stdout=subprocess.DEVNULL) as off:
        until(lambda: switch.read().position is Position.OFF, what="the switch")
        at_ns = switch.read().at_ns  # before the rest of the program is loaded, which writes it once more
    if off.returncode:
        raise RuntimeError(f"overt off: {off.returncode}")
    return at_ns


def by_command_line(me: Person) -> int:
    """What ``overt off`` does, without the start of a program."""
    at_ns = time.time_ns()
    perform.withdraw(me.places, at_ns, "cli")
    return at_ns


def by_tray(me: Person) -> int:
    """What the menu's entry does. Nobody can choose it under this load: its keys and clicks would go into the menu."""
    at_ns = time.time_ns()
    halt.switch_off(me.places, at_ns)
    perform.note_withdrawal(me.places, at_ns, "tray")
    return at_ns


def by_socket(me: Person) -> int:
    """The local socket's ``off``."""
    at_ns = time.time_ns()
    ask(me.places.control_socket, "off")
    return at_ns


def by_signal(me: Person) -> int:
    """SIGUSR1."""
    at_ns = time.time_ns()
    os.kill(me.daemon.pid, signal.SIGUSR1)
    return at_ns


WAYS: dict[str, tuple[Callable[[Person], int], int]] = {
    "command line": (by_command_line, 5),
    "tray": (by_tray, 5),
    "socket": (by_socket, 4),
    "signal": (by_signal, 4),
    "overt off": (by_program, 2),
}
"""Ways to switch off, and how many of twenty rounds go each of them."""


def one_round(me: Person, way: str, seconds: float) -> None:
    """Say yes, be captured, switch off, and see that nothing more is seen."""
    before = ask(me.places.control_socket, "status").counts.seen
    if me.offs:
        me.seen_after += before - me.seen
    me.watcher.forget()
    perform.say_yes(me.places, perform.what_to_ask(me.places), ANSWERS, perform.Seen(time.time_ns()), "terminal")
    consent = max(me.places.consents.glob("[0-9]*.json"))
    me.watcher.wait("capturing")
    until(lambda: _noticed(me) > before, what="something to be seen")
    time.sleep(seconds)
    me.watcher.forget()
    at_ns = WAYS[way][0](me)
    closed_ns = me.watcher.wait("off")
    counts = ask(me.places.control_socket, "status").counts
    me.seen, me.held_after = counts.seen, me.held_after + counts.held
    me.offs.append(Off(way, at_ns, closed_ns, consent.name))
    time.sleep(REST_S)


def _noticed(me: Person) -> int:
    """Observations, decided or held."""
    counts = ask(me.places.control_socket, "status").counts
    return counts.seen + counts.held


def play(me: Person, rounds: int, first: int, rng: random.Random) -> None:
    """So many rounds, the ways in turn."""
    turns = [way for way, (_, share) in WAYS.items() for _ in range(share)]
    rng.shuffle(turns)
    for number in range(first, first + rounds):
        due = number % DUE_EVERY == 0
        one_round(me, turns[number % len(turns)], BATCH_S + rng.uniform(-0.05, 0.05) if due else rng.uniform(*ROUND_S))


def last_events(me: Person, identity: age.Identity) -> dict[str, list[int]]:
    """Times of all events in all sealed batches, by the name of the consent record's file."""
    entries = ConsentStore(me.places.consents).entries()
    names = {entry.digest: f"{number:06d}.json" for number, entry in enumerate(entries)}
    found: dict[str, list[int]] = {}
    for path in sorted(me.places.spool.glob("*.overt")):
        sealed = envelope.parse(path.read_bytes())
        data = age.decrypt(sealed.payload, [identity], limit=envelope.MAX_ENVELOPE_BYTES)
        times = [event.wall_ns for event in payload.unpack(data).events]
        found.setdefault(names[sealed.header.consent], []).extend(times)
    return found


@contextmanager
def at_work(employee: Employee) -> Iterator[Person]:
    """Daemon and indicator, up and off."""
    daemon, indicator = employee.daemon(), employee.indicator()
    places = Places.from_environ(employee.env)
    with Watcher(places.control_socket) as watcher:
        yield Person(employee, places, daemon, watcher)
    indicator.stop()
    daemon.stop()


def measure(rounds: int, seed: int) -> list[Measured]:
    """Everything, on a desktop of its own."""
    people: list[Person] = []
    survivors: list[tuple[Off, int]] = []
    rng = random.Random(seed)  # noqa: S311  # a schedule, not a secret
    with Desktop() as desktop, Driver(desktop.display) as hands, tempfile.TemporaryDirectory() as folder:
        it = Organisation(Path(folder), desktop.env, desktop.start)
        it.found()
        collector = it.serve()
        it.study(batch_s=BATCH_S)
        blocks = [min(BLOCK, rounds - first) for first in range(0, rounds, BLOCK)]
        employees = [_enrolled(desktop, it, number) for number in range(len(blocks))]
        collector.kill()
        identity = keys.load(it.folder / "researcher").identity
        editor = open_mousepad(desktop, desktop.home / "allowed.txt")
        hands.move_resize(editor.window.id, Rectangle(20, 60, 600, 420))
        hands.focus_window(editor.window.id)
        with Load(desktop.display, AREA) as load:
            for number, (employee, share) in enumerate(zip(employees, blocks, strict=True)):
                with at_work(employee) as me:
                    play(me, share, number * BLOCK, rng)
                people.append(me)
                print(f"{sum(len(p.offs) for p in people)} of {rounds} switch-offs", file=sys.stderr)
        for me in people:
            times = last_events(me, identity)
            survivors += [(off, max(times[off.consent])) for off in me.offs if off.consent in times]
    return [*_rows(people, survivors), Measured("load: keys sent", float(load.sent["key"]), "keys", None)]


def _enrolled(desktop: Desktop, it: Organisation, number: int) -> Employee:
    more = {
        "OVERT_STATE_DIR": str(desktop.folder / f"home/overt-{number}"),
        "OVERT_RUNTIME_DIR": str(desktop.folder / f"run/overt-{number}"),
    }
    employee = Employee(desktop, desktop.env | more)
    employee.overt("enrol", it.link())
    return employee


def _rows(people: list[Person], survivors: list[tuple[Off, int]]) -> list[Measured]:
    offs = [off for me in people for off in me.offs]
    rows = [Measured("switch-offs", float(len(offs)), "offs", None, "half of them by command line and tray")]
    closed = [(off.closed_ns - off.at_ns) / MS for off in offs]
    rows += _shares("off → gate closed", closed, "bounds the last observation, kept or not")
    for way in WAYS:
        rows += _shares(
            f"off → gate closed, {way}", [ms for off, ms in zip(offs, closed, strict=True) if off.way == way]
        )
    late = [(last_ns - off.at_ns) / MS for off, last_ns in survivors]
    beside = f"{len(late)} rounds in which a batch was sealed; the others left nothing. Negative: before the off"
    rows += _shares("off → last event in a batch", late, beside)
    after = sum(last_ns > off.closed_ns for off, last_ns in survivors)
    return [
        *rows,
        Measured("rounds with an event sealed from after the gate closed", float(after), "rounds", 0),
        Measured("observations seen while off", float(sum(me.seen_after for me in people)), "observations", 0),
        Measured("observations held after an off", float(sum(me.held_after for me in people)), "observations", 0),
        Measured("observations seen in all", float(sum(me.seen for me in people)), "observations", None),
    ]


def _shares(what: str, values: list[float], beside: str = "") -> list[Measured]:
    return [
        Measured(f"{what}, p50", percentile(values, 0.5), "ms", None, beside),
        Measured(f"{what}, p99", percentile(values, 0.99), "ms", TARGET_MS),
        Measured(f"{what}, max", max(values, default=None), "ms", None),
    ]


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Measure how long after an off anything is still captured.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--rounds", type=int, default=1000, help="switch-offs (1000)")
    parser.add_argument("--seed", type=int, default=5, help="of the schedule (5)")
    options = parser.parse_args()
    met = report("Off is off", measure(options.rounds, options.seed), options.json)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
