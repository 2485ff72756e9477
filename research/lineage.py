"""What was made from which batches: one line each in ``lineage.jsonl`` beside the researcher's keys.

It answers which files and which training runs hold something that was withdrawn since. Of weights it says what is
known: that they were trained on it. Nobody knows how to make them forget, so it never says that they did.
"""

import json
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from research.disk import PRIVATE, sync_folder
from research.errors import InputError
from research.export import SHARD_FILE
from research.shard import ShardReport

LINEAGE_FILE: Final = "lineage.jsonl"
Kind = Literal["export", "derived", "training", "pull", "sweep"]


class Entry(Struct, frozen=True):
    """One thing that was made."""

    kind: Kind
    name: str  # absolute path of a file or folder, or whatever a training run is called
    batches: list[str]  # digests, sorted
    at: int  # Unix seconds
    order: str | None = None  # of a training run: its seed and order of shards, as given
    why: str | None = None  # of a pull: the reason that participants read; of an export: as given


class Answer(Struct, frozen=True):
    """What a training run saw."""

    name: str
    withdrawn: int  # batches it was trained on that were withdrawn since
    status: str


SAW: Final = "trained on withdrawn data; not known to have forgotten it"
CLEAN: Final = "trained on nothing that was withdrawn as of the last pull"


def record(home: Path, entry: Entry) -> None:
    """Append an entry, durably.

    Raises:
        InputError: the file cannot be written.
    """
    line = json.dumps(msgspec.to_builtins(entry), sort_keys=True) + "\n"
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(home / LINEAGE_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE), "w") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(home)
    except OSError as error:
        raise InputError(f"cannot write {home / LINEAGE_FILE}: {error.strerror}") from None


def entries(home: Path) -> list[Entry]:
    """All entries, oldest first.

    Raises:
        InputError: the file is damaged: then nobody can tell what was made, so nothing may be claimed.
    """
    try:
        lines = (home / LINEAGE_FILE).read_bytes().splitlines()
        return [msgspec.json.decode(line, type=Entry) for line in lines]
    except FileNotFoundError:
        return []
    except (OSError, msgspec.MsgspecError):
        raise InputError(f"{home / LINEAGE_FILE} is damaged", "Restore it from a backup.") from None


def shards(exported: Path) -> list[ShardReport]:
    """The parts of an export.

    Raises:
        InputError: it is none, or one of its parts does not tell what it is made of.
    """
    try:
        paths = sorted(exported.glob(f"*/{SHARD_FILE}"))
        found = [msgspec.json.decode(path.read_bytes(), type=ShardReport) for path in paths]
    except (OSError, msgspec.MsgspecError):
        raise InputError(f"a part of {exported} does not tell what it is made of", "Delete and export anew.") from None
    if not (exported / "account.json").is_file():
        raise InputError(f"{exported} is not an export")
    return found


def batches(exported: Path) -> list[str]:
    """Digests of the batches in an export. Raises: InputError."""
    return sorted(batch for shard in shards(exported) for batch in shard.batches)


def derived(known: Iterable[Entry]) -> dict[Path, list[str]]:
    """What was made from exports and is still there: path → batches, as of the last time that it was made."""
    return {Path(e.name): e.batches for e in known if e.kind == "derived" and Path(e.name).exists()}


def trained(known: Iterable[Entry], gone: Collection[str]) -> list[Answer]:
    """What is known of each training run."""
    lost = frozenset(gone)
    counts = [(e.name, len(lost.intersection(e.batches))) for e in known if e.kind == "training"]
    return [Answer(name, count, SAW if count else CLEAN) for name, count in counts]


def plain(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """As JSON."""
    return [msgspec.to_builtins(answer) for answer in answers]
