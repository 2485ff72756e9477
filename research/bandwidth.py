"""A limit on bytes a second, shared by all connections of a pull."""

import re
import threading
import time
from collections.abc import Callable
from typing import Final

from research.errors import InputError

_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}


class Limit:
    """Makes whoever received bytes wait until they are paid for.

    Args:
        rate: bytes a second.
        clock: seconds that never run backwards.
        sleep: waits that many seconds.
    """

    def __init__(
        self, rate: float, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._rate, self._clock, self._sleep = rate, clock, sleep
        self._paid_until = clock()
        self._lock = threading.Lock()

    def spend(self, size: int) -> None:
        """Wait for these bytes, after all that were spent before. Negative sizes, which come again, cost nothing."""
        if size <= 0:
            return
        with self._lock:
            now = self._clock()
            self._paid_until = max(self._paid_until, now) + size / self._rate
            wait = self._paid_until - now
        self._sleep(wait)


def parse_rate(text: str) -> float:
    """Bytes a second, such as ``500K`` or ``2.5M`` (powers of ten).

    Raises:
        InputError: not a rate.
    """
    match = re.fullmatch(r"(\d{1,12}(?:\.\d{1,3})?)([KMG]?)B?(?:/s)?", text.strip(), re.IGNORECASE)
    rate = float(match[1]) * _UNITS[match[2].upper()] if match else 0.0
    if rate < 1:
        raise InputError(f"{text!r} is not a bandwidth", "Write bytes a second, such as 500K or 2.5M.")
    return rate
