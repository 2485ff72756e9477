"""The screen source: a photographer in a thread of its own, which also hears when the watched window changes.

The thread holds a watch on a window exactly while that window's gate is open for pictures; when it closes, the watch,
the last picture and all memory for pictures go.
"""

import logging
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from agent.native.base import Grabber, WatchingGrabber
from agent.sources.pictures import Answer, NoPicture, Picture, Wanted

if TYPE_CHECKING:
    from agent.sources.revealing import Revealer
    from agent.sources.screen import Photographer

MAX_WAITING = 4
"""Pictures asked for and not taken yet: more means that the machine is too slow, and the rest are dropped."""
_log = logging.getLogger(__name__)


class ScreenSource:
    """A photographer in a thread. Answers are fetched with :meth:`answers` after ``wake`` was called.

    Args:
        open_grabber: makes the connection to the display, in the thread that uses it.
        wake: called from the thread when there is an answer.
    """

    def __init__(self, open_grabber: Callable[[], Grabber], wake: Callable[[], None]) -> None:
        self._open = open_grabber
        self.wake = wake
        self._wanted: queue.SimpleQueue[Wanted] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._fresh = threading.Event()
        self._ends = threading.Event()
        self._cancelled = 0
        self._watched: int | None = None
        self._thread: threading.Thread | None = None
        self._bell: socket.socket | None = None
        self._next_number = 0  # goes on when the thread is started anew: no two pictures share one

    def attend(self, window: int) -> None:
        """A gate opened for pictures of this window: keep a watch on it."""
        self._watched = window
        self._begin()
        self._ring()

    def want(self, wanted: Wanted) -> bool:
        """Ask for a picture. False if too many wait already, or the system lets nothing more be opened."""
        if self._wanted.qsize() >= MAX_WAITING or not self._begin():
            return False
        self._wanted.put(wanted)
        self._ring()
        return True

    def answers(self) -> list[Answer]:
        """What was taken since the last call."""
        found = []
        while not self._done.empty():
            found.append(self._done.get())
        return found

    def cancel(self, before: int) -> None:
        """A gate has closed: take no picture any more whose token is below ``before``, and watch nothing."""
        self._cancelled = before
        self._watched = None
        self._ring()

    def forget(self) -> None:
        """The next picture is a whole one; the last one goes now."""
        self._fresh.set()
        self._ring()

    def stop(self) -> None:
        """End the thread, and with it the connection to the display; what was asked for is answered. Idempotent."""
        if self._thread is not None and self._bell is not None:
            self._ends.set()
            self._ring()
            self._thread.join()
            self._bell.close()
            self._thread = self._bell = None
            self._ends.clear()

    def _begin(self) -> bool:
        """Start the thread, unless it runs. All that it needs is opened here: a thread that ends answers nobody."""
        if self._thread is not None:
            return True
        try:
            heard = selectors.DefaultSelector()
        except OSError:
            return False
        try:
            self._bell, bell = socket.socketpair()
        except OSError:
            heard.close()
            return False
        for end in (self._bell, bell):
            end.setblocking(False)
        self._thread = threading.Thread(target=self._run, args=(bell, heard), name="screen", daemon=True)
        self._thread.start()
        return True

    def _ring(self) -> None:
        if self._bell is not None:
            with suppress(BlockingIOError, BrokenPipeError):  # rung often enough, or it has just ended as it was told
                self._bell.send(b"!")

    def _run(self, bell: socket.socket, heard: selectors.BaseSelector) -> None:
        with bell, heard:
            heard.register(bell, selectors.EVENT_READ)
            shift = _Shift(self._open, self._next_number, heard)
            while True:
                heard.select()
                with suppress(BlockingIOError):
                    bell.recv(4096)
                ends = self._ends.is_set()
                self._work(shift)
                if ends:
                    break
            shift.end()

    def _work(self, shift: "_Shift") -> None:
        if self._fresh.is_set():
            self._fresh.clear()
            shift.forget()
        shift.follow(self._watched)
        while not self._wanted.empty():
            wanted = self._wanted.get()
            gone = wanted.token < self._cancelled
            self._done.put((wanted, NoPicture("gate_closed") if gone else shift.take(wanted)))
            self._next_number = shift.next_number
            self.wake()
            shift.follow(self._watched)


class _Shift:
    """What the thread itself holds: the connection to the display, and who takes pictures over it."""

    def __init__(self, open_grabber: Callable[[], Grabber], first: int, heard: selectors.BaseSelector) -> None:
        self._open = open_grabber
        self._heard = heard
        self._grabber: Grabber | None = None
        self._photographer: Photographer | None = None
        self._revealer: Revealer | None = None
        self._watched: int | None = None
        self._listens: int | None = None
        self.next_number = first

    def follow(self, window: int | None) -> None:
        """Watch this window, and hear what the display told of it; with none, let everything go."""
        try:
            if window != self._watched:
                self._watch(window)
            if isinstance(self._grabber, WatchingGrabber):
                self._grabber.heed()
                self._listen(self._grabber.fileno() if window is not None else -1)
        except Exception as error:  # noqa: BLE001  # a thread that ends answers nobody; the next picture begins anew
            _log.info("the window cannot be watched: %s", type(error).__name__)
            self._lose()

    def take(self, wanted: Wanted) -> Picture | NoPicture:
        """One picture."""
        if self._grabber is None:
            self._connect()
        if self._photographer is None:
            return NoPicture("no_display")
        answer = self._photographer.take_safely(wanted)
        self.next_number = self._photographer.next_number
        return answer

    def forget(self) -> None:
        """Let the last picture go."""
        if self._photographer is not None:
            self._photographer.forget()

    def end(self) -> None:
        """Hang up."""
        self.forget()
        if self._revealer is not None:
            self._revealer.close()
        if self._grabber is not None:
            self._grabber.close()

    def _watch(self, window: int | None) -> None:
        self._watched = window
        if window is None:
            self.forget()
        elif self._grabber is None:
            self._connect()
        if isinstance(self._grabber, WatchingGrabber):
            self._grabber.attend(window)

    def _connect(self) -> None:
        try:
            # OpenCV takes 16 MB, which a daemon that takes no pictures can do without.
            from agent.sources.revealing import revealer  # noqa: PLC0415
            from agent.sources.screen import Photographer  # noqa: PLC0415

            self._grabber = self._open()
        except Exception as error:  # noqa: BLE001  # the display may be going away: answered, and tried again next time
            _log.info("no pictures can be taken: %s", type(error).__name__)
            return
        if self._revealer is None:
            self._revealer = revealer(time.monotonic)
        self._photographer = Photographer(self._grabber, self.next_number, self._revealer)

    def _lose(self) -> None:
        self._listen(-1)
        self.forget()
        grabber, self._grabber, self._photographer = self._grabber, None, None
        if grabber is not None:
            with suppress(Exception):
                grabber.close()

    def _listen(self, descriptor: int) -> None:
        """Hear the display while a window is watched. One that is gone is always readable, and heard no more."""
        if self._listens is not None and self._listens != descriptor:
            self._heard.unregister(self._listens)
            self._listens = None
        if self._listens is None and descriptor >= 0:
            self._heard.register(descriptor, selectors.EVENT_READ)
            self._listens = descriptor
