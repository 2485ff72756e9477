"""What a person chose for their own indicator. It says nothing about capture, and no policy can set it."""

import json
from pathlib import Path

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
        self.tell_stopped = self._read()
        """Whether to tell that recording has stopped. That it has started is always told."""

    def choose(self, *, tell_stopped: bool) -> None:
        """Keep a choice. A disk that refuses it only means that the next start has forgotten it."""
        self.tell_stopped = tell_stopped
        try:
            write_over(self._path, json.dumps({"v": 1, "tell_stopped": tell_stopped}).encode())
        except OSError:
            return

    def _read(self) -> bool:
        """In doubt it tells."""
        try:
            with self._path.open("rb") as file:
                return json.loads(file.read(MAX_BYTES))["tell_stopped"] is not False
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return True
