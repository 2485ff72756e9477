"""What a person chose for their own indicator. It says nothing about capture, and no policy can set it."""

import json
from pathlib import Path
from typing import Any

from agent.disk.durable import write_over

MAX_BYTES = 200
"""A longer file is none that we wrote."""


class Settings:
    """One person's choices, read at the start.

    Args:
        path: the file that remembers them.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        found = self._read()
        self.tell_stopped = found.get("tell_stopped") is not False
        """Whether to tell that recording has stopped. That it has started is always told."""
        self.tell_week = found.get("tell_week") is not False
        """Whether to tell once a week what was captured."""

    def choose(self, *, tell_stopped: bool | None = None, tell_week: bool | None = None) -> None:
        """Keep a choice. A disk that refuses it only means that the next start has forgotten it."""
        self.tell_stopped = self.tell_stopped if tell_stopped is None else tell_stopped
        self.tell_week = self.tell_week if tell_week is None else tell_week
        try:
            write_over(self._path, json.dumps({"v": 1, **self.ticked}).encode())
        except OSError:
            return

    @property
    def ticked(self) -> dict[str, bool]:
        """The choices by the menu's keys."""
        return {"tell_stopped": self.tell_stopped, "tell_week": self.tell_week}

    def _read(self) -> dict[str, Any]:
        """In doubt it tells."""
        try:
            with self._path.open("rb") as file:
                return dict(json.loads(file.read(MAX_BYTES)))
        except (OSError, ValueError, TypeError, RecursionError):
            return {}
