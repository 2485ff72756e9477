"""A memory of the last so many keys."""

from typing import TypeVar

T = TypeVar("T")


class Recent(dict[str, T]):
    """A dictionary that forgets what was kept longest ago once it holds `most` entries."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: str, value: T) -> None:
        """Remember."""
        self.pop(key, None)
        self[key] = value
        if len(self) > self._most:
            del self[next(iter(self))]
