"""One descriptor that is readable when the server sent something *or* when events already wait in this process.

A request that waits for its reply takes whatever events came before it off the socket. Without this, a program that
sleeps on the socket would find those events only when the next one comes.
"""

import os
import select
import sys
from typing import Any


class Readiness:
    """An epoll set of the server's socket and of a flag that we raise ourselves.

    Raises:
        OSError: not on Linux, where alone the X11 backend is offered (:mod:`agent.native.choose`).
    """

    _flag: int
    _raised: bool
    _poll: Any  # select.epoll, which type checkers know on Linux only

    def __init__(self, socket: int) -> None:
        if sys.platform != "linux":
            raise OSError("there is no epoll on this system")
        self._flag = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._raised = False
        self._poll = select.epoll()
        self._poll.register(socket, select.EPOLLIN)
        self._poll.register(self._flag, select.EPOLLIN)

    def fileno(self) -> int:
        """To be polled; never to be read."""
        number: int = self._poll.fileno()
        return number

    def raise_flag(self, *, up: bool) -> None:
        """Make the descriptor readable, or leave that to the socket again."""
        if sys.platform == "linux":
            if up and not self._raised:
                os.eventfd_write(self._flag, 1)
            elif self._raised and not up:
                os.eventfd_read(self._flag)
        self._raised = up

    def close(self) -> None:
        """Close both descriptors."""
        self._poll.close()
        os.close(self._flag)
