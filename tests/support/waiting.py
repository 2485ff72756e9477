"""Waiting on conditions, with a deadline: the only way that tests and the demo wait."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 60.0
"""How long to wait when the caller does not say: far above what a loaded two-core machine has needed."""
INTERVAL_S = 0.02
"""Between two looks: short against what people notice, long against what a look costs."""

T = TypeVar("T")

AGAIN_S = 10.0
"""Seconds after which a person presses again."""


class NotInTimeError(TimeoutError):
    """A condition did not come true before its deadline."""


def until(predicate: Callable[[], T | None], timeout: float = PATIENCE_S, what: str = "a condition") -> T:
    """Ask again and again until the answer is truthy, and return that answer.

    Args:
        predicate: Asked at least once. What it raises is not caught.
        timeout: Seconds after which to give up.
        what: What is awaited, for the error's text.

    Raises:
        NotInTimeError: The answer was still falsy at the deadline.
    """
    deadline = time.monotonic() + timeout
    while True:
        late = time.monotonic() >= deadline
        answer = predicate()
        if answer:
            return answer
        if late:
            raise NotInTimeError(f"gave up after {timeout:g} s waiting for {what}")
        time.sleep(INTERVAL_S)


def insist(act: Callable[[], object], done: Callable[[], object], what: str) -> None:
    """Do something, and again after :data:`AGAIN_S`, until it worked: as a person does whose press was swallowed.

    Args:
        act: Harmless if it is done twice.
        done: Whether it worked.
        what: What is awaited, for the error's text.

    Raises:
        NotInTimeError: It did not work.
    """

    def tried() -> bool:
        act()
        try:
            return bool(until(done, AGAIN_S))
        except NotInTimeError:
            return False

    until(tried, what=what)
