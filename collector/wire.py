"""The HTTP/1.1 protocol of uvicorn, with a limit on the time in which a request's head must have come.

uvicorn waits for a head for ever, and counts who waits as one of its connections: some hundred silent ones would keep
everybody else out (slow loris). A body's time is limited where it is read.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from collector.limits import HEAD_S


class ImpatientProtocol(H11Protocol):
    """Closes a connection on which no whole head came in time, the first or a later one."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """The first head is awaited."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Bytes came: once they make a whole head, there is no hurry any more."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()

    def on_response_complete(self) -> None:
        """The next head is awaited, if there is one."""
        super().on_response_complete()
        if not self.transport.is_closing() and (self.cycle is None or self.cycle.response_complete):
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._stop()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._stop()
        self._deadline = self.loop.call_later(HEAD_S, self.transport.close)

    def _stop(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
