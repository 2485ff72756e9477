"""An asyncio task in a thread of its own for the length of a block: how a test stays in the foreground meanwhile."""

import asyncio
import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from tests.support.waiting import PATIENCE_S


class Background(ABC):
    """Serves from the block's begin to its end.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._name = name
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), name=name)

    @abstractmethod
    async def _serve(self) -> None:
        """Begin, await :meth:`_serving`, and clear up."""

    async def _serving(self) -> None:
        """Everything is in place: the block begins, and this returns when it ends."""
        self._ready.set()
        await self._end.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(PATIENCE_S), f"{self._name} did not begin"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()
