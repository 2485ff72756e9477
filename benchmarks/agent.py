"""What the agent costs: CPU, memory, bytes and losses, beside other recorders under the same load on the same display.

One person on a real desktop types, clicks and moves at a steady pace while daemon and indicator are off, paused,
consented with another app in front, and capturing; then each other recorder gets the same, alone. Absolute figures are
those of this machine at this hour; ratios hold, because both sides of each were measured in the same run.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from agent.ceremony import halt
from agent.disk.places import Places
from agent.net.control import DaemonNotRunning, ask
from benchmarks.household import INSIDE, Agent, House, at_work, household, machine
from benchmarks.load import Load
from benchmarks.peers.all import PEERS, Peer, PeerError, install, recording, written_mb
from benchmarks.report import Measured, report
from benchmarks.tally import tally
from benchmarks.usage import MB, Usage, watch
from schemas.payload import Payload
from tests.support.live import Employee, program
from tests.support.person import agree
from tests.support.waiting import until

RATES = {"keys": 8.0, "moves": 60.0, "clicks": 0.5}
"""A second: somebody who works without a pause."""
SETTLE_S = 3.0
"""Seconds of load before the looking begins: what follows a change of state is over by then."""
STARTS = 3
STATUSES = 7
PAUSE_NS = 3_600_000_000_000
HOUR_S = 3600
ACTIVE_H = 2
"""Hours of an 8-hour day in apps of the study."""

CPU_CAPTURING, CPU_IDLE, CPU_OFF = 3.0, 0.2, 0.05
TIMES_LIGHTER = 30
MEMORY_MB, DAEMON_MB = 170.0, 110.0
DAY_MB = 25.0
READY_MS, STATUS_MS = 1000.0, 200.0
TARGETS = {"off": CPU_OFF, "paused": CPU_OFF, "consented, another app in front": CPU_IDLE, "capturing": CPU_CAPTURING}
"""DESIGN §6. A pause promises no less than an off."""

Figures = dict[str, Usage]


def measure(seconds: float, peers: Iterable[str]) -> list[Measured]:
    """Everything, on a desktop of its own."""
    with household() as house:
        server = house.desktop.server_pid
        with Load(house.desktop.display, INSIDE, **RATES):
            nothing = watch({"X server": [server]}, seconds)["X server"]
        idle = nothing.cpu_percent
        rows = [Measured("X server under this load, nobody records", idle, "% of a core", None, machine())]
        employee = house.employee()
        rows += _start_up(employee)
        figures, sent, places = _states(house, employee, seconds)
        for state, found in figures.items():
            rows += _state_rows(state, found)
        rows += _memory_rows(figures)
        active_s = seconds + SETTLE_S
        rows += _content_rows(house.batches(places), sent, active_s)
        ours = figures["capturing"]["both"]
        for name, peer in PEERS.items():
            rows += _peer_rows(house, peer, seconds, ours) if name in peers else _no_peer(peer, "not asked for")
    return rows


def _start_up(employee: Employee) -> list[Measured]:
    """How soon a daemon answers, and how long a person waits for ``overt status``."""
    places = Places.from_environ(employee.env)
    starts, statuses = [], []
    for _ in range(STARTS):
        begun = time.perf_counter()
        daemon = employee.desktop.start([*program("overt"), "daemon"], name="daemon", env=employee.env)
        until(lambda: _answers(places), what="the daemon to answer")
        starts.append(1e3 * (time.perf_counter() - begun))
        for _ in range(STATUSES):
            begun = time.perf_counter()
            subprocess.run([*program("overt"), "status"], env=employee.env, stdout=subprocess.DEVNULL, check=False)
            statuses.append(1e3 * (time.perf_counter() - begun))
        daemon.stop()
    beside = f"median of {len(starts)}; best {min(starts):.0f}; {machine()}"
    later = f"median of {len(statuses)}; best {min(statuses):.0f}; {machine()}"
    return [
        Measured("start to ready", statistics.median(starts), "ms", READY_MS, beside),
        Measured("overt status", statistics.median(statuses), "ms", STATUS_MS, later),
    ]


def _answers(places: Places) -> bool:
    try:
        ask(places.control_socket, "status")
    except DaemonNotRunning:
        return False
    return True


def _states(house: House, employee: Employee, seconds: float) -> tuple[dict[str, Figures], Counter[str], Places]:
    """Each state in turn; gives what was sent while capturing as well."""
    figures: dict[str, Figures] = {}
    with at_work(employee) as me:

        def look(state: str) -> Load:
            print(f"agent: {state}", file=sys.stderr)
            me.wait_for(state.partition(",")[0].replace("consented", "idle"))
            with Load(house.desktop.display, INSIDE, **RATES) as load:
                time.sleep(SETTLE_S)
                figures[state] = _watch(house, me, seconds)
            return load

        look("off")
        agree(employee.env)
        load = look("capturing")
        me.wait_until_quiet()
        other = house.other()  # what was captured is sealed now
        look("consented, another app in front")
        other.process.stop()
        halt.pause(me.places, time.time_ns(), time.time_ns() + PAUSE_NS)
        house.front(house.editor.window.id)
        look("paused")
        return figures, Counter(load.sent), me.places


def _watch(house: House, me: Agent, seconds: float) -> Figures:
    daemon, indicator = me.daemon.pid, me.indicator.pid
    roots = {
        "daemon": [daemon],
        "indicator": [indicator],
        "both": [daemon, indicator],
        "X server": [house.desktop.server_pid],
    }
    return watch(roots, seconds)


def _state_rows(state: str, found: Figures) -> list[Measured]:
    apart = ", ".join(f"{name} {found[name].cpu_percent:.3f}" for name in ("daemon", "indicator", "X server"))
    woken = ", ".join(f"{name} {found[name].wakeups_per_s:.2f}" for name in ("daemon", "indicator"))
    quiet = 0 if state == "off" else None
    return [
        Measured(f"CPU, {state}", found["both"].cpu_percent, "% of a core", TARGETS[state], f"{apart}; {machine()}"),
        Measured(f"wake-ups of the daemon, {state}", found["daemon"].wakeups, "times", quiet, f"a second: {woken}"),
    ]


def _memory_rows(figures: dict[str, Figures]) -> list[Measured]:
    rows = []
    for state in ("off", "capturing"):
        found = figures[state]
        apart = f"indicator {found['indicator'].rss_mb:.0f} MB"
        rows += [
            Measured(f"memory of the daemon, {state} (RSS)", found["daemon"].rss_mb, "MB", DAEMON_MB, apart),
            Measured(f"memory of both, {state} (RSS)", found["both"].rss_mb, "MB", MEMORY_MB, "what they share: twice"),
            Measured(f"memory of both, {state} (PSS)", found["both"].pss_mb, "MB", None, "what they share: split"),
        ]
    return rows


def _content_rows(batches: list[tuple[int, Payload]], sent: Counter[str], active_s: float) -> list[Measured]:
    """Bytes sealed, and what became of what was sent."""
    found = tally(content for _, content in batches)
    hour_mb = sum(size for size, _ in batches) / MB * HOUR_S / active_s
    images = sum(len(content.frames) for _, content in batches)
    hidden = found.dropped["keyboard", "redacted"]
    beside = f"{sent['key']} sent, {found.presses} presses sealed; hidden by redaction: {hidden} presses and releases"
    clicks = found.actions["down"]
    pictures = f"{len(batches)} batches in {active_s:.0f} s, {images:,} bytes of them {found.kept['screen']} pictures"
    return [
        Measured("sealed, an hour of this load", hour_mb, "MB", None, pictures),
        Measured(
            "sealed, an 8-hour day with 2 h of this load",
            ACTIVE_H * hour_mb,
            "MB",
            DAY_MB,
            "at most: each batch is padded, and in longer runs there are fewer",
        ),
        Measured("observations seen", found.seen.total(), "observations", None, f"{dict(sorted(found.seen.items()))}"),
        Measured("seen, less kept and dropped", found.unaccounted, "observations", 0),
        Measured("dropped", found.dropped.total(), "observations", None, found.reasons),
        Measured("keys lost", max(0, 2 * sent["key"] - found.keys), "presses and releases", 0, beside),
        Measured("clicks lost", max(0, sent["click"] - clicks), "clicks", 0, f"{sent['click']} sent, {clicks} sealed"),
    ]


def _peer_rows(house: House, peer: Peer, seconds: float, ours: Usage) -> list[Measured]:
    print(f"beside: {peer.name}", file=sys.stderr)
    folder = house.desktop.folder / "peers" / peer.name.replace(" ", "-")
    folder.mkdir(parents=True)
    house.front(house.editor.window.id)
    try:
        install()
        with recording(peer, house.desktop, folder) as processes:
            roots = {"peer": [p.pid for p in processes], "X server": [house.desktop.server_pid]}
            with Load(house.desktop.display, INSIDE, **RATES) as load:
                time.sleep(SETTLE_S)
                found = watch(roots, seconds)
            time.sleep(SETTLE_S)
    except PeerError as error:
        return _no_peer(peer, str(error))
    theirs = found["peer"]
    kept = peer.keys(folder, processes)
    hour_mb = written_mb(folder) * HOUR_S / (seconds + SETTLE_S)
    server = f"X server {found['X server'].cpu_percent:.2f}"
    return _rows_of(peer, theirs, ours, hour_mb, None if kept is None else max(0, load.sent["key"] - kept), server)


def _rows_of(peer: Peer, theirs: Usage, ours: Usage, hour_mb: float, lost: int | None, server: str) -> list[Measured]:
    promised = 1 / TIMES_LIGHTER if peer is PEERS["openadapt"] else None
    memory = f"{theirs.rss_mb / ours.rss_mb:.1f} times Overt's"
    times = theirs.cpu_s / theirs.seconds / (ours.cpu_s / ours.seconds)
    return [
        Measured(f"{peer.name}: CPU", theirs.cpu_percent, "% of a core", None, f"{peer.what}; {server}; {machine()}"),
        Measured(f"{peer.name}: Overt's CPU as a share", 1 / times, "", promised, f"{times:.1f} times Overt's"),
        Measured(f"{peer.name}: memory (RSS)", theirs.rss_mb, "MB", None, memory),
        Measured(f"{peer.name}: memory (PSS)", theirs.pss_mb, "MB", None),
        Measured(f"{peer.name}: written, an hour", hour_mb, "MB", None, "neither redacted nor sealed"),
        Measured(f"{peer.name}: presses lost", lost, "presses", None),
    ]


def _no_peer(peer: Peer, why: str) -> list[Measured]:
    measures: list[tuple[str, str]] = [("CPU", "% of a core"), ("Overt's CPU as a share", ""), ("memory (RSS)", "MB")]
    return [Measured(f"{peer.name}: {what}", None, unit, None, why) for what, unit in measures]


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Measure what the agent costs, beside other recorders.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--seconds", type=float, default=40, help="to look at each state and each recorder (40)")
    parser.add_argument("--peers", default="all", help=f"all, none, or some of {','.join(PEERS)} (all)")
    options = parser.parse_args()
    some = {"all": ",".join(PEERS), "none": ""}.get(options.peers, options.peers)
    peers = [name for name in some.split(",") if name]
    if unknown := set(peers) - set(PEERS):
        parser.error(f"no such recorder: {', '.join(sorted(unknown))}")
    met = report("What the agent costs", measure(options.seconds, peers), options.json)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
