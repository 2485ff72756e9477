"""Export: one folder for each participant, so that no file ever mixes two people. Stopped, it goes on where it was.

::

    OUT/README.md                         a data card; tells stock loaders which file belongs to which table and split
    OUT/croissant.json                    the same for machines: tables, columns, digests of files, terms of use
    OUT/webdataset.json                   which tar shards belong to which split, if asked for
    OUT/account.json                      totals: batches, events, loss account, what was left out and why
    OUT/<participant>/events.parquet      all events, wide
    OUT/<participant>/text.parquet        typed text with its placeholders
    OUT/<participant>/frames.parquet      pictures, undecoded, with patch and base
    OUT/<participant>/steps.parquet       what was done: clicks, drags, typing, keys, with their frames
    OUT/<participant>/episodes.parquet    stretches of work with their loss accounts
    OUT/<participant>/shard.json          which batches are in these files, and what was found about the others
    OUT/<participant>/steps-000000.tar    the steps as WebDataset samples, if asked for
    OUT/<participant>/contact-sheet.png   if asked for, and if there are pictures

The same input gives the same bytes: rows have one order, nothing tells the time of export. A participant's folder
appears when it is whole, below ``.OUT.partial`` until all are there: a restart loses one of them at most.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from research import croissant, webdataset
from research.account import Account
from research.card import card
from research.disk import sync_folder, write_whole
from research.errors import ExportError
from research.identity import split_of
from research.shard import Shard, ShardReport, Wanted, check_folder_name
from research.trust import Trust
from research.verify import Outcome, Plan, Report, Source
from schemas.base import digest

FORMAT: Final = 3
"""Version of the files' layout; a partial export of another version is begun anew."""
SHARD_FILE: Final = "shard.json"
COUNTED: Final = ("batches", "events", "text", "frames", "steps", "episodes")

Look = Callable[[Iterable[Source]], Iterable[Outcome]]
"""Verifies the envelopes of one participant: :func:`research.verify.look` with all else given."""


class Exported(Struct, frozen=True):
    """What was written, or would be."""

    participants: int
    batches: int
    events: int
    text: int
    frames: int
    steps: int
    episodes: int
    bytes: int
    left_out: dict[str, int]  # batches by reason; one with several reasons counts under each
    steps_lost: dict[str, int]  # observations that no step expresses, by reason
    sheets: list[str]  # paths below the export's folder
    resumed: int = 0  # participants whose part was there from an earlier, interrupted run


class Task(Struct, frozen=True):
    """One participant's part, still to be written."""

    participant: str
    sources: list[Source]
    key: str


def tasks(whole: Plan, trust: Trust, basis: str, wanted: Wanted) -> list[Task]:
    """An export's parts.

    Args:
        whole: the envelopes, in order.
        trust: what may be relied on.
        basis: digest of the documents and of the listing, so that newer ones make older parts void.
        wanted: what each part shall hold.
    """
    groups = [(name, group) for name, group in whole.groups if name]
    said = json.dumps([FORMAT, trust.study, basis, wanted.steps, wanted.sheets, wanted.webdataset])
    return [Task(n, g, digest("\n".join([said, n, *(s.name for s in g)]).encode())) for n, g in groups]


def strangers(whole: Plan) -> list[Source]:
    """Envelopes that belong to nobody known: they are looked at, and never exported."""
    return [source for name, group in whole.groups if not name for source in group]


def begin(out: Path) -> Path:
    """The folder in which parts gather.

    Raises:
        ExportError: the export exists, or cannot be written.
    """
    if out.exists():
        raise ExportError(f"{out} exists already", "Name another folder: an export is never mixed with an older one.")
    partial = partial_of(out)
    try:
        partial.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _unwritable(out, error) from None
    return partial


def partial_of(out: Path) -> Path:
    """Where an unfinished export lies."""
    return out.with_name(f".{out.name}.partial")


