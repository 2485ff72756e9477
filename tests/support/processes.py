"""Programs that a test starts, and how none of them outlives it: by pid and process group, then by a mark."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from tests.support.waiting import NotInTimeError, until

GRACE_S = 3.0
"""From SIGTERM to SIGKILL: long enough for a program to write its state, short enough for a test's teardown."""
MARK = "OVERT_DESKTOP"
"""Environment variable that every process of a desktop inherits, so that even orphans are found at the end."""


class Process:
    """A program on a desktop, in a process group of its own. Make one with `Desktop.start`."""

    def __init__(self, popen: subprocess.Popen[bytes], name: str, log: Path) -> None:
        self._popen = popen
        self.name = name
        self.log = log
        self.pid = popen.pid

    def __repr__(self) -> str:
        return f"Process({self.name!r}, pid={self.pid}, running={self.running})"

    @property
    def running(self) -> bool:
        """Whether it has not ended. Asking does not reap it, so its pid and group stay its own until `stop`."""
        if self._popen.returncode is not None:
            return False
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    @property
    def output(self) -> str:
        """What it has written to standard output and error up to now."""
        return self.log.read_text(errors="replace")

    def wait(self, timeout: float) -> int:
        """Wait for its end and return its exit code (negative: the signal's number).

        Raises:
            NotInTimeError: It still ran after `timeout` seconds.
        """
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise NotInTimeError(f"{self.name} still runs after {timeout:g} s") from None

    def stop(self, grace: float = GRACE_S) -> None:
        """End it and its group: SIGTERM, and after `grace` seconds SIGKILL. Fine to call twice."""
        if self._popen.returncode is not None:
            return  # reaped: its group's number may belong to others by now; the desktop's sweep finds the rest
        if grace > 0 and self.running:
            os.killpg(self.pid, signal.SIGTERM)
            with contextlib.suppress(NotInTimeError):
                until(lambda: not self.running, grace, f"{self.name} to end")
        os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    def kill(self) -> None:
        """End it and its group at once, as a crash would."""
        self.stop(grace=0)


def sweep(mark: str) -> None:
    """End what programs left behind: daemons that changed their group, services that the bus started.

    Raises:
        NotInTimeError: A process is still there after SIGKILL.
    """
    softly_until = time.monotonic() + GRACE_S

    def none_left() -> bool:
        left = marked(mark)
        for pid in left:
            end(pid, signal.SIGTERM if time.monotonic() < softly_until else signal.SIGKILL, mark)
        return not left

    until(none_left, what="the last processes of the desktop to end")


def marked(mark: str) -> list[int]:
    """Processes whose environment carries a desktop's mark, except those that have ended."""
    found = []
    wanted = f"{MARK}={mark}".encode()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def end(pid: int, number: signal.Signals, mark: str) -> None:
    """Send a signal to a marked process, and never to another one that took over its pid meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            if pid in marked(mark):
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)
