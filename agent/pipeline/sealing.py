"""Batches to the spool, in a thread of its own: sealing is quick, but an fsync may take as long as the disk likes."""

import logging
import queue
import threading
from collections.abc import Callable

from agent.core.batch import Batch
from agent.core.seal import Sealer
from agent.disk.spool import Spool

RETRY_S = 5.0
"""Seconds between tries while the disk refuses."""
_log = logging.getLogger(__name__)


class SealingRoom:
    """Seals and spools batches in order. A batch that the disk refuses is held in memory and tried again.

    Args:
        sealer: of the study.
        spool: where envelopes go.
        now_s: Unix time.
        changed: called from the thread after each batch, and when the disk begins or ceases to refuse.
    """

    def __init__(self, sealer: Sealer, spool: Spool, now_s: Callable[[], float], changed: Callable[[], None]) -> None:
        self._sealer = sealer
        self._spool = spool
        self._now_s = now_s
        self._changed = changed
        self._batches: queue.Queue[Batch | None] = queue.Queue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sealing", daemon=True)
        self.disk_refuses = False

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def put(self, batch: Batch) -> None:
        """Seal this next."""
        self._batches.put(batch)

    @property
    def pending(self) -> int:
        """Batches not on disk yet."""
        return self._batches.unfinished_tasks

    def stop(self, timeout_s: float) -> None:
        """Seal what is left, then end. What the disk still refuses is lost with the process, and logged as a count."""
        self._batches.put(None)
        if not self.disk_refuses:
            self._thread.join(timeout_s)
        self._stopping.set()
        self._thread.join(RETRY_S)
        if self.disk_refuses:
            _log.info("the disk refused to the end: %d batches are lost", self.pending)

    def _run(self) -> None:
        while (batch := self._batches.get()) is not None:
            while not self._keep(batch) and not self._stopping.wait(RETRY_S):
                pass
            self._batches.task_done()
            self._changed()

    def _keep(self, batch: Batch) -> bool:
        now_s = int(self._now_s())
        try:
            self._spool.put(self._sealer.seal(batch, self._spool.link()), now_s)
        except OSError as error:
            _log.info("cannot keep a sealed batch: %s", error.strerror)
            self.disk_refuses = True
            self._changed()
            return False
        self.disk_refuses = False
        return True
