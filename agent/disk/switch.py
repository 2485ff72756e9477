"""The switch: one preallocated file, overwritten in place. Off needs no network, key, daemon or free disk space.

The file is 512 bytes, a disk sector, so that a write is all or nothing on real disks; a checksum tells if it was not,
and what cannot be read counts as off.
"""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

from agent.disk.durable import sync_folder
from agent.disk.places import OWNER_ONLY_FILE

SIZE = 512
"""Bytes: one sector of the smallest kind in use."""


class Position(StrEnum):
    """Where the switch stands."""

    OFF = "off"
    ON = "on"
    PAUSED = "paused"


class Switched(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The switch as it was last set."""

    position: Position
    at_ns: int  # Unix time
    until_ns: int | None = None  # Unix time at which a pause ends by itself

    def now(self, now_ns: int) -> Position:
        """Where the switch stands at a time: a pause ends by itself if it says when, an off never does."""
        if self.position is Position.PAUSED and self.until_ns is not None and now_ns >= self.until_ns:
            return Position.ON
        return self.position


UNREADABLE = Switched(position=Position.OFF, at_ns=0)
"""What a missing or damaged switch counts as."""


class Switch:
    """The switch file of one person. Several programs may write it; the last write counts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def preallocate(self) -> None:
        """Make the file exist with its full size, standing at off, so that a later off needs no disk space."""
        if not self._path.exists():
            self.write(UNREADABLE)
            sync_folder(self._path.parent)

    def write(self, switched: Switched) -> None:
        """Set the switch durably.

        Raises:
            OSError: the disk refused. For an off, fall back to asking the daemon itself.
        """
        with self.writing(switched):
            pass

    @contextmanager
    def writing(self, switched: Switched) -> Iterator[None]:
        """Set the switch: inside the block for every program to read, after it durably. Raises as :meth:`write`."""
        body = msgspec.json.encode(switched)
        data = b"%08x %s" % (zlib.crc32(body), body)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, OWNER_ONLY_FILE)
        try:
            os.write(descriptor, data.ljust(SIZE))
            yield
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self) -> Switched:
        """The switch as it stands; :data:`UNREADABLE`, which is off, where that cannot be told."""
        try:
            check, _, body = self._path.read_bytes()[:SIZE].rstrip().partition(b" ")
            if int(check, 16) == zlib.crc32(body):
                return msgspec.json.decode(body, type=Switched)
        except (OSError, ValueError):
            pass
        return UNREADABLE
