"""Devices that send what they sealed beforehand, and what that cost."""

import json
import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.wire.load import Load, Request, request
from tests.support.devices import Device

TICKS = os.sysconf("SC_CLK_TCK")
OVERHEAD = 56_000
"""Bytes by which an envelope of our making is longer than what is in it: padding and stanzas."""
USUAL_BYTES = 256 << 10


@dataclass(frozen=True)
class Ran:
    """One round: uploads a second, and the share of all processor time that was busy."""

    rate: float
    busy: float


class Fleet:
    """Sends the same load to one server or another.

    Args:
        folder: for the load's file.
        devices: enrolled ones, a connection each.
    """

    def __init__(self, folder: Path, devices: list[Device]) -> None:
        self._file = folder / "load"
        self._devices = devices

    def signed(self, urls: list[str], batches: int, size: int = USUAL_BYTES) -> Ran:
        """Batches of about `size` bytes, signed by each device."""
        lanes = tuple(tuple(_sealed(device, size) for _ in range(batches)) for device in self._devices)
        return self._run(Load(tuple(urls), lanes), {201})

    def plain(self, url: str, batches: int, size: int = USUAL_BYTES) -> Ran:
        """Random bytes, for a server that looks at nothing."""
        lanes = tuple(
            tuple(request("PUT", f"/{os.urandom(16).hex()}", {}, os.urandom(size)) for _ in range(batches))
            for _ in self._devices
        )
        return self._run(Load((url,), lanes), {200, 201, 204})

    def _run(self, load: Load, good: set[int]) -> Ran:
        self._file.write_bytes(pickle.dumps(load))
        os.sync()  # what came before is not to be paid for by this round
        before = _machine()
        command = [sys.executable, "-m", "benchmarks.wire.load", str(self._file)]
        told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        after = _machine()
        self._file.unlink()
        statuses = {int(status): count for status, count in told["statuses"].items()}
        if not statuses.keys() <= good:
            raise SystemExit(f"not all was stored: {statuses}")
        busy = (after[0] - before[0]) / max(1, after[1] - before[1])
        return Ran(sum(statuses.values()) / told["seconds"], busy)


def _sealed(device: Device, size: int) -> Request:
    envelope = device.envelope(frames=os.urandom(size - OVERHEAD))
    body, path = envelope.to_bytes(), f"/v1/batches/{envelope.digest}"
    return request("PUT", path, device.headers("PUT", "http://bench" + path, body), body)


def _machine() -> tuple[int, int]:
    """Ticks of all cores: busy ones, and all."""
    numbers = [int(n) for n in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(numbers) - numbers[3] - numbers[4], sum(numbers)


def cpu_s(pid: int) -> float:
    """Seconds of processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mib(pid: int) -> float:
    """MiB: the most that a process ever had in memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
