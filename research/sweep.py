"""Sweep: what was withdrawn goes out of exports, of what was made from them, and of caches; a signed receipt says so.

It goes by the newest pull. If that is older than :data:`LEASE_S`, nobody knows what was withdrawn since, and both
exporting and sweeping refuse.
"""

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from research import lineage
from research.errors import ResearchError
from research.residue import Needles, files_below
from research.shard import ShardReport
from schemas.envelope import HOUR_S
from schemas.sweep import SweepReceipt

LEASE_S: Final = 24 * 3600
"""Seconds for which a pull's list of what may be used counts: withdrawals reach exports in a day, or exports stop."""


class StaleError(ResearchError):
    """What was withdrawn lately is not known."""

    remedy = "Pull again: what participants withdrew in the meantime has to be known first."


class Swept(Struct, frozen=True):
    """What was done."""

    rewritten: int
    removed: list[str]  # paths
    scanned_files: int
    scanned_bytes: int
    residue: list[str]  # paths
    withdrawn: int = 0  # batches that were used here and may not be any more


def check_fresh(fetched: int | None, now_s: int) -> None:
    """Refuse to go by an old list.

    Args:
        fetched: Unix seconds of the last pull; None if that is not known.
        now_s: Unix seconds. A list from the future is as good as none: some clock is wrong.

    Raises:
        StaleError: older than the lease, or of unknown age.
    """
    if fetched is None:
        raise StaleError("the folder does not tell when it was pulled")
    age = now_s - fetched
    if not -HOUR_S <= age <= LEASE_S:
        raise StaleError(f"the folder was pulled {age // HOUR_S} hours ago; it counts for {LEASE_S // HOUR_S}")


def sweep(
    exports: Sequence[Path],
    derived: Mapping[Path, Collection[str]],
    caches: Sequence[Path],
    gone: Mapping[str, str],
    rewrite: Callable[[Path, Collection[str]], None],
) -> Swept:
    """Sweep.

    Args:
        exports: folders that ``export`` made.
        derived: files and folders made from exports, and from which batches. A file made from withdrawn ones is
            deleted; of a folder, what is named after a participant who withdrew any.
        caches: folders of copies, such as that of ``datasets``: files that hold something withdrawn are deleted.
        gone: digests of batches that may not be used, and whose they are; an empty name if that is not known.
        rewrite: makes the parts of some participants anew, in the export that is given, from what may be used.

    Raises:
        InputError: not an export.
        OSError: something could not be deleted.
    """
    needles, hit = Needles(gone), dict[Path, list[ShardReport]]()
    lost = frozenset(gone)
    for exported in exports:
        hit[exported] = [s for s in lineage.shards(exported) if not lost.isdisjoint(s.batches)]
        for shard in hit[exported]:
            needles.take(exported / shard.participant, shard)
    people = {shard.participant for found in hit.values() for shard in found}.union(gone.values())
    removed = [str(p) for path, made in derived.items() if not lost.isdisjoint(made) for p in _remove(path, people)]
    for exported, found in hit.items():
        if found:
            rewrite(exported, {shard.participant for shard in found})
    for exported in exports:
        needles.forgive(exported)
    for path in files_below(caches):
        if needles.within(path):
            path.unlink()
            removed.append(str(path))
    left = [path for path in files_below([*exports, *derived, *caches]) if path.exists()]
    residue = [str(path) for path in left if needles.within(path) and path.name != "shard.json"]
    size = sum(path.stat().st_size for path in left)
    return Swept(sum(map(len, hit.values())), removed, len(left), size, residue, len(gone))


def receipt(done: Swept, study: str, gone: Collection[str], trained_on: int, now_s: int, fetched: int) -> SweepReceipt:
    """What a researcher signs."""
    return SweepReceipt(
        version=1,
        study=study,
        swept_hour=now_s // HOUR_S * HOUR_S,
        pulled_hour=fetched // HOUR_S * HOUR_S,
        batches=tuple(sorted(gone)),
        rewritten=done.rewritten,
        removed=len(done.removed),
        scanned_files=done.scanned_files,
        scanned_bytes=done.scanned_bytes,
        residue=len(done.residue),
        trained_on=trained_on,
    )


def _remove(derived: Path, people: Collection[str]) -> list[Path]:
    """Delete a file, or what in a folder has a participant's name, up to the first dot."""
    named = [derived] if derived.is_file() else [p for p in sorted(derived.glob("*")) if p.name.split(".")[0] in people]
    for path in named:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return named
