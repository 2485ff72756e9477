"""Where computing is done: at once if it is short, in a thread if it would keep other requests waiting."""

from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread

from collector.limits import SHORT_BYTES

T = TypeVar("T")


async def aside(size: int, work: Callable[[], T]) -> T:
    """The result of `work`, which takes time in proportion to `size` bytes."""
    if size <= SHORT_BYTES:
        return work()
    return await to_thread.run_sync(work)
