"""A hundred thousand devices against the real back-off and the real limits: ``python -m benchmarks.stampede``.

What is real: :class:`agent.core.upload.Uploads` decides when each device sends, :class:`collector.admit_rate.Rates`
whether it is served. What is simulated: time, and that a served upload takes a quarter of a second. The figures say how
requests arrive, second by second; *naive* devices, which try every five seconds, are beside them.
"""

import argparse
import heapq
import math
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.core.upload import Done, Send, Uploads, Wait
from benchmarks.report import Measured, report
from collector.admit_rate import Rates

BATCH_S = 300.0
"""Seconds between two batches of a device: the policy's default."""
SERVICE_S = 0.25
"""Seconds that an upload takes: 256 KiB at the default bandwidth."""
NAIVE_S = 5.0
BATCH_BYTES = 256 << 10
IDS = tuple(f"batch {n}" for n in range(4096))
HEADROOM = 1.25
"""Requests a second that collectors are built for, by what the devices make in the long run."""
BARS = " ▁▂▃▄▅▆▇█"


@dataclass
class Scene:
    """What happens. Times in seconds from the beginning."""

    name: str
    devices: int
    down: tuple[float, float]  # no collector answers
    wakes: Callable[[random.Random], float]  # when a device begins
    backlog: Callable[[random.Random], int]  # how many batches it has then
    until_s: float


