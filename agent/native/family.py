"""Which process is whose and in which terminal it runs, asked of the kernel (proc(5))."""

from pathlib import Path

from msgspec import Struct

MAX_GENERATIONS = 32
"""Parents that are looked at: a shell in a terminal is the third, a web engine's process the second."""
MAX_DEPTH = 3
"""Generations below a program: VS Code's shells are its grandchildren."""
MAX_BELOW = 256
"""Processes below one program that are looked at."""


class Process(Struct, frozen=True):
    """What the kernel tells of a process. The name can be chosen by the process itself."""

    pid: int
    name: str  # at most 15 letters
    parent: int
    tty: int  # device number of its controlling terminal; 0: none
    foreground: int  # process group in front in that terminal; -1: none


def look_at(pid: int) -> Process | None:
    """A process; ``None`` if it ended."""
    try:
        start, _, rest = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")
        _, parent, _, _, tty, foreground = rest.split()[:6]
        return Process(pid, start.partition("(")[2], int(parent), int(tty) & 0xFFFF_FFFF, int(foreground))
    except (OSError, ValueError):
        return None


def descends(pid: int, ancestor: int) -> bool:
    """Whether a process was started, directly or through others, by another one."""
    for _ in range(MAX_GENERATIONS):
        seen = look_at(pid)
        if seen is None or not seen.parent:
            return False
        if seen.parent == ancestor:
            return True
        pid = seen.parent
    return False


def below(pid: int) -> list[Process]:
    """The processes that this one started, and those that these did; empty where the kernel does not tell."""
    found: list[Process] = []
    level = [pid]
    for _ in range(MAX_DEPTH):
        level = [child for one in level for child in _children(one)]
        found += [seen for child in level[: MAX_BELOW - len(found)] if (seen := look_at(child)) is not None]
    return found


def has_children(pid: int) -> bool:
    """Whether a process started one that still runs."""
    return bool(_children(pid))


def _children(pid: int) -> list[int]:
    """Direct children (``CONFIG_PROC_CHILDREN``)."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except (OSError, ValueError):
            continue
    return found
