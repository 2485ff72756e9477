"""kill -9 of agent, collector, database and store at random moments, while batches are sealed and sent.

``python -m tests.support.kills --points 500`` prints what became of it; the tests run fewer. A seed chooses victims and
pauses; which instruction is hit depends on the machine as well, so the same seed is not the same run.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from agent.disk.places import Places
from agent.disk.spool import BatchState, Spool
from schemas.age import decrypt
from schemas.envelope import MAX_ENVELOPE_BYTES, parse, verify
from schemas.payload import unpack
from schemas.signed import public_bytes
from tests.support import shipping
from tests.support.cluster import Cluster, shared, small
from tests.support.collectors import Collector
from tests.support.devices import Device, World

LEAD = 12
"""Batches that an agent is given beyond those that it has sent, so that there is always something to interrupt."""
END_S = 300.0
WEIGHTS = {"agent": 12, "collector": 5, "postgres": 2, "store": 1}
"""How often each is chosen: a store takes seconds to start."""


@dataclass
class Outcome:
    """What became of it."""

    points: int
    killed: dict[str, int] = field(default_factory=dict)
    sealed: int = 0
    stored: int = 0
    lost: int = 0
    twice: int = 0
    unreadable: int = 0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Nothing lost, nothing twice, nothing unreadable."""
        return self.sealed > 0 and self.stored == self.sealed and not (self.lost or self.twice or self.unreadable)


class Agent:
    """One agent's process and folder."""

    def __init__(self, folder: Path, device: Device, cluster: Cluster, collector_key: str) -> None:
        self.folder, self.device = folder, device
        folder.mkdir()
        shipping.prepare(folder, device, cluster.url, collector_key)
        self.goal = 0
        self.more(LEAD)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it."""
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "tests.support.shipping", str(self.folder)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def more(self, batches: int) -> None:
        """Ask for more batches."""
        self.goal += batches
        shipping.set_goal(self.folder, self.goal)

    def kill(self) -> None:
        """End it at once."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def restart(self) -> None:
        """End it at once and start it again. One that was through is given more to do."""
        if self._process and self._process.poll() is not None:
            if self._process.returncode:
                raise AssertionError((self.folder / "log").read_text()[-2000:])
            self.more(LEAD)
        self.kill()
        self.start()

    def finish(self) -> None:
        """Wait until all is sent."""
        if self._process and self._process.wait(END_S):
            raise AssertionError((self.folder / "log").read_text()[-2000:])

    def chain(self) -> dict[int, str]:
        """What it sealed, by its own index."""
        spool = Spool(Places(self.folder / "state", self.folder / "run", ()), adopt=False)
        try:
            rows = spool.history()
        finally:
            spool.close()
        assert all(row.state is BatchState.SENT for row in rows)
        return {row.sequence: row.digest for row in rows}


def run(
    folder: Path, points: int, seed: int, *, whole: bool, agents: int = 2, tell: bool = False, minutes: float = 60.0
) -> Outcome:
    """Kill so often, then let everything finish, and compare.

    Args:
        folder: empty.
        points: kills in all.
        seed: chooses victims and pauses.
        whole: with PostgreSQL, S3 and two collectors; otherwise one collector on SQLite and files.
        agents: how many work at once.
        tell: say how far it is.
        minutes: kill no more after so long; `points` of the outcome says how often it was.
    """
    rng = random.Random(seed)  # noqa: S311  # a run may be repeated
    world = World.make(f"kills {seed}", codes=agents)
    begun, outcome = time.monotonic(), Outcome(points)
    deployment: AbstractContextManager[Cluster] = (shared if whole else small)(folder, world)
    with deployment as cluster:
        front = cluster.collectors[0]
        collector_key = front.call("GET", "/v1/study").json()["collector_key"]
        working = [Agent(folder / f"agent-{n}", _joined(front, world), cluster, collector_key) for n in range(agents)]
        try:
            for point in range(points):
                if time.monotonic() > begun + minutes * 60:
                    outcome.points = point
                    break
                time.sleep(rng.random() * 0.6)
                victim = _choose(rng, cluster, agents)
                kind = victim.partition(" ")[0]
                outcome.killed[kind] = outcome.killed.get(kind, 0) + 1
                if victim.startswith("agent"):
                    working[int(victim.split()[1])].restart()
                else:
                    cluster.kill(victim)
                if tell and point % 25 == 0:
                    print(f"{point}/{points} {outcome.killed} {time.monotonic() - begun:.0f} s", flush=True)  # noqa: T201
            for each in working:
                each.restart()
                each.finish()
            _compare(cluster, world, working, outcome)
        finally:
            for each in working:
                each.kill()
    outcome.seconds = time.monotonic() - begun
    return outcome


def _joined(front: Collector, world: World) -> Device:
    device = world.device()
    front.enrol(device).raise_for_status()
    device.grant()
    return device


def _choose(rng: random.Random, cluster: Cluster, agents: int) -> str:
    parts = [*(f"agent {n}" for n in range(agents)), *cluster.parts]
    kinds = Counter(part.partition(" ")[0] for part in parts)
    weights = [WEIGHTS[kind := part.partition(" ")[0]] / kinds[kind] for part in parts]
    return rng.choices(parts, weights)[0]


def _compare(cluster: Cluster, world: World, working: list[Agent], outcome: Outcome) -> None:
    reader = world.researchers[0]
    rows = cluster.collectors[0].listing(reader)
    outcome.stored = len(rows)
    places = Counter((row["device"], row["sequence"]) for row in rows)
    outcome.twice = sum(count - 1 for count in places.values())
    stored = {(row["device"], row["sequence"]): str(row["digest"]) for row in rows}
    for agent in working:
        chain = agent.chain()
        outcome.sealed += len(chain)
        outcome.lost += sum(stored.get((agent.device.fingerprint, n)) != digest for n, digest in chain.items())
        for digest in chain.values():
            outcome.unreadable += not _readable(cluster, world, agent.device, digest)


def _readable(cluster: Cluster, world: World, device: Device, digest: str) -> bool:
    reader = world.researchers[0]
    reply = cluster.collectors[-1].get(reader, f"/v1/batches/{digest}")
    try:
        envelope = parse(reply.content)
        verify(envelope, public_bytes(device.key))
        return bool(unpack(decrypt(envelope.payload, [reader.identity], limit=MAX_ENVELOPE_BYTES)).events)
    except ValueError:
        return False


def main() -> None:
    """Run, and say what became of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0, help="kill no more after so long")
    parser.add_argument("--small", action="store_true", help="SQLite and files, one collector")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="overt-kills-") as folder:
        outcome = run(
            Path(folder), options.points, options.seed, whole=not options.small, tell=True, minutes=options.minutes
        )
    print(json.dumps(asdict(outcome) | {"good": outcome.good}))  # noqa: T201
    raise SystemExit(not outcome.good)


if __name__ == "__main__":
    main()
