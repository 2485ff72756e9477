"""Whether a program still runs: the kernel's own word, by a descriptor that becomes readable when it ends (pidfd)."""

import os
import selectors
import sys
from collections.abc import Callable

from agent.core.observe import WindowInfo
from agent.native.process import running

if sys.platform != "linux":
    raise ImportError("pidfd is Linux's")


class Life:
    """Watches the program of one window. For one thread.

    Args:
        window: whose program.
        selector: in which it lives.
        ended: called once when the program is no more, perhaps at once.
    """

    def __init__(self, window: WindowInfo, selector: selectors.BaseSelector, ended: Callable[[], None]) -> None:
        self._selector, self._ended = selector, ended
        self._fd = -1
        try:
            self._fd = os.pidfd_open(window.pid or 0)
        except (OSError, ValueError):  # it is gone
            ended()
            return
        found = running(window.pid or 0)
        if found is None or found.started != window.started:  # the number is another's by now
            self.close()
            ended()
            return
        selector.register(self._fd, selectors.EVENT_READ, self._end)

    def close(self) -> None:
        """Watch no more. Idempotent."""
        if self._fd >= 0:
            if self._fd in self._selector.get_map():
                self._selector.unregister(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _end(self, _mask: int) -> None:
        self.close()
        self._ended()
