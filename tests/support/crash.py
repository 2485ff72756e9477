"""``overt``, ended as by kill -9 before its N-th durable step: ``python -m tests.support.crash daemon`` and the like.

Steps are what makes something durable or takes it away: writes to descriptors, fsync, rename, link, unlink, and SQL
that changes rows. The environment says which one: ``CRASH_AT`` counts from 1, and counting begins as soon as the file
``CRASH_ARMED`` exists. What is killed leaves with :data:`CRASHED`, so that no other end is taken for it.
"""

import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

CRASHED = 97
"""Exit code of a program that came to its step."""
STEPS = ("write", "fsync", "rename", "replace", "link", "unlink")
CHANGES = ("INSERT", "UPDATE", "DELETE")


class Crash:
    """Counts steps, and ends the process before the chosen one."""

    def __init__(self, at: int, armed: Path) -> None:
        self._left = at
        self._armed = armed
        self._lock = threading.Lock()  # sealing has a thread of its own

    def step(self) -> None:
        """A step is about to happen."""
        with self._lock:
            if not self._armed.exists():
                return
            self._left -= 1
            if self._left == 0:
                os._exit(CRASHED)

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, as a step."""

        def stepped(*arguments: Any, **named: Any) -> Any:
            self.step()
            return function(*arguments, **named)

        return stepped

    def install(self) -> None:
        """Make every such call of this process a step."""
        for name in STEPS:
            setattr(os, name, self.before(getattr(os, name)))
        crash = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, /, *arguments: Any) -> sqlite3.Cursor:
                if sql.lstrip().upper().startswith(CHANGES):
                    crash.step()
                return super().execute(sql, *arguments)

        real = sqlite3.connect
        sqlite3.connect = lambda *arguments, **named: real(*arguments, factory=Connection, **named)  # type: ignore[assignment]


def crashing(arguments: list[str], at: int, armed: Path) -> tuple[list[str], dict[str, str]]:
    """Command and further variables that run ``overt`` with these arguments, to end before step ``at``."""
    return [sys.executable, "-m", "tests.support.crash", *arguments], {"CRASH_AT": str(at), "CRASH_ARMED": str(armed)}


def main(environ: Mapping[str, str]) -> None:
    """Run ``overt`` with the arguments of this program."""
    Crash(int(environ["CRASH_AT"]), Path(environ["CRASH_ARMED"])).install()
    from agent.cli import main as overt  # noqa: PLC0415  # after the steps are in place

    overt()


if __name__ == "__main__":
    main(os.environ)
