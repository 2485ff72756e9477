"""What happened to what was captured: batches, answers, changes of study and policy, readings, erasures.

Most of it lies on this machine. Who read what, only the collector knows; where it cannot be asked, that is said, and
never taken for "nobody".
"""

import secrets
import time
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from msgspec import Struct

from agent import consents
from agent.ceremony.sheet import sentence
from agent.ceremony.words import Words as CeremonyWords
from agent.core.ceremony import Asked
from agent.core.chain import BatchState, Row
from agent.core.difference import Difference, Terms, difference
from agent.core.note import Note
from agent.disk.spool import Deletion, Spool
from agent.net.collector import Collector, Refused, Unreachable
from agent.review.desk import Desk
from agent.tray.words import Words
from schemas.access import AccessReply
from schemas.base import SchemaError
from schemas.policy import Policy
from schemas.study import StudyManifest

MAX_PAGES = 100
"""Pages of readings that are fetched: 100,000 readings, more than a participant's batches have in years."""
WEEK_NS = 7 * 86_400 * 1_000_000_000
HOUR_NS = 3_600 * 1_000_000_000


class Digest(Struct, frozen=True):
    """A week in figures."""

    worked_ns: int
    apps: int
    events: int
    frames: int
    masked: int
    unknown: int  # batches of which nothing was noted
    readers: tuple[str, ...] | None  # who read batches; None: the collector was not asked, or did not answer


def history(desk: Desk, *, ask: bool = True) -> dict[str, Any]:
    """Everything, newest last, as plain data.

    Args:
        desk: the person's.
        ask: whether the collector is asked who read what.
    """
    rows, notes = desk.rows(), desk.notes()
    asked = desk.found.asked
    assert asked is not None  # noqa: S101  # a desk has a study
    spool = Spool(desk.places, adopt=False)
    try:
        deletions, receipts = spool.deletions(), spool.consent_receipts()
    finally:
        spool.close()
    read = access(desk) if ask else None
    return {
        "batches": [_batch(row, notes.get(row.sequence), desk.app_names) for row in rows],
        "consent": consents.history(desk.found.ledger, receipts),
        "changes": list(changes(asked, desk.found.ledger[-1][1].processing.language if desk.found.ledger else "en")),
        "deletions": [_deletion(one) for one in deletions],
        **_read(read, rows),
    }


def access(desk: Desk) -> list[AccessReply] | None:
    """What the collector says of this device's batches, page by page; ``None`` where it does not answer."""
    enrolment, key = desk.found.enrolment, desk.found.key
    if enrolment is None or key is None:
        return None
    pages = list[AccessReply]()
    try:
        collector = Collector(enrolment.collector, key, now_s=time.time, entropy=secrets.token_bytes)
        try:
            while len(pages) < MAX_PAGES and (not pages or pages[-1].next is not None):
                pages.append(collector.access(pages[-1].next if pages else None))
        finally:
            collector.close()
    except (Unreachable, Refused, SchemaError):
        return None
    return pages


def changes(asked: Asked, language: str) -> Iterable[dict[str, Any]]:
    """What each newer study and policy at hand changed, in words."""
    manifests = _in_order([*asked.manifests.values(), asked.manifest])
    policies = _in_order([*asked.policies.values(), asked.policy])
    words = CeremonyWords()
    for old, new in pairwise(policies):
        found = difference(Terms(asked.manifest, old, language), Terms(asked.manifest, new, language))
        yield _change("policy", new.version, found, words)
    for before, after in pairwise(manifests):
        found = difference(Terms(before, asked.policy, language), Terms(after, asked.policy, language))
        yield _change("study", after.version, found, words)


