"""A clock that rings in a selector: Linux's timerfd by ctypes, as Python has it from 3.13 on only.

For parts that live in the daemon's loop and have time limits of their own.
"""

import ctypes
import os
import sys

if sys.platform != "linux":
    raise ImportError("timerfd is Linux's")

CLOCK_MONOTONIC = 1
"""clock_gettime(2); the clock that :func:`time.monotonic_ns` reads."""
ABSOLUTE = 1
"""timerfd_create(2): ``TFD_TIMER_ABSTIME``."""
BILLION = 1_000_000_000
EXPIRATIONS_BYTES = 8
"""read(2) on a timerfd gives one 64-bit count."""


class _Timespec(ctypes.Structure):
    _fields_ = (("s", ctypes.c_long), ("ns", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class Alarm:
    """Readable from the moment that was last set.

    Raises:
        OSError: the system has no descriptors left, or no timerfd.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._checked(self._libc.timerfd_create(CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC))
        self.at_ns: int | None = None

    def fileno(self) -> int:
        """The descriptor to wait for."""
        return self._fd

    def set(self, at_ns: int | None) -> None:
        """Ring at a time of the monotonic clock; ``None``: not at all. A time that has passed rings at once."""
        if at_ns == self.at_ns:
            return
        self.at_ns = at_ns
        value = _Timespec(0, 0) if at_ns is None else _Timespec(*divmod(max(at_ns, 1), BILLION))
        spec = _Itimerspec(_Timespec(0, 0), value)
        self._checked(self._libc.timerfd_settime(self._fd, ABSOLUTE, ctypes.byref(spec), None))

    def rang(self) -> None:
        """Take note that it rang: it is quiet until it is set again."""
        self.at_ns = None
        try:
            os.read(self._fd, EXPIRATIONS_BYTES)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Give the descriptor back. Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            raise OSError(ctypes.get_errno(), "timerfd")
        return result
