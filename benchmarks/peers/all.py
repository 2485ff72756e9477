"""The recorders that Overt is compared with: how each is installed, started, ended, and what it kept."""

import json
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.desktop import Desktop, DesktopError
from tests.support.processes import Process
from tests.support.waiting import NotInTimeError, until

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parents[1] / ".bench-peers"
REQUIREMENTS = HERE / "requirements.txt"
INSTALL_S = 600
READY_S = 60
STOP_S = 60
"""Seconds: openadapt-capture checks its recording as it ends, and nobody's last lines are to be cut off."""


class PeerError(RuntimeError):
    """A peer could not be installed, or did not start."""


@dataclass(frozen=True)
class Peer:
    """A recorder.

    Attributes:
        name: As people know it.
        what: What it records, and in which way it was set up here.
        start: Starts its processes; it is given a folder to write to.
        ready: What the last process says once it records.
        end: Ends the recording in an orderly way.
        keys: Key presses that it kept; ``None`` where it keeps none.
    """

    name: str
    what: str
    start: Callable[[Desktop, Path], list[Process]]
    ready: str
    end: Callable[[Desktop, list[Process]], None]
    keys: Callable[[Path, list[Process]], int | None]


def install() -> None:
    """Make the peers' environment, unless it is there and made from the present list.

    Raises:
        PeerError: That failed; the last line of what the installer said.
    """
    stamp = ENVIRONMENT / "requirements.txt"
    if stamp.exists() and stamp.read_bytes() == REQUIREMENTS.read_bytes():
        return
    python = str(ENVIRONMENT / "bin/python")
    steps = [
        [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)],
        [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input", "-r", str(REQUIREMENTS)],
    ]
    for step in steps:
        try:
            done = subprocess.run(step, capture_output=True, text=True, timeout=INSTALL_S, check=False)
        except subprocess.TimeoutExpired:
            raise PeerError(f"could not be installed in {INSTALL_S} s") from None
        if done.returncode:
            raise PeerError(f"could not be installed: {(done.stderr.strip().splitlines() or ['no word'])[-1]}")
    shutil.copyfile(REQUIREMENTS, stamp)


@contextmanager
def recording(peer: Peer, desktop: Desktop, folder: Path) -> Iterator[list[Process]]:
    """A peer at work, alone; ended when the block ends.

    Raises:
        PeerError: It did not start.
    """
    processes: list[Process] = []
    try:
        try:
            processes = peer.start(desktop, folder)
            until(lambda: peer.ready in processes[-1].output or not processes[-1].running, READY_S)
        except (DesktopError, NotInTimeError) as error:
            raise PeerError(f"did not start: {error}") from None
        if not processes[-1].running:
            raise PeerError(f"did not start: {(processes[-1].output.strip().splitlines() or ['no word'])[-1]}")
        yield processes
        peer.end(desktop, processes)
    finally:
        for process in reversed(processes):
            process.stop()


def written_mb(folder: Path) -> float:
    """Size of all that lies in a folder, in megabytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _run(desktop: Desktop, name: str, *arguments: str | Path) -> Process:
    return desktop.start([ENVIRONMENT / "bin" / name, *arguments], env={"PYTHONUNBUFFERED": "1"})


def _bare(*more: str) -> Callable[[Desktop, Path], list[Process]]:
    return lambda desktop, folder: [_run(desktop, "python", HERE / "bare.py", folder, *more)]


def _openadapt(*options: str) -> Callable[[Desktop, Path], list[Process]]:
    record = ("--description", "benchmark", *options)
    return lambda desktop, folder: [_run(desktop, "capture", "record", folder / "capture", *record)]


def _activity(desktop: Desktop, folder: Path) -> list[Process]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {"XDG_DATA_HOME": str(folder), "PYTHONUNBUFFERED": "1"}
    server = desktop.start([ENVIRONMENT / "bin/aw-server", "--port", str(port)], env=env)

    def answers() -> bool:
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", port)) == 0

    until(lambda: answers() or not server.running, READY_S, "ActivityWatch's server")
    return [server, desktop.start([ENVIRONMENT / "bin/python", HERE / "activity.py", str(port)], env=env)]


def _terminate(_desktop: Desktop, processes: list[Process]) -> None:
    for process in reversed(processes):
        process.stop(STOP_S)


def _stop_capture(desktop: Desktop, processes: list[Process]) -> None:
    said = next((line for line in processes[0].output.splitlines() if line.startswith("Capture session:")), "")
    stop = _run(desktop, "capture", "stop", "--session-id", said.rpartition(" ")[2])
    with suppress(NotInTimeError):
        stop.wait(STOP_S)
        processes[0].wait(STOP_S)
    stop.stop()


def _lines(folder: Path, _processes: list[Process]) -> int:
    lines = (folder / "events.jsonl").read_text().splitlines()
    return sum(json.loads(line)["kind"] == "press" for line in lines)


def _told(_folder: Path, processes: list[Process]) -> int | None:
    last = processes[-1].output.strip().rpartition("presses ")[2]
    return int(last) if last.isdigit() else None


def _actions(folder: Path, _processes: list[Process]) -> int | None:
    for path in folder.rglob("*.db"):
        with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as rows:
            found = rows.execute("SELECT count(*) FROM action_event WHERE name = 'press'").fetchone()
            return int(found[0])
    return None


PEERS = {
    "pynput": Peer("bare pynput", "keys and pointer to JSON lines", _bare(), "ready", _terminate, _lines),
    "pynput-mss": Peer(
        "pynput + mss", "the same, and a JPEG of the whole screen a second", _bare("--pictures"), "ready",
        _terminate, _lines,
    ),
    "openadapt": Peer(
        "openadapt-capture 1.3.0", "keys, pointer, PNGs of the screen; no video",
        _openadapt("--video=False", "--images=True"), "Capture session:", _stop_capture, _actions,
    ),
    "activitywatch": Peer(
        "ActivityWatch", "titles and counts each second; its server and client, its watchers rewritten",
        _activity, "ready", _terminate, _told,
    ),
}  # fmt: skip
"""By the names that the command line takes."""