def week(desk: Desk, now_ns: int, *, ask: bool = True) -> Digest:
    """The last seven days in figures."""
    rows = [row for row in desk.rows() if row.extent and row.extent.end_ns >= now_ns - WEEK_NS]
    notes = desk.notes()
    known = [notes[row.sequence] for row in rows if row.sequence in notes]
    pages = access(desk) if ask else None
    since_s = (now_ns - WEEK_NS) // 1_000_000_000
    readers = (
        tuple(sorted({p.name or "?" for page in pages for p in page.pulls if p.pull.at_s >= since_s}))
        if pages is not None
        else None
    )
    return Digest(
        worked_ns=sum(sum(note.worked_ns.values()) for note in known),
        apps=len({app for note in known for app in note.events}),
        events=sum(sum(note.events.values()) - note.frames for note in known),
        frames=sum(note.frames for note in known),
        masked=sum(sum(note.masked.values()) for note in known),
        unknown=len(rows) - len(known),
        readers=readers,
    )


def week_in_words(words: Words, told: Digest) -> list[str]:
    """The same, for people."""
    if not (told.events or told.frames or told.unknown):
        lines = [words("digest.nothing")]
    else:
        minutes = told.worked_ns // 60_000_000_000
        lines = [
            words("digest.hours", hours=f"{minutes // 60}:{minutes % 60:02d} h", apps=told.apps),
            words("digest.events", events=told.events, frames=told.frames),
            words("digest.masked", count=told.masked),
        ]
    if told.unknown:
        lines.append(words("digest.unknown", count=told.unknown))
    if told.readers is None:
        return [*lines, words("digest.not_asked")]
    return [*lines, words("digest.pulls", names=", ".join(told.readers)) if told.readers else words("digest.no_pulls")]


def _batch(row: Row, note: Note | None, names: Mapping[str, str]) -> dict[str, Any]:
    extent = row.extent
    return {
        "batch": row.sequence,
        "begin_s": extent.begin_ns // 1_000_000_000 if extent else None,
        "end_s": extent.end_ns // 1_000_000_000 if extent else None,
        "sealed_s": row.sealed_s,
        "apps": {names.get(app, app): count for app, count in note.events.items()} if note else None,
        "observations": extent.kept if extent else None,
        "pictures": note.frames if note else None,
        "masked": note.masked if note else None,
        "bytes": row.size,
        "digest": row.digest,
        "state": "deleted" if row.deletion is not None and row.state is BatchState.WAITING else row.state.value,
    }


def _deletion(one: Deletion) -> dict[str, Any]:
    """A wish to delete or to mask. When it was is forgotten once it is carried out."""
    return {
        "number": one.number,
        "what": one.why.value,
        "observations": one.unsealed + one.sealed,
        "batches_emptied": one.batches,
        "batches_cut": one.parts,
        "batches_asked_of_collector": one.asked,
        "done_here": one.done,
    }


def _read(pages: list[AccessReply] | None, rows: Iterable[Row]) -> dict[str, Any]:
    if pages is None:
        return {"collector_answered": False, "pulls": None, "erasures": None, "sweeps": None}
    numbers = {row.digest: row.sequence for row in rows}
    return {
        "collector_answered": True,
        "pulls": [
            {
                "at_s": one.pull.at_s,
                "name": one.name,
                "researcher": one.pull.researcher,
                "reason": one.pull.reason,
                "batch": numbers.get(one.pull.batch),
                "digest": one.pull.batch,
            }
            for page in pages
            for one in page.pulls
        ],
        "erasures": [one.model_dump(mode="json") for one in pages[-1].erasures],
        "sweeps": [one.model_dump(mode="json") for one in pages[-1].sweeps],
        "stored_batches": pages[-1].batches,
        "stored_bytes": pages[-1].stored_bytes,
        "wish": pages[-1].wish,
        "retention_days": pages[-1].retention_days,
    }


def _in_order(documents: list[Any]) -> list[Any]:
    """Each version once, oldest first."""
    by_version: dict[int, Policy | StudyManifest] = {document.version: document for document in documents}
    return [by_version[version] for version in sorted(by_version)]


def _change(kind: str, version: int, found: Difference, words: CeremonyWords) -> dict[str, Any]:
    return {
        "what": kind,
        "version": version,
        "wider": [sentence(words, change) for change in found.wider],
        "narrower": [sentence(words, change) for change in found.narrower],
    }
