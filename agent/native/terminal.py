"""Whether a terminal in the window in front waits for a password: a detector of the daemon, on Linux.

A program that asks for a password on a terminal switches echo off and keeps line editing (``ECHO`` off, ``ICANON`` on:
getpass, ssh, sudo, su, ``read -s``). Shells and editors, which draw what is typed themselves, switch both off, as do a
few password programs that are known by name. The terminal's settings are the kernel's word, not the program's.

What a terminal inside the terminal does (ssh to another machine, tmux, screen) is not known here. Which of several
tabs is in front is not known either: one that waits for a password closes the gate for all of its program.
"""

import os
import selectors
import sys
import termios
from collections.abc import Callable

from agent.core.observe import WindowInfo
from agent.native.alarm import Alarm
from agent.native.base import Clock
from agent.native.family import Process, below, has_children, look_at
from schemas.policy import AppRule
from schemas.status import ClosedReason

if sys.platform != "linux":
    raise ImportError("terminals are looked at through Linux's /proc")

POLL_NS = 100_000_000
"""Nanoseconds between looks at the terminals of the window in front. Keys wait 250 ms in memory."""
SCAN_NS = 1_000_000_000
"""Nanoseconds between looks for terminals in it: a new tab's shell is at its prompt by then."""
MAX_TERMINALS = 64
"""Terminals of one program that are looked at."""
PTS_MAJORS = range(136, 144)
"""Device numbers of pseudo-terminals (Linux, Documentation/admin-guide/devices.txt)."""
LOCAL_FLAGS = 3
"""tcgetattr(3): the local modes' place in Python's list."""
ALWAYS_ASK = ("pinentry", "systemd-ask-pass", "systemd-tty-ask")
"""Programs (the kernel's names have 15 letters) that ask and draw dots themselves, with echo and line editing off."""
MAY_ASK = ("sudo", "su", "doas", "passwd", "login")
"""The same, as long as they have started no program."""


class EchoOff:
    """A :class:`agent.daemon.detectors.Detector`. For one thread.

    Args:
        clock: the time.
        selector: the daemon's.
        news: told of each change of the verdict, with the time from which on it counts.
    """

    def __init__(self, clock: Clock, selector: selectors.BaseSelector, news: Callable[[int], None]) -> None:
        self._clock, self._selector, self._news = clock, selector, news
        self._pid: int | None = None
        self._alarm: Alarm | None = None
        self._terminals: dict[int, int] = {}
        self._looked_ns = self._scan_ns = 0
        self._hidden = False

    def __repr__(self) -> str:
        return f"<EchoOff {len(self._terminals)} terminals>"

    def attend(self, window: WindowInfo | None, app: AppRule | None) -> None:
        """This window is in front, or nothing that may be captured."""
        pid = window.pid if window is not None and app is not None else None
        if pid == self._pid:
            return
        self._leave()
        self._pid = pid
        if pid is None:
            return
        self._looked_ns = self._clock.monotonic_ns()
        self._alarm = Alarm()
        self._selector.register(self._alarm, selectors.EVENT_READ, self._ring)
        self._hidden = self._look()

    def verdict(self) -> ClosedReason | None:
        """Why this window must not be captured now."""
        return ClosedReason.SECURE_INPUT if self._hidden else None

    def deadline_ns(self) -> int | None:
        """Never: it has its own alarm, and tells."""
        return None

    def open_since_ns(self) -> int | None:
        """Since the last look: a loop that is busy looks late."""
        return self._looked_ns if self._terminals else None

    def _leave(self) -> None:
        if self._alarm is not None:
            self._selector.unregister(self._alarm)
            self._alarm.close()
        self._alarm, self._terminals, self._hidden, self._scan_ns = None, {}, False, 0

    def _ring(self, _mask: int) -> None:
        if self._alarm is not None:
            self._alarm.rang()
        before, since_ns = self._hidden, self._looked_ns
        self._hidden = self._look()
        if self._hidden is not before:
            self._news(since_ns if self._hidden else self._looked_ns)

    def _look(self) -> bool:
        self._looked_ns = self._clock.monotonic_ns()
        if self._pid is not None and self._looked_ns >= self._scan_ns:
            self._scan_ns = self._looked_ns + SCAN_NS
            self._terminals = terminals_of(self._pid)
        if self._alarm is not None:
            self._alarm.set(self._looked_ns + POLL_NS if self._terminals else self._scan_ns)
        return any(asks(number, pid) for number, pid in self._terminals.items())


def terminals_of(pid: int) -> dict[int, int]:
    """The pseudo-terminals in which a process's children run, each with one of these; not the one it was started in."""
    own = look_at(pid)
    outside = _pts(own) if own else None
    found: dict[int, int] = {}
    for process in below(pid):
        number = _pts(process)
        if number is not None and number != outside and len(found) < MAX_TERMINALS:
            found.setdefault(number, process.pid)
    return found


def asks(number: int, pid: int) -> bool:
    """Whether a program waits for a password on this pseudo-terminal. One that cannot be looked at asks for none.

    Args:
        number: of ``/dev/pts/``.
        pid: any process that runs in it.
    """
    try:
        # Opened anew for each look: a descriptor that stays open would keep the terminal from noticing its shell's end.
        fd = os.open(f"/dev/pts/{number}", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        flags = termios.tcgetattr(fd)[LOCAL_FLAGS]
    except termios.error:
        return False
    finally:
        os.close(fd)
    if flags & termios.ECHO:
        return False
    return bool(flags & termios.ICANON) or _asks_by_name(pid)


def _asks_by_name(pid: int) -> bool:
    process = look_at(pid)
    leader = look_at(process.foreground) if process is not None and process.foreground > 0 else None
    if leader is None:
        return False
    return leader.name.startswith(ALWAYS_ASK) or (leader.name in MAY_ASK and not has_children(leader.pid))


def _pts(process: Process) -> int | None:
    """The pseudo-terminal that a process runs in (makedev(3): the kernel's packing of device numbers)."""
    major, minor = os.major(process.tty), os.minor(process.tty)
    return minor + (major - PTS_MAJORS.start << 8) if major in PTS_MAJORS else None
