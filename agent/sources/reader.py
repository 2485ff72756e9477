"""What reads text in pictures: a process of its own, started when there is something to read, gone when there is not.

The daemon never loads a reader. The process gets raw pixels over a pipe, answers with lines, and can open nothing: no
file, no connection (:mod:`agent.sources.reading`). It is late, dead or wrong: it is killed, and nothing is shown.
"""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import IO, Protocol

import msgspec

from agent.core.redact.pixels import Pixels
from agent.core.redact.reveal import ReadLine
from agent.sources.reading import ANSWER, ENGINE, MAX_PIXELS, QUESTION

START_LIMIT_S = 8.0
"""Seconds from nothing to the first answer: the program and its model are read from disk, a second usually."""
LIMIT_S = 4.0
"""Seconds for an answer; the largest picture takes half a second of processor time."""
MAX_ANSWER = 4 << 20
"""Bytes of an answer: a full screen of small letters is a hundredth of it."""
_log = logging.getLogger(__name__)


class ReadingFailed(Exception):  # noqa: N818  # named as RedactionFailed is
    """The reader is missing, dead, late or wrong. Never carries what it read."""


class Reader(Protocol):
    """Reads the lines of text in a picture."""

    def read(self, bgr: Pixels) -> list[ReadLine]:
        """The lines, in any order.

        Args:
            bgr: height by width by 3, at most ``MAX_PIXELS`` pixels.

        Raises:
            ReadingFailed: nothing can be said of this picture.
        """
        ...

    def close(self) -> None:
        """Let go of everything. Idempotent."""
        ...


def open_reader() -> Reader | None:
    """The reader of this machine; ``None`` if the extra ``overt[reveal]`` is not installed. Starts nothing."""
    return ProcessReader([sys.executable, "-m", "agent.sources.reading"]) if find_spec(ENGINE) else None


class ProcessReader:
    """A reader in a process of its own, started by the first question and anew when it has gone.

    Args:
        command: starts it.
        start_limit_s: for the first answer of a process.
        limit_s: for the others.
    """

    def __init__(self, command: Sequence[str], start_limit_s: float = START_LIMIT_S, limit_s: float = LIMIT_S) -> None:
        self._command = list(command)
        self._limits = start_limit_s, limit_s
        self._process: subprocess.Popen[bytes] | None = None

    def __repr__(self) -> str:
        """Whether there is a process."""
        return f"<ProcessReader {'running' if self.pid else 'resting'}>"

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process else None

    def read(self, bgr: Pixels) -> list[ReadLine]:
        """See the Protocol."""
        height, width = bgr.shape[:2]
        if not 0 < height * width <= MAX_PIXELS:
            raise ReadingFailed("too large")
        limit = self._limits[1]
        if self.pid is None:
            limit = self._limits[0]
            self._start()
        process = self._process
        assert process is not None  # noqa: S101  # it was just started
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        late = threading.Timer(limit, process.kill)
        late.daemon = True
        late.start()
        try:
            process.stdin.write(QUESTION.pack(height, width))
            process.stdin.write(bgr.tobytes())
            process.stdin.flush()
            return _answer(process.stdout)
        except (OSError, EOFError, ValueError, msgspec.MsgspecError) as error:
            self.close()
            raise ReadingFailed(type(error).__name__) from None
        finally:
            late.cancel()

    def close(self) -> None:
        """Kill it: it holds nothing worth saving."""
        if self._process is not None:
            self._process.kill()
            for end in (self._process.stdin, self._process.stdout):
                if end is not None:
                    with suppress(OSError):
                        end.close()
            self._process.wait()
            self._process = None

    def _start(self) -> None:
        self.close()
        keep = {k: v for k, v in os.environ.items() if k in {"PATH", "SYSTEMROOT", "VIRTUAL_ENV", "PYTHONPATH"}}
        try:
            self._process = subprocess.Popen(  # noqa: S603  # this very program, without what the person's session says
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=keep
            )
        except OSError as error:
            raise ReadingFailed(type(error).__name__) from None
        # One that has ended by itself is reaped at once, not at the next question.
        threading.Thread(target=self._process.wait, name="reader-end", daemon=True).start()


def _answer(source: IO[bytes]) -> list[ReadLine]:
    head = source.read(ANSWER.size)
    if len(head) != ANSWER.size:
        raise EOFError
    (size,) = ANSWER.unpack(head)
    if size > MAX_ANSWER:
        raise ValueError("too long")
    body = source.read(size)
    if len(body) != size:
        raise EOFError
    return [
        ReadLine(*each) for each in msgspec.json.decode(body, type=list[tuple[str, float, tuple[int, int, int, int]]])
    ]


Opens = Callable[[], Reader | None]
"""Makes the reader when it is first needed."""
