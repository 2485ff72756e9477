"""One descriptor that is readable when the server sent something *or* when events already wait in this process.

A request that waits for its reply takes whatever events came before it off the socket. Without this, a program that
sleeps on the socket would find those events only when the next one comes.
"""

import os
import select
import sys

if sys.platform == "linux":

    class Readiness:
        """An epoll set of the server's socket and of a flag that we raise ourselves."""

        def __init__(self, socket: int) -> None:
            self._flag = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
            self._raised = False
            self._poll = select.epoll()
            self._poll.register(socket, select.EPOLLIN)
            self._poll.register(self._flag, select.EPOLLIN)

        def fileno(self) -> int:
            """To be polled; never to be read."""
            return self._poll.fileno()

        def raise_flag(self, *, up: bool) -> None:
            """Make the descriptor readable, or leave that to the socket again."""
            if up and not self._raised:
                os.eventfd_write(self._flag, 1)
            elif self._raised and not up:
                os.eventfd_read(self._flag)
            self._raised = up

        def close(self) -> None:
            """Close both descriptors."""
            self._poll.close()
            os.close(self._flag)

else:

    class Readiness:
        """No X11 backend is offered on this system (:mod:`agent.native.choose`)."""

        def __init__(self, socket: int) -> None:
            raise NotImplementedError(sys.platform, socket)

        def fileno(self) -> int:
            """Never reached."""
            raise NotImplementedError(sys.platform)

        def raise_flag(self, *, up: bool) -> None:
            """Never reached."""
            raise NotImplementedError(sys.platform, up)

        def close(self) -> None:
            """Never reached."""
            raise NotImplementedError(sys.platform)
