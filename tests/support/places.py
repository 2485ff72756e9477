"""Where tests put what they throw away."""

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108  (where Linux keeps a file system in memory)
ROOM_BYTES = 4 << 30
"""Free bytes below which temporary folders stay on the disk: several browsers' profiles at once."""


def temporary() -> str:
    """A folder for temporary folders: in memory, where there is room and programs may be started from it.

    Half of the suite's time went into waiting for disks (fsync). What tests prove of kill -9 and of the order of writes
    holds on any file system, for none of them cuts the power. Whoever sets TMPDIR decides.
    """
    if "TMPDIR" in os.environ or not MEMORY.is_dir():
        return tempfile.gettempdir()
    there = os.statvfs(MEMORY)
    roomy = there.f_bavail * there.f_frsize >= ROOM_BYTES
    usable = roomy and not there.f_flag & os.ST_NOEXEC and os.access(MEMORY, os.W_OK | os.X_OK)
    return str(MEMORY) if usable else tempfile.gettempdir()


def short() -> str:
    """The same for folders with sockets in them: a socket's path may be 108 bytes at most."""
    folder = tempfile.gettempdir()
    return folder if len(folder) <= len(str(MEMORY)) else "/tmp"  # noqa: S108
