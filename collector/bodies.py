"""Bodies while they come: on disk, not in memory. Their files have no names, so a crash leaves none."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import IO

import anyio
from anyio import to_thread

from collector.limits import BUFFERED_BYTES, COMING_HELD_BYTES, SHORT_BYTES


class Purse:
    """Bytes that bodies on their way in may hold in memory beyond their buffer."""

    def __init__(self, left: int = COMING_HELD_BYTES) -> None:
        self._left = left

    def pay(self, wanted: int) -> bool:
        """True if there is room for so many more."""
        if wanted > self._left:
            return False
        self._left -= wanted
        return True

    def give_back(self, paid: int) -> None:
        """So many are not held any more."""
        self._left += paid


class Incoming:
    """One body on its way in.

    Args:
        folder: where its file lies; None for the system's own folder of temporary files.
        purse: what short bodies may hold; None: they hold no more than their buffer.
    """

    def __init__(self, folder: Path | None, purse: Purse | None = None) -> None:
        self._folder = folder
        self._purse = purse
        self._paid = 0
        self._file: IO[bytes] | None = None
        self._held = bytearray()
        self.length = 0

    async def add(self, chunk: bytes) -> None:
        """The next bytes."""
        self._held += chunk
        self.length += len(chunk)
        if len(self._held) >= BUFFERED_BYTES and not self._may_hold(len(chunk)):
            await to_thread.run_sync(partial(self._write, bytes(self._held)))
            self._held.clear()

    def _may_hold(self, more: int) -> bool:
        if self._purse is None or self._file is not None or self.length > SHORT_BYTES:
            return False
        wanted = more if self._paid else len(self._held)
        if not self._purse.pay(wanted):
            return False
        self._paid += wanted
        return True

    async def whole(self) -> bytes:
        """All of it, in memory: take a seat of `length` bytes first."""
        if self._file is None:
            return bytes(self._held)
        return await to_thread.run_sync(self._read)

    def close(self) -> None:
        """Let go of memory and disk."""
        self._held.clear()
        if self._purse:
            self._purse.give_back(self._paid)
            self._paid = 0
        if self._file:
            self._file.close()

    def _write(self, data: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115  # closed by `close`
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]

    def _read(self) -> bytes:
        if self._file is None:
            raise ValueError("it is in memory")
        self._write(bytes(self._held))
        self._held.clear()
        self._file.seek(0)
        return self._file.read()


class Seats:
    """Room in memory, counted in bytes; who comes first is served first."""

    def __init__(self, total: int) -> None:
        self._total = self._left = total
        self._turn = anyio.Lock()
        self._changed = anyio.Condition()

    @asynccontextmanager
    async def take(self, length: int) -> AsyncIterator[None]:
        """Room for a body of this length, or for all of it where it is longer than there is; waits for it."""
        wanted = min(length, self._total)
        async with self._turn, self._changed:
            while self._left < wanted:
                await self._changed.wait()
            self._left -= wanted
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                async with self._changed:
                    self._left += wanted
                    self._changed.notify_all()
