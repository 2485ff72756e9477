"""A lock that one program of a person holds at a time. The system lets go of it when the program ends, however."""

import os
import sys
from pathlib import Path

from agent.disk.places import OWNER_ONLY_FILE


def only_one(path: Path) -> int | None:
    """Take the lock, or ``None`` if another program holds it. Keep the descriptor for as long as it should last."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY_FILE)
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415  # Windows only

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415  # absent on Windows

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
