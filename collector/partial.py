"""Parts of long uploads, until they are whole: files beside the other stores, of one collector alone.

They are not flushed and nothing is promised of them. What they come to is checked against the digest under which it is
handed in, so a part that a crash has torn costs sending it again, and no more. A device has one such file at a time.
"""

import os
import time
from pathlib import Path

from collector.limits import PARTIAL_BYTES, PARTIAL_S


class WrongOffsetError(Exception):
    """The part does not begin where the one before ended."""


class Partials:
    """The files. Every method blocks; call them in a thread.

    Args:
        folder: where they lie; made if missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def length(self, device: str, digest: str) -> int:
        """Bytes that are here."""
        try:
            return self._path(device, digest).stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, device: str, digest: str, offset: int, part: bytes) -> int:
        """Add bytes; gives how many are here then. What the device had begun besides is forgotten.

        Raises:
            WrongOffsetError: others are here.
            OSError: it could not be written.
        """
        path = self._path(device, digest)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if offset != self.length(device, digest):
            raise WrongOffsetError
        for other in self._of(device):
            if other != path:
                other.unlink(missing_ok=True)
        self._make_room(len(part), path)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.seek(offset)
            file.write(part)
        return offset + len(part)

    def whole(self, device: str, digest: str) -> bytes:
        """All bytes that are here."""
        try:
            return self._path(device, digest).read_bytes()
        except FileNotFoundError:
            return b""

    def forget(self, device: str) -> None:
        """Delete what a device had begun."""
        for path in self._of(device):
            path.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Delete what nobody went on with."""
        for path in self._files():
            if path.stat().st_mtime < time.time() - PARTIAL_S:
                path.unlink(missing_ok=True)

    def _make_room(self, wanted: int, keep: Path) -> None:
        """Delete what was left for longest, if there would be too much."""
        files = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in self._files())
        total = sum(size for _, size, _ in files) + wanted
        for _, size, path in files:
            if total <= PARTIAL_BYTES:
                return
            if path != keep:
                path.unlink(missing_ok=True)
                total -= size

    def _files(self) -> list[Path]:
        return list(self._folder.glob("*.part")) if self._folder.exists() else []

    def _of(self, device: str) -> list[Path]:
        return list(self._folder.glob(f"{device}.*.part")) if self._folder.exists() else []

    def _path(self, device: str, digest: str) -> Path:
        return self._folder / f"{device}.{digest}.part"
