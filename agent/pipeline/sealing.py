"""Batches to the spool, in a thread of its own: sealing is quick, but an fsync may take as long as the disk likes."""

import logging
import threading
from collections import deque
from collections.abc import Callable

from agent.core.batch import Batch
from agent.core.chain import extent_of
from agent.core.erase import DELETED, Span, emptied
from agent.core.seal import Sealer
from agent.disk.spool import Spool
from schemas.events import GapEvent

RETRY_S = 5.0
"""Seconds between tries while the disk refuses."""
_log = logging.getLogger(__name__)

Job = Callable[[], None]
"""Something else to be done on the spool, in its turn. May raise OSError; then it is tried again."""


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
        self._todo: deque[Batch | Job | None] = deque()
        self._under_way: Batch | None = None  # is being written: it can be emptied no more
        self._ready = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sealing", daemon=True)
        self.disk_refuses = False

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def put(self, batch: Batch) -> None:
        """Seal this next."""
        self._add(batch)

    def do(self, job: Job) -> None:
        """Do this on the spool when all that was put before is sealed, and before anything that comes later."""
        self._add(job)

    def empty(self, span: Span, reason: str = DELETED) -> int:
        """Empty the batches of a span that are not being written yet; gives how many observations went."""
        gone = 0
        with self._ready:
            for place, item in enumerate(self._todo):
                if not isinstance(item, Batch) or item is self._under_way or _is_empty(item):
                    continue
                extent = extent_of(item.payload)
                if span.meets(extent, 0):
                    self._todo[place] = Batch(item.authority, emptied(extent, reason))
                    gone += extent.kept
        return gone

    @property
    def pending(self) -> int:
        """Batches not on disk yet."""
        with self._ready:
            return sum(isinstance(item, Batch) for item in self._todo)

    def stop(self, timeout_s: float) -> None:
        """Seal what is left, then end. What the disk still refuses is lost with the process, and logged as a count."""
        self._add(None)
        if not self.disk_refuses:
            self._thread.join(timeout_s)
        self._stopping.set()
        self._thread.join(RETRY_S)
        if self.disk_refuses:
            _log.info("the disk refused to the end: %d batches are lost", self.pending)

    def _add(self, item: Batch | Job | None) -> None:
        with self._ready:
            self._todo.append(item)
            self._ready.notify()

    def _next(self) -> Batch | Job | None:
        """What is to be done now. It stays at the front until it is done."""
        with self._ready:
            self._ready.wait_for(lambda: self._todo)
            return self._todo[0]

    def _run(self) -> None:
        while (item := self._next()) is not None:
            if not self._keep(item):
                with self._ready:
                    self._under_way = None  # it may be emptied while it waits
                if not self._stopping.wait(RETRY_S):
                    continue
            with self._ready:
                self._todo.popleft()
                self._under_way = None
            self._changed()

    def _keep(self, item: Batch | Job) -> bool:
        try:
            if isinstance(item, Batch):
                self._seal(item)
            else:
                item()
        except OSError as error:
            _log.info("the disk refuses: %s", error.strerror)
            self.disk_refuses = True
            self._changed()
            return False
        self.disk_refuses = False
        return True

    def _seal(self, batch: Batch) -> None:
        sealed, begun = self._sealer.seal(batch, self._spool.link()), False
        while not begun:
            with self._ready:
                front = self._todo[0]
                begun = front is batch
                self._under_way = batch if begun else None
            if not begun and isinstance(front, Batch):  # it was emptied meanwhile
                batch, sealed = front, self._sealer.seal(front, self._spool.link())
        note = self._sealer.note(batch.payload)
        self._spool.put(sealed, int(self._now_s()), extent_of(batch.payload), note)


def _is_empty(batch: Batch) -> bool:
    """Whether it was emptied before: why it was stays its reason."""
    return all(isinstance(event, GapEvent) for event in batch.payload.events)
