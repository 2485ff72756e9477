"""What processes cost: CPU time, memory, wake-ups, read from Linux's /proc while they work."""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from os import sysconf
from pathlib import Path

SAMPLE_S = 1.0
"""Seconds between looks: rare enough that looking costs the machine little."""
MB = 1e6
NS = 1e9
_PAGE = sysconf("SC_PAGESIZE")

Thread = tuple[int, int]
"""Process and thread id."""


@dataclass(frozen=True)
class Usage:
    """What a process and its descendants cost over some seconds.

    Attributes:
        seconds: How long was looked.
        cpu_s: CPU seconds, to the nanosecond as the scheduler counts them. What a process spent after the last look
            before its end is missing.
        rss_mb: Resident memory at its highest: what several processes share counts for each.
        pss_mb: Proportional memory, mean: what is shared is split among those who share it. ``None`` where the kernel
            does not tell.
        wakeups: Times that a thread slept and went on (voluntary context switches).
    """

    seconds: float
    cpu_s: float
    rss_mb: float
    pss_mb: float | None
    wakeups: int

    @property
    def cpu_percent(self) -> float:
        """Of one core."""
        return 100 * self.cpu_s / self.seconds

    @property
    def wakeups_per_s(self) -> float:
        """Wake-ups a second."""
        return self.wakeups / self.seconds


@dataclass
class _Watched:
    """What was read of one family of processes."""

    first: dict[Thread, tuple[int, int]] = field(default_factory=dict)
    last: dict[Thread, tuple[int, int]] = field(default_factory=dict)
    rss: list[float] = field(default_factory=list)
    pss: list[float | None] = field(default_factory=list)

    def look(self, pids: list[int]) -> None:
        now = {thread: spent for pid in pids for thread, spent in _threads(pid)}
        if not self.rss:
            self.first = now
        self.last |= now
        self.rss.append(sum(map(_rss_mb, pids)))
        shares = [_pss_mb(pid) for pid in pids]
        self.pss.append(None if None in shares else sum(share or 0 for share in shares))

    def usage(self, seconds: float) -> Usage:
        nothing = (0, 0)
        spent = [tuple(b - a for a, b in zip(self.first.get(t, nothing), v, strict=True)) for t, v in self.last.items()]
        known = [share for share in self.pss if share is not None]
        return Usage(
            seconds=seconds,
            cpu_s=sum(cpu for cpu, _ in spent) / NS,
            rss_mb=max(self.rss),
            pss_mb=sum(known) / len(known) if known else None,
            wakeups=sum(woken for _, woken in spent),
        )


def watch(roots: Mapping[str, list[int]], seconds: float) -> dict[str, Usage]:
    """Look at some families of processes for a while; returns when it is over.

    Args:
        roots: By a name of one's own, the processes whose descendants count with them.
        seconds: How long.
    """
    watched = {name: _Watched() for name in roots}
    begun = time.monotonic()
    ends = begun + seconds
    while True:
        children = _children()
        for name, pids in roots.items():
            watched[name].look([found for pid in pids for found in _family(pid, children)])
        left = ends - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(SAMPLE_S, left))
    took = time.monotonic() - begun
    return {name: one.usage(took) for name, one in watched.items()}


def peak_rss_mb(pid: int) -> float:
    """The most memory that a process ever had resident (VmHWM, proc(5))."""
    return _status(Path(f"/proc/{pid}/status"), "VmHWM") * 1024 / MB


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            found.setdefault(int(after_name[1]), []).append(int(folder.name))
    return found


def _family(pid: int, children: Mapping[int, list[int]]) -> Iterator[int]:
    yield pid
    for child in children.get(pid, ()):
        yield from _family(child, children)


def _threads(pid: int) -> Iterator[tuple[Thread, tuple[int, int]]]:
    """Each thread's CPU nanoseconds and voluntary switches."""
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                spent = int((task / "schedstat").read_text().split()[0])
                yield (pid, int(task.name)), (spent, _status(task / "status", "voluntary_ctxt_switches"))


def _status(path: Path, name: str) -> int:
    """A number of a status file; 0 where it is not told, as of a process that has just ended."""
    lines = path.read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)


def _rss_mb(pid: int) -> float:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / MB
    return 0.0


def _pss_mb(pid: int) -> float | None:
    """``None`` where it may not be read: our own daemon shows its memory map to root alone."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except PermissionError:
        return None
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / MB for line in rollup.splitlines() if line.startswith("Pss:")), 0.0)
