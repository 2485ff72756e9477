"""Rows of ``python -m benchmarks.research`` that need servers or processes: pull, two processes, memory, replays."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.report import Measured
from research import pull
from research.client import Collector as Client
from research.folder import Folder
from tests.research.bench import Bench
from tests.support.collectors import Collector, running
from tests.support.devices import World

BLOBS: Final = 48
BLOB_BYTES: Final = 4_000_000
JOBS: Final = 4
REASON: Final = "benchmark"
CHILD: Final = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""A small process in between: the memory that is told of a child begins with that of whoever started it."""


def pulling() -> list[Measured]:
    """``pull`` against curl: the same blobs, collector and number of connections; both write to the same disk."""
    with tempfile.TemporaryDirectory() as temp:
        root, world = Path(temp), World.make(5)
        with running(root, world) as collector:
            device = collector.join(world)
            for _ in range(BLOBS):
                noise = world.rng.randbytes(BLOB_BYTES)
                made = device.envelope([device.make.key("a")], frames=noise)
                collector.put(device, made).raise_for_status()
            names = [str(row["digest"]) for row in collector.listing(world.researchers[0])]
            curl = min(_curl(collector, world, names, root / f"curl-{n}") for n in range(3))
            ours = min(_pull(collector, world, root / f"pull-{n}") for n in range(3))
    size = BLOBS * BLOB_BYTES / 1e6
    beside = f"{size / ours:,.0f} MB/s; curl: {size / curl:,.0f} MB/s"
    return [Measured("pull, of the rate of curl", curl / ours, "share", 0.9, beside, at_least=True)]


def _pull(collector: Collector, world: World, root: Path) -> float:
    client, folder = Client(collector.url, world.researchers[0].key, REASON), Folder(root)
    begun = time.monotonic()
    pull.fetch(client, folder, pull.plan(client, folder), JOBS)
    took = time.monotonic() - begun
    client.close()
    return took


def _curl(collector: Collector, world: World, names: list[str], root: Path) -> float:
    """One curl for all, several connections at a time. Its requests are signed beforehand, outside the time."""
    root.mkdir()
    parts = []
    for name in names:
        url = f"{collector.url}/v1/batches/{name}"
        heads = world.researchers[0].headers("GET", url, reason=REASON)
        lines = [f'header = "{key}: {_quoted(value)}"' for key, value in heads.items()]
        parts.append("\n".join([f'url = "{url}"', f'output = "{root / name}"', *lines]))
    (root / "curl.conf").write_text("\nnext\n".join(parts) + "\n")
    command = [
        "curl",
        "--silent",
        "--no-progress-meter",
        "--fail",
        "--noproxy",
        "*",
        "--parallel",
        "--parallel-max",
        str(JOBS),
    ]
    begun = time.monotonic()
    subprocess.run([*command, "--config", str(root / "curl.conf")], check=True, stderr=subprocess.DEVNULL)
    os.sync()
    return time.monotonic() - begun


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def whole(make: Callable[[int], Bench], small: int, large: int) -> list[Measured]:
    """The command itself, as a process: time with one and two, memory for a study and for one five times as large."""
    with tempfile.TemporaryDirectory() as temp:
        root = Path(temp)
        little, big = (_study(make(size), root / str(size)) for size in (small, large))
        _, low = _export(little, root / "low", 1)
        one, high = _export(big, root / "one", 1)
        two, _ = _export(big, root / "two", 2)
    beside = f"{one:.1f} s with one, {two:.1f} s with two"
    return [
        Measured("export by 2 processes against 1", one / two, "times", 1.7, beside, at_least=True),
        Measured(f"memory of a worker, {large} batches", high, "MiB", 400, f"{low:.0f} MiB with {small} batches"),
    ]


def _study(bench: Bench, root: Path) -> tuple[Path, Path]:
    bench.save(root / "data")
    return root / "data", bench.home(root / "home")


def _export(study: tuple[Path, Path], out: Path, jobs: int) -> tuple[float, float]:
    """Seconds, and the largest process's memory in MiB."""
    data, home = study
    command = ["export", str(data), "--out", str(out), "--home", str(home), "--jobs", str(jobs), "--json"]
    begun = time.monotonic()
    spawn = [sys.executable, "-c", CHILD, sys.executable, "-m", "research.cli", *command]
    done = subprocess.run(spawn, capture_output=True, text=True, check=True)
    return time.monotonic() - begun, int(done.stdout) / 1024
