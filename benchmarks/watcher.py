"""Hears what a daemon tells its indicators, and when. Shows no sign, so it holds no gate open."""

import json
import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE_S = 20.0


class Watcher:
    """A client that is told of each change of state, from a thread of its own.

    Args:
        path: The daemon's socket.
    """

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._socket.sendall(b'{"v":1,"op":"lease","shown":false}\n')
        self._changed = threading.Condition()
        self._told: list[tuple[int, str]] = []
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def forget(self) -> None:
        """Only what is told from now on counts."""
        with self._changed:
            self._told.clear()

    def times(self, state: str) -> int:
        """How often the daemon came to that state since :meth:`forget`."""
        with self._changed:
            said = [one for _, one in self._told]
        return sum(now == state != before for before, now in zip(["", *said], said, strict=False))

    def wait(self, state: str) -> int:
        """When (Unix, nanoseconds) the state was first told of since :meth:`forget`; waits for it.

        Raises:
            TimeoutError: It was not.
        """

        def heard() -> int | None:
            return next((at_ns for at_ns, said in self._told if said == state), None)

        with self._changed:
            self._changed.wait_for(lambda: heard() is not None, PATIENCE_S)
            at_ns = heard()
        if at_ns is None:
            raise TimeoutError(f"the daemon never said {state}")
        return at_ns

    def _run(self) -> None:
        data = b""
        while more := self._socket.recv(65536):
            now_ns = time.time_ns()
            *lines, data = (data + more).split(b"\n")
            states = [json.loads(line).get("status") for line in lines]
            with self._changed:
                self._told += [(now_ns, status["state"]) for status in states if status]
                self._changed.notify_all()
