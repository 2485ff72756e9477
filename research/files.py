"""Parquet files as exports write them: rows gathered into groups of a sensible size, the same bytes each time."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from research import table

ROWS_A_GROUP: Final = 65_536
BYTES_A_GROUP: Final = 32 << 20
"""Bytes of pictures in a row group at most (and one more batch): memory stays bounded."""
LEVEL: Final = 3
"""zstd's default: pictures are compressed already, columns shrink little beyond."""


class Counter(io.RawIOBase):
    """A file that keeps nothing but how long it would be: for a dry run."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, data: Any) -> int:
        """Count."""
        size = memoryview(data).nbytes
        self.bytes += size
        return size

    def tell(self) -> int:
        """How much was written."""
        return self.bytes


class TableFile:
    """A Parquet file that is written in pieces. It is there even if it has no row."""

    def __init__(self, where: Path | io.IOBase, columns: Mapping[str, Any]) -> None:
        self.rows = 0
        self._waiting: list[Any] = []
        words = [name for name, kind in columns.items() if kind == pa.string()]  # a dictionary of pictures is a waste
        self._writer = pq.ParquetWriter(
            where,
            table.schema(columns),
            compression="zstd",
            compression_level=LEVEL,
            use_dictionary=words,
            store_schema=False,  # else words come back as Arrow dictionaries, which not every reader takes
        )

    def add(self, rows: Any) -> None:
        """Take in rows; they are written when there are enough of them."""
        self.rows += rows.num_rows
        self._waiting.append(rows)
        if (
            sum(t.num_rows for t in self._waiting) >= ROWS_A_GROUP
            or sum(t.nbytes for t in self._waiting) >= BYTES_A_GROUP
        ):
            self._flush()

    def close(self) -> None:
        """Write what waits, and end the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if any(t.num_rows for t in self._waiting):
            rows = pa.concat_tables(self._waiting).unify_dictionaries().combine_chunks()
            self._writer.write_table(rows, row_group_size=ROWS_A_GROUP)
        self._waiting = []
