"""Terminals that wait for a password, in real pseudo-terminals with real programs."""

import fcntl
import os
import pty
import selectors
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from agent.native.family import below, descends, look_at
from agent.native.terminal import EchoOff, asks, terminals_of
from schemas.status import ClosedReason
from tests.agent.native.accessible.accessible_rig import APP, Loop, window
from tests.support.waiting import until

GET_PTY_NUMBER = 0x80045430
"""ioctl_tty(2): ``TIOCGPTN``."""


class Terminal:
    """A pseudo-terminal with a program in it, as a terminal program has one: a child of this process."""

    def __init__(self, *command: str) -> None:
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            with suppress(OSError):
                os.execvp(command[0], command)  # noqa: S606  # a program of the test's own, without a shell
            os._exit(127)
        self.number = struct.unpack("I", fcntl.ioctl(self.master, GET_PTY_NUMBER, bytes(4)))[0]

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.close(self.master)
        os.waitpid(self.pid, 0)


@pytest.fixture
def shell() -> Iterator[Terminal]:
    one = Terminal("sh", "-c", 'while read -r line; do eval "$line"; done')
    until(lambda: one.number in terminals_of(os.getpid()), what="the terminal to be found")
    yield one
    one.close()


def ask_password(shell: Terminal) -> None:
    shell.type(f"{sys.executable} -c 'import getpass; getpass.getpass()'\n")


def test_a_line_that_is_echoed_is_no_password(shell: Terminal) -> None:
    assert not asks(shell.number, shell.pid)


def test_a_program_that_asks_for_a_password_is_seen_until_it_has_it(shell: Terminal) -> None:
    ask_password(shell)
    until(lambda: asks(shell.number, shell.pid), what="the question")
    shell.type("\n")
    until(lambda: not asks(shell.number, shell.pid), what="the end of the question")


def test_an_editor_that_draws_by_itself_is_no_password(shell: Terminal) -> None:
    shell.type("stty -icanon -echo; sleep 60\n")
    fd = os.open(f"/dev/pts/{shell.number}", os.O_RDONLY | os.O_NOCTTY)
    try:
        until(lambda: not termios.tcgetattr(fd)[3] & termios.ICANON, what="the terminal to be raw")
    finally:
        os.close(fd)
    assert not asks(shell.number, shell.pid)


def test_a_password_program_that_draws_dots_is_known_by_name() -> None:
    renamed = "open('/proc/self/comm', 'w').write('pinentry-curses')"
    code = f"import tty, time; {renamed}; tty.setraw(0); time.sleep(600)"
    one = Terminal(sys.executable, "-c", code)
    try:
        until(lambda: asks(one.number, one.pid), what="the program to be known")
    finally:
        one.close()


def test_a_terminal_that_is_gone_asks_for_nothing(shell: Terminal) -> None:
    assert not asks(999_999, shell.pid)


def test_processes_below_are_found_and_others_are_not(shell: Terminal) -> None:
    assert shell.pid in [process.pid for process in below(os.getpid())]
    assert descends(shell.pid, os.getpid())
    assert not descends(os.getpid(), shell.pid)
    assert not descends(shell.pid, 4_000_001)
    assert look_at(4_000_001) is None


def test_the_detector_closes_while_a_password_is_asked_for(shell: Terminal) -> None:
    loop = Loop()
    detector = EchoOff(time, loop.selector, loop.news.append)
    with loop.selector:
        detector.attend(window(os.getpid()), APP)
        assert detector.verdict() is None
        began_ns = time.monotonic_ns()
        ask_password(shell)
        loop.spin(lambda: detector.verdict() is ClosedReason.SECURE_INPUT, "the gate to close")
        assert began_ns - 10**9 <= loop.news[0] <= time.monotonic_ns()
        detector.attend(None, None)
        assert detector.verdict() is None
        assert loop.held == 0


def test_a_password_that_is_asked_for_already_closes_at_once(shell: Terminal) -> None:
    ask_password(shell)
    until(lambda: asks(shell.number, shell.pid), what="the question")
    with selectors.DefaultSelector() as selector:
        detector = EchoOff(time, selector, lambda _: None)
        detector.attend(window(os.getpid()), APP)
        assert detector.verdict() is ClosedReason.SECURE_INPUT
        detector.attend(None, None)