def write_part(task: Task, outcomes: Iterable[Outcome], study: str, partial: Path, wanted: Wanted) -> ShardReport:
    """Write one participant's part, whole or not at all.

    Raises:
        ExportError: it cannot be written.
    """
    name = check_folder_name(task.participant)
    split, place, work = split_of(study, name), partial / name, partial / f"{name}.new"
    try:
        if not wanted.dry:
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
        done = Shard(work, name, split, wanted).take(outcomes, Report(opened=True, findings=[]), task.key)
        if not wanted.dry:
            (work / SHARD_FILE).write_bytes(_told(done))
            shutil.rmtree(place, ignore_errors=True)
            work.rename(place)
            sync_folder(partial)
    except OSError as error:
        raise _unwritable(partial, error) from None
    return done


def finished(task: Task, partial: Path) -> ShardReport | None:
    """The part, if an earlier run wrote it from exactly the same input."""
    try:
        done = msgspec.json.decode((partial / task.participant / SHARD_FILE).read_bytes(), type=ShardReport)
    except (OSError, msgspec.MsgspecError):
        return None
    return done if done.key == task.key else None


def complete(partial: Path, out: Path, trust: Trust, parts: list[ShardReport], done: Exported) -> None:
    """Put an export in place once all of its parts are there.

    Raises:
        ExportError: it cannot be written.
    """
    try:
        for path in _foreign(partial, {part.participant for part in parts}):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        describe(partial, trust, parts, done)
        partial.rename(out)
        sync_folder(out.parent)
    except OSError as error:
        raise _unwritable(out, error) from None


def describe(folder: Path, trust: Trust, parts: list[ShardReport], done: Exported) -> None:
    """Write what is told of all parts together: totals and data card. Raises: OSError."""
    account = Account()
    for part in parts:
        for modality, row in part.account.items():
            account.add({modality: row["seen"]}, {modality: row["kept"]}, {modality: row["dropped"]})
    counts = {n: v for n, v in msgspec.to_builtins(done).items() if n != "resumed"}
    told = {"format": FORMAT, "study": trust.study, "counts": counts, "account": account.plain()}
    write_whole(folder / "account.json", (json.dumps(told, indent=2, sort_keys=True) + "\n").encode())
    write_whole(folder / "README.md", card(trust, parts, done.events).encode())
    write_whole(folder / "croissant.json", croissant.document(trust, parts, _digests(folder, parts)))
    if any(part.tars for part in parts):
        shards = [(part.participant, part.split, part.tars) for part in parts]
        write_whole(folder / "webdataset.json", webdataset.listing(trust.study or "", shards))


def _digests(folder: Path, parts: Iterable[ShardReport]) -> dict[str, str]:
    """SHA-256 of every table's file, by its path below the folder."""
    found = {}
    for part in parts:
        for name in sorted(n for n in part.sizes if n.endswith((".parquet", ".tar"))):
            with (folder / part.participant / name).open("rb") as file:
                found[f"{part.participant}/{name}"] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def total(parts: Iterable[ShardReport], report: Report, resumed: int) -> Exported:
    """What all parts come to; the report takes in what was found about each."""
    counts, left_out, lost, sheets, people, size = Counter[str](), Counter[str](), Counter[str](), [], 0, 0
    for part in parts:
        people += bool(part.batches)
        counts.update(part.counts)
        left_out.update(part.left_out)
        lost.update(part.steps_lost)
        size += sum(part.sizes.values())
        sheets += [f"{part.participant}/contact-sheet.png"] if part.sheet else []
        report.findings += part.findings
        report.batches += part.report["batches"]
        report.verified += part.report["verified"]
        report.events += part.report["events"]
        report.frames += part.report["frames"]
    plain = {name: counts[name] for name in COUNTED}
    return Exported(people, **plain, bytes=size, left_out=dict(sorted(left_out.items())),
                    steps_lost=dict(sorted(lost.items())), sheets=sheets, resumed=resumed)  # fmt: skip


def _told(done: ShardReport) -> bytes:
    plain: Any = msgspec.to_builtins(done)
    return json.dumps(plain, indent=1, sort_keys=True).encode() + b"\n"


def _foreign(partial: Path, people: set[str]) -> Iterator[Path]:
    return (path for path in list(partial.iterdir()) if path.name not in people)


def _unwritable(out: Path, error: OSError) -> ExportError:
    return ExportError(
        f"cannot write {out}: {error.strerror}",
        "Make room, or choose another folder. Run it again to go on; what is there lies in a hidden .partial folder.",
    )
