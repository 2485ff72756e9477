"""The study's transparency log, as a researcher checks it: nothing rewritten, and what consent is proved with is in it.

The newest checkpoint that was checked is remembered beside the pulled batches, in ``log.checkpoint``, as it was signed.
"""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from research.client import Collector
from research.disk import write_whole
from research.errors import ResearchError
from schemas.base import SchemaError
from schemas.checkpoint import Checkpoint, origin_of, read_checkpoint
from schemas.log import LogKind, Opening
from schemas.log_check import LogView
from schemas.wire import LedgerReply

SEEN = "log.checkpoint"


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


def audit(collector: Collector, folder: Path, study: str, collector_key: bytes, ledger: LedgerReply) -> LogReport:
    """Follow the log from what was seen before, and prove that every document of a ledger is in it.

    Raises:
        LogBrokenError: rewritten, forked, or an entry is not where it should be.
        CollectorError: it was not reached.
    """
    before = _seen(folder, study, collector_key)
    note = collector.log_file("checkpoint")
    try:
        view = LogView(collector.log_file, read_checkpoint(note, origin_of(study), collector_key))
        if before is not None:
            view.follows(before)
        openings = list(collector.openings())
        proved = view.prove_all(openings)
    except SchemaError as error:
        raise LogBrokenError(str(error)) from None
    write_whole(folder / SEEN, note)
    return LogReport(
        size=view.checkpoint.size,
        root=view.checkpoint.root.hex(),
        before=before.size if before else 0,
        proved=len(proved.placed),
        waiting=len(proved.waiting),
        lacking=tuple(sorted(_lacking(openings, ledger))),
    )


def _seen(folder: Path, study: str, collector_key: bytes) -> Checkpoint | None:
    path = folder / SEEN
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
