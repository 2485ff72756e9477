"""What lies in a process's memory: for tests that show that something does not. Only root may look."""

import re
from pathlib import Path

_REGION = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw.. ")
STEP = 1 << 22
"""Bytes read at a time."""


def holds(pid: int, needle: bytes) -> bool:
    """Whether a process's writable memory holds these bytes now.

    Raises:
        PermissionError: this user may not look.
    """
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for found in _REGION.finditer(Path(f"/proc/{pid}/maps").read_text()):
            at, end = (int(edge, 16) for edge in found.groups())
            tail = b""
            while at < end:
                try:
                    memory.seek(at)
                    data = memory.read(min(STEP, end - at))
                except OSError:  # given back meanwhile, or the kernel's own
                    break
                if not data:
                    break
                if needle in tail + data:
                    return True
                tail, at = data[-len(needle) :], at + len(data)
    return False
