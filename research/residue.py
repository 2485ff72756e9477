"""Looking for what was withdrawn: unmistakable pieces of it, in every file below some folders."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from research.scan import Scanner
from research.shard import ShardReport

IMAGE_BYTES: Final = 48
"""Bytes from the middle of a picture: enough that no other file holds them by chance."""
TEXT_CHARACTERS: Final = 16
"""Shorter texts are in other people's files too."""


class Needles:
    """Pieces of withdrawn data. Taken from an export before it is rewritten; held in memory only."""

    def __init__(self, gone: Iterable[str]) -> None:
        self._gone = frozenset(gone)
        self._pieces = {batch.encode() for batch in self._gone}
        self._scanner: Scanner | None = None  # of the pieces as they are now

    def take(self, folder: Path, shard: ShardReport) -> None:
        """Learn what a participant's part holds of withdrawn batches."""
        self._scanner = None
        wanted = pa.array([batch for batch in shard.batches if batch in self._gone], pa.string())
        for rows, column in _contents(folder):  # steps name no batch: all are taken, and forgiven if they stay
            held = rows.filter(pa.compute.is_in(rows["batch"], wanted)) if "batch" in rows.schema.names else rows
            self._pieces.update(piece for value in held[column].to_pylist() if (piece := _piece(value)))

    def forgive(self, exported: Path) -> None:
        """Forget what an export, rewritten by now, holds from others too: equal words are not a copy."""
        self._scanner = None
        for folder in sorted(exported.iterdir()):
            for rows, column in _contents(folder):
                self._pieces.difference_update(piece for value in rows[column].to_pylist() if (piece := _piece(value)))

    def within(self, path: Path) -> bool:
        """Whether a file holds any of them, as it lies there, in Parquet pages, or in gzip, zip or zstd."""
        with path.open("rb") as file:
            parquet = file.read(4) == b"PAR1"
        if parquet:
            return self._in_columns(path)
        if self._scanner is None:
            self._scanner = Scanner(self._pieces)
        return self._scanner.in_file(path)

    def _in_columns(self, path: Path) -> bool:
        try:
            file = pq.ParquetFile(path)
            names = [n for n in ("batch", "image", "text", "sample_uid") if n in file.schema_arrow.names]
            return any(self._in_rows(rows) for rows in file.iter_batches(columns=names))
        except (pa.ArrowException, OSError):
            return True  # unreadable: nobody can say that it holds nothing

    def _in_rows(self, rows: Any) -> bool:
        if "batch" in rows.schema.names and not self._gone.isdisjoint(rows["batch"].unique().to_pylist()):
            return True
        values = (v for name in rows.schema.names if name != "batch" for v in rows[name].to_pylist())
        return any(_piece(value) in self._pieces for value in values)


_TELLING: Final = {"frames": ("image", "sample_uid"), "text": ("text",), "steps": ("sample_uid",)}
"""Columns that no other data has by chance; ``sample_uid`` goes wherever a step or a picture goes, in every format."""


def _contents(folder: Path) -> Iterator[tuple[Any, str]]:
    for name, columns in _TELLING.items():
        path = folder / f"{name}.parquet"
        if not path.is_file():
            continue
        file = pq.ParquetFile(path)
        for column in columns:
            names = [n for n in ("batch", column) if n in file.schema_arrow.names]
            yield from ((rows, column) for rows in file.iter_batches(columns=names))


def _piece(value: str | bytes | None) -> bytes | None:
    if isinstance(value, str):
        return value.encode() if len(value) >= TEXT_CHARACTERS else None
    if value is None or len(value) < 2 * IMAGE_BYTES:
        return None
    middle = len(value) // 2
    return value[middle - IMAGE_BYTES // 2 : middle + IMAGE_BYTES // 2]


def files_below(roots: Iterable[Path]) -> Iterator[Path]:
    """Every plain file, once; links are not followed."""
    seen: set[Path] = set()
    for root in roots:
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            if path.is_file() and not path.is_symlink() and path.resolve() not in seen:
                seen.add(path.resolve())
                yield path
