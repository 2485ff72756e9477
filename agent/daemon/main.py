"""Puts the daemon together with the real clock, entropy and signals. The only composition root of the agent."""

import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import Mapping

from agent.daemon.loop import Daemon
from agent.daemon.session import Tools
from agent.disk.durable import sweep_parts
from agent.disk.keys import open_keys
from agent.disk.lock import only_one
from agent.disk.places import Places
from agent.errors import StartError
from agent.native.harden import name_process, refuse_dumps
from agent.native.memory import give_back, keep_little
from agent.native.watchdog import Watchdog


class SystemClock:
    """The machine's clocks."""

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never steps."""
        return time.monotonic_ns()

    def time_ns(self) -> int:
        """Unix time in nanoseconds."""
        return time.time_ns()


def run_daemon(environ: Mapping[str, str]) -> None:
    """Run until SIGTERM or SIGINT. SIGUSR1 switches off, like ``off`` at the control socket.

    SIGUSR2 has it seal what it holds, and begin again as the program that lies on the disk now: for upgrades.

    Raises:
        StartError: another daemon runs for this person.
        OSError: memory cannot be protected from dumps.
    """
    hold_off_signal(held=True)
    refuse_dumps()
    keep_little()
    os.umask(0o077)
    # From WARNING on, no line depends on what the person answered: logs are read by others (test_agent_logs.py).
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=environ.get("OVERT_LOG", "WARNING"))
    for chatty in ("httpx", "httpcore"):  # they name each request, and with it each batch
        logging.getLogger(chatty).setLevel(logging.WARNING)
    name_process("overt")
    places = Places.from_environ(environ)
    places.make()
    lock = only_one(places.runtime / "daemon.lock")
    if lock is None:
        raise StartError("another overt daemon runs for you already", "overt status")
    for folder in (places.state, places.consents, places.keys):
        sweep_parts(folder, time.time())
    tools = Tools(time.time, time.monotonic, secrets.token_bytes, lambda: None, Watchdog())
    daemon = Daemon(places, open_keys(places), environ, SystemClock(), tools)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: daemon.stop())
    if sys.platform != "win32":  # Windows has no signal of one's own
        signal.signal(signal.SIGUSR1, lambda *_: daemon.switch_off_soon())
        signal.signal(signal.SIGUSR2, lambda *_: daemon.stop(again=True))
    hold_off_signal(held=False)
    give_back()  # what imports and the first reading of the disk left behind
    daemon.run()
    if daemon.again:
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606  # this very program; the lock goes with its handle


def hold_off_signal(*, held: bool) -> None:
    """Keep our signals waiting until there is a daemon that can obey: by default they would only end the process."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK if held else signal.SIG_UNBLOCK, {signal.SIGUSR1, signal.SIGUSR2})
