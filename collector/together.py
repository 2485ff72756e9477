"""Many small changes in one transaction: whoever comes while one is being flushed is in the next."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio

T = TypeVar("T")


class _Place(Generic[T]):
    """One item's place in the line, and what became of it."""

    def __init__(self, item: T) -> None:
        self.item = item
        self.result: bool | None = None
        self.error: Exception | None = None


class Together(Generic[T]):
    """Hands items on in groups, one group at a time.

    Args:
        commit: makes a group durable, and tells of each item whether it was taken.
        turn: held while a group is being committed; others may hold it too.
    """

    def __init__(self, commit: Callable[[list[T]], Awaitable[list[bool]]], turn: anyio.Lock) -> None:
        self._commit = commit
        self._turn = turn
        self._line: list[_Place[T]] = []

    async def add(self, item: T) -> bool:
        """Whether the item was taken; durable when this returns.

        Raises:
            Exception: the one with which its group failed.
        """
        place = _Place(item)
        self._line.append(place)
        async with self._turn:
            if place.result is None and place.error is None:
                with anyio.CancelScope(shield=True):  # others of the group wait for this, too
                    await self._settle()
        if place.error is not None:
            raise place.error
        return bool(place.result)

    async def _settle(self) -> None:
        group, self._line = self._line, []
        try:
            results = await self._commit([place.item for place in group])
        except Exception as error:  # noqa: BLE001  # told to everybody in the group
            for place in group:
                place.error = error
            return
        for place, result in zip(group, results, strict=True):
            place.result = result
