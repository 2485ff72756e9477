"""Sealed bytes as files, named by their digest, in 256 folders.

A blob is written beside its place, flushed, renamed into it, and the folder flushed: after a crash it is there whole or
not at all. Nothing here can read what is inside.
"""

import itertools
import os
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

from anyio import to_thread

from collector.errors import BlobMissingError, StorageError
from collector.limits import CHUNK_BYTES

_FOLDER_MODE = 0o700
_FILE_MODE = 0o600
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not exist, flushed to disk, readable by its owner alone."""
    handle = os.open(path, _NEW, _FILE_MODE)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


class FileBlobs:
    """Blobs under a folder of their own. The folder belongs to one collector process."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._half = root / "half-written"
        self._numbers = itertools.count()

    async def open(self) -> None:
        """Create the folders and remove what a crash left half-written.

        Raises:
            StorageError: the folder cannot be used.
        """
        await self._in_thread(self._prepare)

    async def put(self, digest: str, data: bytes) -> None:
        """Store bytes durably; the same bytes again are simply written again.

        Raises:
            StorageError: they are not durable.
        """
        await self._in_thread(partial(self._put, digest, data))

    async def delete(self, digest: str) -> None:
        """Delete a blob durably, if there is one.

        Raises:
            StorageError: it may still be there.
        """
        await self._in_thread(partial(self._delete, digest))

    async def size(self, digest: str) -> int | None:
        """Length of a blob, None if there is none."""
        try:
            return (await to_thread.run_sync(self._path(digest).stat)).st_size
        except FileNotFoundError:
            return None

    async def read(self, digest: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes from `start` until before `end`, in chunks.

        Raises:
            BlobMissingError: there is no such blob, or it is shorter.
        """
        for begin in range(start, end, CHUNK_BYTES):
            length = min(CHUNK_BYTES, end - begin)
            chunk = await to_thread.run_sync(partial(self._piece, digest, begin, length))
            if len(chunk) != length:
                raise BlobMissingError("a blob is shorter than its row says")
            yield chunk

    def _path(self, digest: str) -> Path:
        return self._root / digest[:2] / digest

    def _prepare(self) -> None:
        for folder in (self._root, self._half, *(self._root / f"{n:02x}" for n in range(256))):
            folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        for left in self._half.iterdir():
            left.unlink()
        sync_folder(self._root)
        sync_folder(self._root.parent)

    def _put(self, digest: str, data: bytes) -> None:
        half = self._half / f"{os.getpid()}-{next(self._numbers)}"
        try:
            write_new(half, data)
            half.replace(self._path(digest))
        except OSError:
            half.unlink(missing_ok=True)
            raise
        sync_folder(self._path(digest).parent)

    def _delete(self, digest: str) -> None:
        path = self._path(digest)
        path.unlink(missing_ok=True)
        sync_folder(path.parent)

    def _piece(self, digest: str, begin: int, length: int) -> bytes:
        try:
            with self._path(digest).open("rb", buffering=0) as file:
                file.seek(begin)
                return file.read(length)
        except FileNotFoundError:
            raise BlobMissingError("a row's blob is missing") from None

    async def _in_thread(self, work: Callable[[], None]) -> None:
        try:
            await to_thread.run_sync(work)
        except OSError as error:
            raise StorageError(f"blobs: {os.strerror(error.errno or 0)}") from None
