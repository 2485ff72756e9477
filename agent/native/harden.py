"""Keeps what is in memory out of core dumps and out of other programs' reach (G6), and tells who we are."""

import ctypes
import sys

_PR_SET_DUMPABLE = 4  # prctl(2)
_PR_SET_NAME = 15


def refuse_dumps() -> None:
    """No core file, and on Linux no ptrace or ``/proc/PID/mem`` by other programs of the same user.

    Raises:
        OSError: the kernel refuses; the caller must not capture then.
    """
    if sys.platform == "win32":
        return  # Windows Error Reporting is excluded at install time, by IT's desk
    import resource  # noqa: PLC0415  # absent on Windows

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE) was refused")


def name_process(name: str) -> None:
    """Show in ``ps`` and task managers under the product's own name, however the interpreter was started.

    Args:
        name: of 15 characters at most, Linux's limit. Elsewhere the command line alone tells.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)
