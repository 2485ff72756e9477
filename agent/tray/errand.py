"""Work that may take seconds, off the indicator's thread: a lease that is late closes the gate."""

import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal


class Errand(QObject):
    """One piece of work in a thread of its own, its outcome in this one. Keep it until it is done.

    Args:
        work: done in the other thread.
        done: told what it gave, or the exception that it raised, in the thread of Qt's loop.
    """

    _over = Signal(object)

    def __init__(self, work: Callable[[], object], done: Callable[[object], None]) -> None:
        super().__init__()
        self._work = work
        self._over.connect(done)
        # Not a daemon thread: quitting the indicator must not cut a deletion short.
        self._thread = threading.Thread(target=self._run, name="errand")

    @property
    def running(self) -> bool:
        """Whether it is under way."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def _run(self) -> None:
        try:
            outcome = self._work()
        except Exception as error:  # noqa: BLE001  # whatever it is, somebody waits to be told
            outcome = error
        self._over.emit(outcome)
