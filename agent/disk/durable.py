"""Writes that survive a crash: temporary file, fsync, rename, fsync of the folder."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from agent.disk.places import OWNER_ONLY_FILE

PART = ".part"
OLD_PART_S = 60.0
"""Seconds after which a temporary file is nobody's work under way, but what a crash left."""


def write_new(path: Path, data: bytes) -> None:
    """Create a file durably, owner-only; all of it or nothing.

    Raises:
        FileExistsError: it exists already; it is left as it was.
        OSError: the disk refused; no part of it is left under its name.
    """
    part = _write_part(path, data)
    try:
        os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_over(path: Path, data: bytes) -> None:
    """Create or replace a file durably, owner-only; old or new, never a mixture."""
    part = _write_part(path, data)
    try:
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable. Where folders cannot be opened (Windows), renames are journalled anyway."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep_parts(folder: Path, now_s: float) -> None:
    """Remove what crashes left of files that were being written. A disk that refuses keeps it until next time."""
    for part in folder.glob(f".*{PART}"):
        with suppress(OSError):  # its writer may finish in between
            if now_s - part.stat().st_mtime >= OLD_PART_S:
                part.unlink()


def _write_part(path: Path, data: bytes) -> Path:
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return part
