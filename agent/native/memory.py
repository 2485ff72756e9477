"""Has the C library give memory back: glibc on Linux, which by default keeps what a picture took for the next one."""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""mallopt(3)."""
OWN_PAGES_BYTES = 256 << 10
"""From this size on a piece of memory has pages of its own, which go back as soon as it is freed. glibc begins with
half of it and raises it to the size of what was freed; pictures are some MB. Below it, new pages cost too much."""
ARENAS = 1
"""Places that threads take memory from. Three threads that seldom allocate at once need no more, and each keeps its
own leftovers."""


def keep_little() -> None:
    """For a process that lives for days. Call it before threads are started. Without glibc it does nothing."""
    if (libc := _glibc()) is not None:
        for option, value in (
            (_M_ARENA_MAX, ARENAS),
            (_M_MMAP_THRESHOLD, OWN_PAGES_BYTES),
            (_M_TRIM_THRESHOLD, OWN_PAGES_BYTES),
        ):
            libc.mallopt(option, value)


def give_back() -> None:
    """Return what is free now. Takes a millisecond or two."""
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "malloc_trim") else None  # musl has neither
