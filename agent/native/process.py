"""Which program a process is running, asked of the kernel."""

import os
from pathlib import Path

from msgspec import Struct

START_FIELD = 22
"""proc(5): ``/proc/PID/stat`` field ``starttime``, in clock ticks since boot."""
AFTER_NAME = 3
"""The first field after the program's name, which is in brackets and may hold spaces."""


class Running(Struct, frozen=True):
    """A process that could be looked at."""

    executable: str
    started: int


def running(pid: int) -> Running | None:
    """The program behind a process id; ``None`` if it ended meanwhile or belongs to somebody else.

    The start time is read before and after, so that both answers are of one and the same process.
    """
    try:
        before = _started(pid)
        executable = os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115  # Path would cut " (deleted)" no better
        after = _started(pid)
    except (OSError, ValueError, IndexError):
        return None
    return Running(executable, before) if before == after else None


def _started(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[START_FIELD - AFTER_NAME])
