"""A person at a terminal: the session's controlling one, by its own name, whatever standard input happens to be."""

import os
import select
import shutil
import sys
import termios
from typing import Protocol

from agent.ceremony.errors import NobodyThereError

LOOK_S = 0.5
"""Seconds between looks at whether the person pressed Ctrl+C."""
MAX_ANSWER_BYTES = 1000
"""Bytes of a typed line that are looked at."""


class Console(Protocol):
    """A person at a terminal."""

    columns: int
    rows: int

    def write(self, text: str) -> None:
        """Show a text as it is."""
        ...

    def ask(self, prompt: str) -> str:
        """A line that was typed after the question was shown, without its end.

        Raises:
            EOFError: the terminal was closed, or the person ended their input.
            KeyboardInterrupt: the person pressed Ctrl+C.
        """
        ...


class ControllingTerminal:
    """The controlling terminal of this session, if a person can be at it."""

    _tty: int

    def __init__(self) -> None:
        """Open it.

        Raises:
            NobodyThereError: there is none, input or output goes elsewhere, or this program runs in the background.
        """
        if sys.platform == "win32" or not _on_terminal():
            raise NobodyThereError("this is not a terminal with a person at it")
        try:
            self._tty = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        except OSError:
            raise NobodyThereError("there is no controlling terminal") from None
        self.columns, self.rows = shutil.get_terminal_size()

    def write(self, text: str) -> None:
        """See :class:`Console`."""
        data = text.encode(errors="replace")
        while data:
            data = data[os.write(self._tty, data) :]

    def ask(self, prompt: str) -> str:
        """See :class:`Console`."""
        if sys.platform != "win32":  # what was typed or pasted before the question was there is no answer to it
            termios.tcflush(self._tty, termios.TCIFLUSH)
        self.write(prompt)
        try:
            # A Ctrl+C that comes just before a blocking read would wait for the next key; between looks it is heard.
            while not select.select([self._tty], [], [], LOOK_S)[0]:
                pass
            line = os.read(self._tty, MAX_ANSWER_BYTES)
        except OSError:
            raise EOFError from None
        if not line.endswith(b"\n"):
            raise EOFError
        return line.decode(errors="replace").strip()

    def close(self) -> None:
        """Let go of it."""
        os.close(self._tty)


def _on_terminal() -> bool:
    """Whether standard input and output are this session's own terminal, and this program is in its foreground."""
    if sys.platform == "win32":
        return False
    try:
        # tcgetpgrp fails (ENOTTY) for a terminal that is not the controlling one of this very session.
        groups = {os.tcgetpgrp(stream.fileno()) for stream in (sys.stdin, sys.stdout)}
    except (OSError, ValueError, AttributeError):  # a pipe or file; closed; absent
        return False
    return groups == {os.getpgrp()}
