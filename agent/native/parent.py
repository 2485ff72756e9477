"""Which program started a process, asked of the kernel."""

import sys
from pathlib import Path

from msgspec import Struct

PARENT_FIELD = 4
"""proc(5): ``/proc/PID/stat`` field ``ppid``."""
AFTER_NAME = 3
"""The first field after the program's name, which is in brackets and may hold spaces."""


class Parent(Struct, frozen=True):
    """The process that started another one."""

    pid: int
    started: int
    executable: str


def parent_of(pid: int | None) -> Parent | None:
    """The parent of a process; ``None`` where that cannot be told.

    Who the parent is, is read again after its program was: else it could have ended in between, and its number could
    be another program's.
    """
    if not sys.platform.startswith("linux") or pid is None:
        return None
    from agent.native.process import running  # noqa: PLC0415  # its package needs xcffib, which is there on Linux

    parent = _parent_pid(pid)
    program = running(parent) if parent else None
    if parent is None or program is None or _parent_pid(pid) != parent:
        return None
    return Parent(parent, program.started, program.executable)


def _parent_pid(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        return int(stat.rpartition(")")[2].split()[PARENT_FIELD - AFTER_NAME])
    except (OSError, ValueError, IndexError):
        return None
