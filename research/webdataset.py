"""WebDataset shards of steps: plain tar files, one sample a step, named by its ``sample_uid``.

::

    UID.json            the step, as in steps.parquet
    UID.before.webp     whole pictures: before the pointer set out, at the press, and settled; each where there is one
    UID.press.webp
    UID.settle.webp

Shards lie in the participant's folder, so none mixes two people. The same input gives the same bytes: nothing in a tar
tells of time, owner or machine. ``webdataset.json`` beside the folders lists the shards by split.

The form: https://github.com/webdataset/webdataset, and POSIX ustar.
"""

import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, Final

from research.columnar import Columnar
from research.painting import Painter

SHARD_BYTES: Final = 256 << 20
"""Bytes after which the next shard begins: some thousand steps; loaders read one in a go."""
PICTURES: Final = {"before": "frame_before", "press": "frame_press", "settle": "frame_settle"}
LOST: Final = "picture_not_painted"
"""Reason under which pictures are counted that a step names and that could not be put together."""

Open = Callable[[str], IO[bytes]]
"""Opens a new shard by its name."""


class Shards:
    """One participant's shards while they are written.

    Args:
        create: opens a file of that name in the participant's folder.
        limit: see :data:`SHARD_BYTES`.
    """

    def __init__(self, create: Open, limit: int = SHARD_BYTES) -> None:
        self._create, self._limit = create, limit
        self._painters: dict[str, Painter] = {}
        self._tar: tarfile.TarFile | None = None
        self._file: IO[bytes] | None = None
        self.samples: dict[str, int] = {}
        self.lost = 0

    def see(self, device: str, opened: Columnar) -> None:
        """Take in a batch's pictures, before the steps that may name them."""
        painter = self._painters.setdefault(device, Painter())
        for frame in opened.pictures:
            painter.add(frame.frame, frame.base, frame.rect, frame.patch, opened.image(frame))

    def add(self, steps: Any) -> None:
        """Write a table of steps."""
        for row in steps.to_pylist():
            self._sample(row)

    def close(self) -> None:
        """End the last shard."""
        if self._tar and self._file:
            self._tar.close()
            self._file.close()
        self._tar = self._file = None

    def _sample(self, row: Mapping[str, Any]) -> None:
        uid = row["sample_uid"]
        parts = [(f"{uid}.json", json.dumps(row, ensure_ascii=False, sort_keys=True).encode())]
        for name, column in PICTURES.items():
            if row[column] is not None:
                painter = self._painters.get(row["device"])
                image = painter.whole(row[column]) if painter else None
                self.lost += image is None
                parts += [(f"{uid}.{name}.webp", image)] if image is not None else []
        tar = self._roomy()
        for name, data in parts:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o600
            tar.addfile(entry, io.BytesIO(data))
        self.samples[next(reversed(self.samples))] += 1

    def _roomy(self) -> tarfile.TarFile:
        """The shard to write to: a new one if the last is full."""
        if self._tar and self._tar.offset >= self._limit:
            self.close()
        if self._tar is None:
            name = f"steps-{len(self.samples):06d}.tar"
            self.samples[name] = 0
            self._file = self._create(name)
            self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
        return self._tar


def listing(study: str, parts: Sequence[tuple[str, str, Mapping[str, int]]]) -> bytes:
    """``webdataset.json``.

    Args:
        study: its name.
        parts: participant, split, and samples by shard.
    """
    told: dict[str, Any] = {"study": study, "splits": {}}
    for participant, split, samples in parts:
        rows = [{"url": f"{participant}/{name}", "samples": count} for name, count in samples.items()]
        told["splits"].setdefault(split, []).extend(rows)
    return json.dumps(told, indent=1, sort_keys=True).encode() + b"\n"
