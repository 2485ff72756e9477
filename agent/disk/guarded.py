"""Files that an administrator puts on this machine: read only if nobody else can have written them."""

import os
import stat
import sys
from pathlib import Path

MAX_BYTES = 1 << 20
"""Bytes. Limits are below 100 KiB, a signed policy below 1 MiB."""
OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
"""Windows knows none of these; there only administrators write where policies lie."""

Stamp = tuple[int, ...]
"""Changes whenever a file does, its owner and mode included; empty where there is none."""


class GuardedError(Exception):
    """A file that is there and must not be believed. The message never holds what stands in it."""


def read_guarded(path: Path) -> bytes | None:
    """The bytes of a file; ``None`` where there is none.

    Neither the file nor its folder may be a link, or be owned by anybody but the administrator or whoever asks, or be
    open for writing to others.

    Raises:
        GuardedError: with what is wrong, in words that go behind the file's path.
    """
    try:
        folder = path.parent.lstat()
        handle = os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise GuardedError(_cannot_open(path, error)) from None
    try:
        _check(os.fstat(handle), folder)
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise GuardedError(_cannot_open(path, error)) from None
    finally:
        os.close(handle)
    if len(data) > MAX_BYTES:
        raise GuardedError(f"is larger than {MAX_BYTES >> 10} KiB")
    return data


def stamp(path: Path) -> Stamp:
    """What changes with the file."""
    try:
        found = path.lstat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode, found.st_uid


def _cannot_open(path: Path, error: OSError) -> str:
    return "is a symbolic link" if path.is_symlink() else f"cannot be read: {error.strerror}"


def _check(file: os.stat_result, folder: os.stat_result) -> None:
    if not stat.S_ISREG(file.st_mode):
        raise GuardedError("is not a plain file")
    if sys.platform == "win32":
        return
    for what, found in (("", file), ("lies in a folder that ", folder)):
        if found.st_uid not in (0, os.geteuid()):
            raise GuardedError(f"{what}is owned by another person than root")
        if found.st_mode & OTHERS_MAY_WRITE:
            raise GuardedError(f"{what}can be written by others")
