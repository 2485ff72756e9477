"""Where threads that hear of things leave them for the daemon's one thread, with a descriptor that it can wait on."""

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
READ_BYTES = 4096
"""How many wake-ups are taken off the descriptor at once; more of them only mean another look."""


class Inbox(Generic[T]):
    """A queue with a wake-up. A socket pair, because Windows can wait on sockets only."""

    def __init__(self) -> None:
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)
        self._items: deque[T] = deque()
        self._lock = threading.Lock()
        self._closed = False

    def __repr__(self) -> str:
        return f"<Inbox {len(self._items)}>"

    def fileno(self) -> int:
        """Readable when something was put or :meth:`wake` was called; -1 when closed."""
        return self._near.fileno()

    def put(self, item: T) -> None:
        """Leave something. From any thread; ignored when closed."""
        with self._lock:
            if not self._closed:
                self._items.append(item)
                self._knock()

    def wake(self) -> None:
        """Make the descriptor readable, from any thread."""
        with self._lock:
            if not self._closed:
                self._knock()

    def take(self) -> list[T]:
        """Everything that was put, in that order."""
        with self._lock:
            with contextlib.suppress(OSError):
                self._near.recv(READ_BYTES)
            items = list(self._items)
            self._items.clear()
            return items

    def close(self) -> None:
        """Forget everything. Idempotent."""
        with self._lock:
            self._closed = True
            self._items.clear()
            self._near.close()
            self._far.close()

    def _knock(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full: it is readable already
            self._far.send(b"!")


class Alarm:
    """Wakes an inbox after a while, from a thread of its own, which sleeps while nothing is set."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._wait_s: float | None = None
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="alarm", daemon=True)
        self._thread.start()

    def set(self, wait_s: float | None) -> None:
        """Wake after so many seconds, in place of what was set before; ``None``: not at all."""
        with self._changed:
            if wait_s is not None or self._wait_s is not None:
                self._wait_s = wait_s
                self._changed.notify()

    def stop(self) -> None:
        """End the thread. Idempotent."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._stopped:
                if self._changed.wait(self._wait_s) or self._wait_s is None:
                    continue  # set anew, or stopped
                self._wait_s = None
                self._wake()