@dataclass
class Outcome:
    """How requests arrived."""

    rate: float
    arrivals: Counter[int] = field(default_factory=Counter)  # by second, while collectors are up
    refused: int = 0
    served: int = 0
    knocks: int = 0  # while nobody answers
    left: int = 0  # batches that wait in the end

    @property
    def peak(self) -> float:
        """The busiest second, by what collectors serve in one."""
        return max(self.arrivals.values(), default=0) / self.rate

    @property
    def sustained_peak(self) -> float:
        """The busiest ten seconds, in the same measure."""
        tens = Counter[int]()
        for second, count in self.arrivals.items():
            tens[second // 10] += count
        return max(tens.values(), default=0) / self.rate / 10


class _Naive:
    """A client that tries again every five seconds, whatever it is told."""

    def __init__(self) -> None:
        self._next_s = 0.0

    def step(self, waiting: tuple[str, ...], now_s: float, jitter: float) -> Send | Wait | Done:
        del jitter
        if not waiting:
            return Done()
        return Wait(self._next_s - now_s) if now_s < self._next_s else Send(waiting[0])

    def sent(self, now_s: float, jitter: float, left: int) -> None:
        """Nothing to learn."""

    def failed(self, now_s: float, jitter: float, retry_after_s: float | None = None) -> None:
        del jitter, retry_after_s
        self._next_s = now_s + NAIVE_S


def play(scene: Scene, seed: int = 1, *, naive: bool = False) -> Outcome:
    """Play a scene."""
    rng = random.Random(seed)  # noqa: S311  # the same each time
    rate = scene.devices / BATCH_S * HEADROOM
    rates, outcome = Rates(rate), Outcome(rate)
    begins = [scene.wakes(rng) for _ in range(scene.devices)]
    had = [scene.backlog(rng) for _ in range(scene.devices)]
    phase = [rng.random() * BATCH_S for _ in range(scene.devices)]
    sent = [0] * scene.devices
    clients = [_Naive() if naive else Uploads() for _ in range(scene.devices)]
    names = [f"d{n}" for n in range(scene.devices)]
    line = [(begin, n) for n, begin in enumerate(begins)]
    heapq.heapify(line)
    while line and line[0][0] < scene.until_s:
        now, n = heapq.heappop(line)
        made = int((now - begins[n] + phase[n]) / BATCH_S)
        waiting = had[n] + made - sent[n]
        match clients[n].step(IDS[:waiting], now, rng.random()):
            case Done():
                heapq.heappush(line, (begins[n] - phase[n] + (made + 1) * BATCH_S + 0.001, n))
            case Wait(seconds):
                heapq.heappush(line, (now + seconds + 0.001, n))
            case Send():
                done = _arrive(scene, outcome, rates, names[n], now)
                if done is True:
                    sent[n] += 1
                    clients[n].sent(now + SERVICE_S, rng.random(), waiting - 1)
                    heapq.heappush(line, (now + SERVICE_S, n))
                else:
                    clients[n].failed(now, rng.random(), done)
                    heapq.heappush(line, (now + 0.001, n))
    made = sum(max(0, int((scene.until_s - b + p) / BATCH_S)) for b, p in zip(begins, phase, strict=True))
    outcome.left = sum(had) + made - outcome.served
    return outcome


def _arrive(scene: Scene, outcome: Outcome, rates: Rates, name: str, now: float) -> float | bool | None:
    """True if it was served; otherwise what the device is asked to wait, if anybody answered."""
    if scene.down[0] <= now < scene.down[1]:
        outcome.knocks += 1
        return None
    outcome.arrivals[int(now)] += 1
    refused = rates.admit(name, BATCH_BYTES, now)
    if refused is None:
        outcome.served += 1
        return True
    outcome.refused += 1
    return float(math.ceil(refused.retry_after_s or 0.0))


def morning(devices: int) -> Scene:
    """Everybody logs in around nine, with what was left from the evening: most of them nothing, some a whole day."""
    return Scene(
        "morning log-in",
        devices,
        (0.0, 0.0),
        lambda rng: min(3_600.0, max(0.0, rng.gauss(1_800, 600))),
        lambda rng: rng.choice((0, 0, 0, 1, 2, 6, 12, 96)),
        4 * 3_600.0,
    )


def outage(devices: int) -> Scene:
    """Everybody works, and no collector answers for an hour."""
    return Scene(
        "return from an hour's outage",
        devices,
        (600.0, 4_200.0),
        lambda rng: rng.random() * BATCH_S,
        lambda _: 0,
        4 * 3_600.0,
    )


def shape(outcome: Outcome, begin_s: int, end_s: int, columns: int = 72) -> str:
    """Arrivals over time, a character for some seconds; a full block is twice what collectors serve."""
    wide = max(1, (end_s - begin_s) // columns)
    sums = [sum(outcome.arrivals[s] for s in range(a, a + wide)) / wide for a in range(begin_s, end_s, wide)]
    return "".join(BARS[min(8, math.ceil(s / outcome.rate * 4))] for s in sums)


def main() -> None:
    """Play both scenes, print how requests arrived, and say by the exit code whether nothing stampeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows: list[Measured] = []
    for scene in (morning(options.devices), outage(options.devices)):
        for naive in (False, True):
            begun = time.monotonic()
            if naive:
                scene.until_s = scene.down[1] + 1_200 or scene.until_s  # enough to see it
            outcome = play(scene, naive=naive)
            kind = f"{scene.name}, {'naive' if naive else 'ours'}"
            print(f"{kind}: {outcome.rate:,.0f}/s served; a column is a few minutes, a full block twice that")
            print(shape(outcome, 0, int(scene.until_s)))
            spent = f"{outcome.served:,} served, {outcome.refused:,} refused, {outcome.left:,} left"
            print(f"played in {time.monotonic() - begun:.0f} s")
            limit = None if naive else 3.0
            rows += [
                Measured(f"{kind}: busiest second", outcome.peak, "of served", None if naive else 4.0, spent),
                Measured(f"{kind}: busiest ten seconds", outcome.sustained_peak, "of served", limit),
                Measured(
                    f"{kind}: refused for each served",
                    outcome.refused / max(1, outcome.served),
                    "1",
                    None if naive else 1.5,
                ),
            ]
    raise SystemExit(not report("A hundred thousand devices", rows, options.json))


if __name__ == "__main__":
    main()
