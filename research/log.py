"""The study's transparency log, as a researcher checks it: nothing rewritten, and what consent is proved with is in it.

A pull keeps what the check needs beside the batches, so that it can be done again anywhere, offline::

    log/checkpoint          the newest one, signed by the collector
    log/tile/…              tiles of hashes, as C2SP tlog-tiles names them
    log/openings.json       what the entries stand for
"""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct
from pydantic import ValidationError

from research.client import Collector
from research.disk import write_whole
from research.errors import ResearchError
from schemas.base import Document, SchemaError, note
from schemas.checkpoint import Checkpoint, origin_of, read_checkpoint
from schemas.log import LogKind, Opening
from schemas.log_check import LogView
from schemas.wire import LedgerReply

FOLDER = "log"
CHECKPOINT = "checkpoint"
OPENINGS = "openings.json"


class LogBrokenError(ResearchError):
    """The log is not what it was, or lacks what it must have."""

    remedy = "Keep this folder as it is, and tell the study's contact and its auditor: a log only ever grows."


class LogReport(Struct, frozen=True):
    """What was checked."""

    size: int  # entries of the log
    root: str  # hexadecimal
    before: int  # entries when it was last looked at from here; 0 the first time
    proved: int  # documents whose entry was proved to be in it
    waiting: int  # documents whose entry has no place yet
    lacking: tuple[str, ...]  # digests of documents that the collector gave without an entry


class Openings(Document):
    """``log/openings.json``."""

    rows: tuple[Opening, ...] = note("as the collector gave them")


def audit(collector: Collector, folder: Path, study: str, collector_key: bytes, ledger: LedgerReply) -> LogReport:
    """Follow the log from what was seen before, prove that a ledger's documents are in it, and keep what proves it.

    Raises:
        LogBrokenError: rewritten, forked, or an entry is not where it should be.
        CollectorError: it was not reached.
    """
    before, new = _seen(folder, study, collector_key), folder / f"{FOLDER}.new"
    shutil.rmtree(new, ignore_errors=True)
    openings = tuple(collector.openings())

    def fetch(path: str) -> bytes:
        data = collector.log_file(path)
        (new / path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(new / path, data)
        return data

    report = _checked(fetch, study, collector_key, openings, ledger, before)
    write_whole(new / OPENINGS, Openings(rows=openings).model_dump_json().encode())
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    new.rename(folder / FOLDER)
    return report


def check(folder: Path, study: str, collector_key: bytes, ledger: LedgerReply) -> LogReport | None:
    """The same from what a pull kept, offline; None if it kept none.

    Raises:
        LogBrokenError: what is there proves nothing.
    """
    place = folder / FOLDER
    if not place.exists():
        return None

    def fetch(path: str) -> bytes:
        try:
            return (place / path).read_bytes()
        except OSError as error:
            raise LogBrokenError(f"a part of the log is not in the folder: {error.strerror}") from None

    try:
        openings = Openings.model_validate_json(fetch(OPENINGS)).rows
    except ValidationError:
        raise LogBrokenError("the openings in the folder cannot be read") from None
    return _checked(fetch, study, collector_key, openings, ledger, None)


def _checked(  # all that a check goes by
    fetch: Callable[[str], bytes],
    study: str,
    collector_key: bytes,
    openings: Iterable[Opening],
    ledger: LedgerReply,
    before: Checkpoint | None,
) -> LogReport:
    try:
        view = LogView(fetch, read_checkpoint(fetch(CHECKPOINT), origin_of(study), collector_key))
        if before is not None:
            view.follows(before)
        proved = view.prove_all(openings)
    except SchemaError as error:
        raise LogBrokenError(str(error)) from None
    return LogReport(
        size=view.checkpoint.size,
        root=view.checkpoint.root.hex(),
        before=before.size if before else 0,
        proved=len(proved.placed),
        waiting=len(proved.waiting),
        lacking=tuple(sorted(_lacking(openings, ledger))),
    )


def _seen(folder: Path, study: str, collector_key: bytes) -> Checkpoint | None:
    path = folder / FOLDER / CHECKPOINT
    if not path.exists():
        return None
    try:
        return read_checkpoint(path.read_bytes(), origin_of(study), collector_key)
    except SchemaError as error:
        raise LogBrokenError(f"what was remembered of the log cannot be used: {error}") from None


def _lacking(openings: Iterable[Opening], ledger: LedgerReply) -> set[str]:
    known = {(opening.kind, opening.subject) for opening in openings}
    wanted = {(LogKind.MANIFEST, each.digest) for each in ledger.manifests}
    wanted |= {(LogKind.POLICY, each.digest) for each in ledger.policies}
    wanted |= {(LogKind.CONSENT, each.digest) for each in ledger.consents}
    wanted |= {(LogKind.ERASURE, each.digest) for each in ledger.erasures}
    return {subject for _, subject in wanted - known}
