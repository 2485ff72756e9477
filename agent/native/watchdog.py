"""Ends what never returns: a detector that hangs costs its text and, at worst, the program; nothing passes unseen.

Limits by steps and by the clock (``agent/core/redact/effort.py``) are looked at between the steps of our own code. They
cannot end a library that does not come back. Two more can: a signal, whose exception ends Python code wherever it is;
and faulthandler's thread, which needs no lock of the interpreter and ends the program where even that does not help.
"""

import faulthandler
import os
import signal
import sys
import threading
from functools import cache
from types import FrameType, TracebackType

SOFT_S = 5.0
"""Seconds after which what is under way is ended by an exception: several times what the longest text may take."""
HARD_S = 15.0
"""Seconds after which the program ends (exit code 1, no core, nothing written): no code of Python's runs any more."""


class TookTooLongError(Exception):
    """What was under way did not come back."""


@cache
def _nowhere() -> int:
    return os.open(os.devnull, os.O_WRONLY)


class Watchdog:
    """Watches what happens within ``with``. For the main thread; elsewhere, and on Windows, only the hard limit holds.

    Args:
        soft_s: seconds until the exception.
        hard_s: seconds until the end of the program.
    """

    def __init__(self, soft_s: float = SOFT_S, hard_s: float = HARD_S) -> None:
        self._soft_s, self._hard_s = soft_s, hard_s
        self._watches = False
        self._rings = threading.current_thread() is threading.main_thread()
        if sys.platform != "win32" and self._rings:
            signal.signal(signal.SIGALRM, self._ring)

    def __enter__(self) -> None:
        """Begin to count."""
        faulthandler.dump_traceback_later(self._hard_s, exit=True, file=_nowhere())
        self._watches = True
        self._set(self._soft_s)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """It came back."""
        self._watches = False  # first: from here on a late ring says nothing
        self._set(0)
        faulthandler.cancel_dump_traceback_later()

    def _set(self, seconds: float) -> None:
        if sys.platform != "win32" and self._rings:
            signal.setitimer(signal.ITIMER_REAL, seconds)

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        if self._watches:
            self._watches = False
            raise TookTooLongError
