"""Disks that refuse: full, or read-only. As root by mounts of their own, otherwise by limits and modes."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import Process

ROOT = os.geteuid() == 0
SMALL_MIB = 4
BATCH_LIMIT = 60_000
"""Bytes of the largest file where a limit stands for a full disk: below the smallest sealed batch, above all else."""
FILL_BYTES = 4096


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A folder on a small disk of its own, where we may mount one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if ROOT:
        _mount("-t", "tmpfs", "-o", f"size={SMALL_MIB}m,mode=0700", "overt-test", str(folder))
    try:
        yield
    finally:
        if ROOT:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full(folder: Path, daemon: Process) -> Iterator[None]:
    """Let a small disk be full; without one, let this program find no room for a sealed batch."""
    filler = folder / "filler"
    if ROOT:
        _fill(filler)
    else:
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (BATCH_LIMIT, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        filler.unlink(missing_ok=True)
        if not ROOT:
            resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing in a folder can be opened for writing any more. What is open already stays so."""
    paths = [path for path in [folder, *folder.rglob("*")] if not ROOT]
    modes = {path: path.stat().st_mode for path in paths}
    if ROOT:
        _mount("--bind", str(folder), str(folder))
        _mount("-o", "remount,bind,ro", str(folder))
    for path in paths:
        path.chmod(modes[path] & 0o555)
    try:
        yield
    finally:
        if ROOT:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        for path in paths:
            path.chmod(modes[path])


def _fill(filler: Path) -> None:
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        while True:
            os.write(descriptor, bytes(FILL_BYTES))
    except OSError:
        pass
    finally:
        os.close(descriptor)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)
