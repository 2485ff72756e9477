"""The daemon as the indicator knows it: a socket that takes leases and tells a status. Nothing is captured."""

import contextlib
import json
import selectors
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent.core.reasons import REASONS
from agent.net.control import Client, listen, reply
from schemas.events import Modality, Rect
from schemas.status import ClosedReason, Condition, Counts, State, Status

RENEW_MS = 200
WAKE_S = 0.05


def status_of(state: State, *reasons: ClosedReason, app: str | None = None) -> Status:
    """A status with all conditions in it, of which those given do not hold."""
    conditions = tuple(
        Condition(reason=r, holds=r not in reasons, sentence=w.closed if r in reasons else w.fine, remedy=w.remedy)
        for r, w in REASONS.items()
    )
    return Status(
        state=state,
        sentence=f"Nothing is captured. {REASONS[reasons[0]].closed}" if reasons else "Capturing.",
        conditions=conditions,
        app=app,
        modalities=tuple(Modality) if app else (),
        study="How office forms are filled in",
        organisation="Example Ltd",
        counts=Counts(seen=0, kept=0, dropped={}, held=0, batches_waiting=0, batches_sent=0),
        pid=1,
    )


OFF = status_of(State.OFF, ClosedReason.NO_CONSENT)
READY = status_of(State.IDLE, ClosedReason.APP_NOT_ALLOWED)
CAPTURING = status_of(State.CAPTURING, app="Mousepad")
PAUSED = status_of(State.PAUSED, ClosedReason.PAUSED)


class FakeDaemon:
    """Serves in a thread of its own. ``heard`` is every request, with the monotonic time of its arrival."""

    def __init__(
        self,
        path: Path,
        status: Status = CAPTURING,
        renew_ms: int | None = RENEW_MS,
        badge: dict[str, Any] | None = None,
    ) -> None:
        self.status = status
        self.renew_ms = renew_ms
        self.badge = badge
        self.heard: list[tuple[float, dict[str, Any]]] = []
        self.clients: list[Client] = []
        self._socket = listen(path)
        self._path = path
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="fake-daemon")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End as a crashed daemon does: its socket's file stays."""
        self._stop.set()
        self._thread.join()
        for client in self.clients:
            client.close()
        self._socket.close()

    def tell(self, status: Status, renew_ms: int | None, badge: dict[str, Any] | None = None) -> None:
        """Change the status and what the badge is to show, and tell every client unasked."""
        with self._lock:
            self.status, self.renew_ms, self.badge = status, renew_ms, badge
            for client in self.clients:
                client.send(reply(status, renew_ms, badge, event=True))

    def leases(self) -> list[bool]:
        """What each lease said, in order."""
        return [request.get("shown", False) for _, request in list(self.heard) if request["op"] == "lease"]

    def badge_rect(self) -> Rect | None:
        """Where the newest lease says that the badge's stripe is."""
        leases = [request for _, request in list(self.heard) if request["op"] == "lease"]
        rect = leases[-1].get("badge", {}).get("rect") if leases else None
        return (rect[0], rect[1], rect[2], rect[3]) if rect else None

    def has_lease(self) -> bool:
        """Whether the icon was ever said to be seen."""
        return True in self.leases()

    def ops(self) -> Sequence[str]:
        """What was asked, in order."""
        return [request["op"] for _, request in list(self.heard)]

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ, None)
            while not self._stop.is_set():
                for key, _ in selector.select(WAKE_S):
                    if key.data is None:
                        self._accept(selector)
                    else:
                        self._take(selector, key.data)

    def _accept(self, selector: selectors.BaseSelector) -> None:
        connection, _ = self._socket.accept()
        client = Client(connection)
        self.clients.append(client)
        selector.register(client, selectors.EVENT_READ, client)

    def _take(self, selector: selectors.BaseSelector, client: Client) -> None:
        try:
            lines = client.receive()
        except OSError:
            selector.unregister(client)
            with self._lock:
                self.clients.remove(client)
            client.close()
            return
        for line in lines:
            self.heard.append((time.monotonic(), json.loads(line)))
            with self._lock, contextlib.suppress(OSError):
                client.send(reply(self.status, self.renew_ms, self.badge))
