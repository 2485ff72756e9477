"""Steps of a finished export in another program's words: one JSON object a line, one file a participant."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from research.adapters import ADAPTERS, Size
from research.disk import write_whole
from research.errors import ExportError, InputError

_KEPT: Final = ("sample_uid", "episode", "seq", "kind", "rules", "redacted", "frame_before", "frame_press",
                "frame_settle")  # fmt: skip


def convert(exported: Path, target: str, out: Path) -> dict[str, Any]:
    """Write the steps of every participant for one target.

    Args:
        exported: folder that :func:`research.export.complete` made.
        target: a name of :data:`research.adapters.ADAPTERS`.
        out: folder, made if it is missing; holds ``PARTICIPANT.TARGET.jsonl`` afterwards.

    Returns:
        Steps and items written, and by reason what the target could not express.

    Raises:
        InputError: not an export, or an unknown target.
        ExportError: cannot be written.
    """
    if target not in ADAPTERS:
        raise InputError(f"unknown target: {target}", f"Known are: {', '.join(ADAPTERS)}.")
    folders = sorted(p.parent for p in exported.glob("*/steps.parquet"))
    if not folders:
        raise InputError(f"no steps in {exported}", "Export first, without --no-steps.")
    counts, lost = Counter[str](), Counter[str]()
    try:
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in folders:
            lines = _lines(folder, target, counts, lost)
            write_whole(out / f"{folder.name}.{target}.jsonl", "".join(lines).encode())
    except OSError as error:
        raise ExportError(f"cannot write {out}: {error.strerror}", "Make room, or choose another folder.") from None
    told = {"target": target, "steps": counts["steps"], "items": counts["items"]}
    return {**told, "not_expressed": dict(sorted(lost.items()))}


def _lines(folder: Path, target: str, counts: Counter[str], lost: Counter[str]) -> list[str]:
    sizes, lines = _sizes(folder), []
    for batch in pq.ParquetFile(folder / "steps.parquet").iter_batches():
        for step in batch.to_pylist():
            shown = [sizes.get((step["device"], step[n])) for n in ("frame_press", "frame_before", "frame_settle")]
            size = next((s for s in shown if s), None)
            made = ADAPTERS[target](step, size)
            counts.update(steps=1, items=len(made.items))
            lost.update(made.lost)
            row = {**{n: step[n] for n in _KEPT}, target: made.items, "not_expressed": list(made.lost)}
            lines.append(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n")
    return lines


def _sizes(folder: Path) -> dict[tuple[str, int | None], Size]:
    rows = pq.read_table(folder / "frames.parquet", columns=["device", "frame", "rect"]).to_pylist()
    return {(r["device"], r["frame"]): (r["rect"][2] - r["rect"][0], r["rect"][3] - r["rect"][1]) for r in rows}
