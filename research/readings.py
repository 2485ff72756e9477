"""Who read which batch, when and why, as the study's auditor checks it: each reading has its entry in the log.

The collector's list of readings is one thing, the transparency log another: a reading that is in one and not in the
other is found out. The newest checkpoint that was checked is kept; the next one must contain it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec import Struct

from research.client import OPENINGS_OF_AUDITOR, Collector
from research.disk import write_whole
from research.log import CHECKPOINT, LogBrokenError
from schemas.access import PullRow, pull_digest
from schemas.base import SchemaError
from schemas.checkpoint import origin_of, read_checkpoint
from schemas.log import LogKind, Opening
from schemas.log_check import follow

SEEN: Final = "audit-checkpoint"


class Readings(Struct, frozen=True):
    """What was checked."""

    size: int  # entries of the log
    root: str  # hexadecimal
    before: int  # entries when it was last looked at from here; 0 the first time
    proved: int  # entries that were proved to be in it
    waiting: int  # entries that have no place yet
    rows: tuple[PullRow, ...]
    not_in_log: tuple[str, ...]  # digests of readings that are told and have no entry
    not_told: tuple[str, ...]  # digests of readings that have an entry and are not told


def readings(collector: Collector, folder: Path, study: str, collector_key: bytes) -> Readings:
    """Ask for everybody's readings, and prove each in the log.

    Raises:
        LogBrokenError: rewritten, forked, or an entry is not where it should be.
        CollectorError: it was not reached, or this key is no auditor's.
    """
    seen, origin = folder / SEEN, origin_of(study)
    early = _subjects(collector.openings(OPENINGS_OF_AUDITOR))
    rows = tuple(collector.pulls())
    late = tuple(collector.openings(OPENINGS_OF_AUDITOR))  # readings go on meanwhile
    note = collector.log_file(CHECKPOINT)
    try:
        before = read_checkpoint(seen.read_bytes(), origin, collector_key) if seen.exists() else None
        view = follow(
            lambda path: note if path == CHECKPOINT else collector.log_file(path), origin, collector_key, before
        )
        proved = view.prove_all(late)
    except SchemaError as error:
        raise LogBrokenError(str(error)) from None
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(seen, note)
    told = {pull_digest(row.pull) for row in rows}
    return Readings(
        size=view.checkpoint.size,
        root=view.checkpoint.root.hex(),
        before=before.size if before else 0,
        proved=len(proved.placed),
        waiting=len(proved.waiting),
        rows=rows,
        not_in_log=tuple(sorted(told - _subjects(late))),
        not_told=tuple(sorted(early - told)),
    )


def _subjects(openings: Iterable[Opening]) -> set[str]:
    return {opening.subject for opening in openings if opening.kind is LogKind.PULL}
