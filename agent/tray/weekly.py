"""Once a week: what was captured, in a notification, if the person has not switched that off.

The figures are reckoned by a process of its own, which has the review key and ends; the indicator never has it.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer

from agent.disk.durable import write_over
from agent.tray.errand import Errand
from agent.tray.view import Message

LOOK_MS = 3_600_000
"""Between two looks at the clock: what is told once a week may be an hour late."""
WEEK_S = 7 * 86_400
DAY_S = 86_400
"""Until it is tried again, where the figures cannot be had: a keyring that is locked, say."""
PATIENCE_S = 60
"""Seconds for the figures; the collector is asked who read what, and may not answer."""
MAX_BYTES = 200
"""A longer file is none that we wrote."""


class Weekly(QObject):
    """Tells of the week.

    Args:
        path: the file that remembers when it is told next. Where there is none, in a week.
        wanted: whether the person wants to hear it.
        tell: shows a notification.
        ask: gives a title and the lines below it, none where there is nothing to tell. Blocks. Raises: OSError,
            subprocess.SubprocessError.
    """

    def __init__(
        self,
        path: Path,
        wanted: Callable[[], bool],
        tell: Callable[[Message], None],
        ask: Callable[[], list[str]] | None = None,
    ) -> None:
        super().__init__()
        self._path, self._wanted, self._tell, self._ask = path, wanted, tell, ask or ask_review
        self._errand: Errand | None = None
        self._timer = QTimer(self, interval=LOOK_MS, timerType=Qt.TimerType.VeryCoarseTimer)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        """Look now, and every hour."""
        self._timer.start()
        self.look()

    def look(self) -> None:
        """Tell, if a week is over."""
        now_s = time.time()
        next_s = self._next_s()
        if next_s is None or next_s > now_s + WEEK_S:  # the first look, or the clock was set back
            self._keep(now_s + WEEK_S)
        elif next_s <= now_s and self._wanted() and not (self._errand and self._errand.running):
            self._errand = Errand(self._ask, self._asked)
            self._errand.start()

    def _asked(self, outcome: object) -> None:
        failed = not isinstance(outcome, list)
        self._keep(time.time() + (DAY_S if failed else WEEK_S))
        if isinstance(outcome, list) and outcome and self._wanted():
            title, *lines = outcome
            self._tell(Message(title, "\n".join(lines)))

    def _next_s(self) -> float | None:
        try:
            with self._path.open("rb") as file:
                return float(json.loads(file.read(MAX_BYTES))["next_s"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def _keep(self, next_s: float) -> None:
        """A disk that refuses only means that it is told later."""
        try:
            write_over(self._path, json.dumps({"v": 1, "next_s": int(next_s)}).encode())
        except OSError:
            return


def ask_review() -> list[str]:
    """The title and the lines, from the review program."""
    command = [sys.executable, "-m", "agent.week"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE_S, stdin=subprocess.DEVNULL)  # noqa: S603  # our own program
    return done.stdout.decode().splitlines()
