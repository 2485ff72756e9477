"""Which process is whose, asked of the kernel (proc(5))."""

from pathlib import Path

MAX_GENERATIONS = 32
"""Parents that are looked at: a shell in a terminal is the third, a web engine's process the second."""
PARENT_FIELD = 1
"""The second field after the program's name, which is in brackets and may hold spaces."""


def parent(pid: int) -> int | None:
    """The process that started this one; ``None`` if it ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[PARENT_FIELD])
    except (OSError, ValueError, IndexError):
        return None


def descends(pid: int, ancestor: int) -> bool:
    """Whether a process was started, directly or through others, by another one."""
    current: int | None = pid
    for _ in range(MAX_GENERATIONS):
        current = parent(current) if current else None
        if current == ancestor:
            return True
    return False


def children(pid: int) -> list[int]:
    """The processes that this one started; empty where the kernel does not tell (``CONFIG_PROC_CHILDREN``)."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except (OSError, ValueError):
            continue
    return found
