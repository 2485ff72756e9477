"""A file with all rows: msgpack objects one after the other, a head, rows by table, an end with a digest of all before.

A file that was cut off or altered is noticed before anything of it is used.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from collector.errors import CollectorError

FORMAT = 1
_LENGTH_BYTES = 8
_DIGEST_BYTES = 32


class BackupError(CollectorError):
    """A backup that cannot be made or used."""

    remedy = "Nothing was restored. Choose another backup, and an empty place to restore to."


class Head(Struct, frozen=True):
    """What a file says of itself."""

    format: int
    schema: str
    made_s: int


class RowsWriter:
    """Writes a file. Nothing has its final name before `close`."""

    def __init__(self, path: Path, head: Head) -> None:
        self._path, self._half = path, path.with_name(f".{path.name}.half-written")
        self._file = self._half.open("wb")
        self._hash = hashlib.sha256()
        self._add(head)

    def rows(self, table: str, rows: Any) -> None:
        """Add rows of a table."""
        self._add([table, rows])

    def close(self) -> None:
        """Finish the file."""
        self._file.write((0).to_bytes(_LENGTH_BYTES, "big") + self._hash.digest())
        self._file.close()
        self._half.replace(self._path)

    def _add(self, what: Any) -> None:
        data = msgspec.msgpack.encode(what)
        framed = len(data).to_bytes(_LENGTH_BYTES, "big") + data
        self._hash.update(framed)
        self._file.write(framed)


def read_head(path: Path) -> Head:
    """Check a whole file, and give its head.

    Raises:
        BackupError: not whole, altered, or of another version.
    """
    try:
        head = msgspec.msgpack.decode(next(_frames(path)), type=Head)
        for _ in _frames(path):
            pass
    except (OSError, StopIteration, msgspec.MsgspecError):
        raise BackupError("the rows of this backup cannot be read") from None
    if head.format != FORMAT:
        raise BackupError("this backup is of another version")
    return head


def read_rows(path: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The rows of a file that `read_head` checked."""
    frames = _frames(path)
    next(frames)
    for frame in frames:
        table, rows = msgspec.msgpack.decode(frame)
        yield table, rows


def _frames(path: Path) -> Iterator[bytes]:
    seen = hashlib.sha256()
    with path.open("rb") as file:
        while True:
            head = file.read(_LENGTH_BYTES)
            length = int.from_bytes(head, "big")
            if not length:
                if len(head) != _LENGTH_BYTES or file.read(_DIGEST_BYTES + 1) != seen.digest():
                    raise BackupError("the rows of this backup are cut off or altered")
                return
            if length > path.stat().st_size:
                raise BackupError("the rows of this backup are cut off or altered")
            data = file.read(length)
            seen.update(head + data)
            yield data
