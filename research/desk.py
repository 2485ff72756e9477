"""What the commands do, put together: folder, keys, trust, verification, export. Prints nothing."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from research import export as exporting
from research import feed as feeds
from research import keys, lineage, log
from research import sweep as sweeping
from research.client import Collector
from research.documents import (
    check_age,
    collector_key,
    feed_of,
    fetched,
    listed,
    organisation_key,
    trust,
)
from research.errors import ExportError, InputError
from research.folder import Folder, Stored
from research.reasons import Finding, Reason
from research.shard import Wanted
from research.sweep import StaleError, Swept
from research.trust import Trust
from research.unseal import opener
from research.verify import Report, begin, missing
from research.verify import verify as verify_all
from research.work import How, Work, shared_out
from schemas.envelope import parse
from schemas.signed import SignedDocument, fingerprint, sign
from schemas.signed import verify as verify_signed
from schemas.study import StudyManifest


def enrol(collector: Collector, url: str, organisation: str, home: Path) -> dict[str, Any]:
    """Check that a collector's study is the organisation's, and pin both.

    Raises:
        SignatureError: another organisation signed the manifest.
        CollectorError: not reached.
    """
    raw = organisation_key(organisation)
    reply = collector.study()
    manifest = verify_signed(reply.manifest, StudyManifest, {fingerprint(raw): raw})
    pin = {"organisation": organisation, "study": manifest.study, "collector_key": reply.collector_key}
    keys.save_pin(home, keys.Pin(collector=url, **pin))
    own = keys.load(home).card() if keys.exist(home) else None
    named = own is not None and any(
        (r.recipient_fingerprint, r.signing_key) == (own.recipient_fingerprint, own.signing_key)
        for r in manifest.researchers
    )
    return {"study": manifest.study, "title": manifest.title, "organisation": fingerprint(raw), "names_you": named}


def verify(
    folder: Folder, organisation: str | None, home: Path, *, headers_only: bool, now_s: int | None = None
) -> Report:
    """Verify a folder; with the key in ``home``, if there is one, event by event.

    ``now_s`` (Unix seconds) has the age of the folder's list looked at; None leaves that out.

    Raises:
        NotEnrolledError: no organisation's key to go by.
        InputError: not a pulled folder.
    """
    opens = opener(keys.load(home).identity) if keys.exist(home) and not headers_only else None
    known = trust(folder, organisation, home)
    report = verify_all(folder.blobs(), known, listed(folder), opens)
    _look_at_log(folder, known, home, report)
    _look_at_feed(folder, known, home, now_s, report)
    return report


def follow(collector: Collector, folder: Folder, home: Path) -> tuple[feeds.Feed, log.LogReport]:
    """Follow the signed feed and the transparency log, and keep what proves them beside the batches.

    Raises:
        FeedBrokenError: the feed is not signed, has a gap, or is another one than before.
        LogBrokenError: the log was rewritten, or an entry is not where it should be.
        CollectorError: not reached.
    """
    key, study = collector_key(folder, home), keys.load_pin(home).study
    found = feeds.fetch(collector, folder.root, study, key)
    return found, log.audit(collector, folder.root, study, key, folder.ledger())


def _look_at_log(folder: Folder, known: Trust, home: Path, report: Report) -> None:
    try:
        found = log.check(folder.root, known.study or "", collector_key(folder, home), folder.ledger())
    except log.LogBrokenError as error:
        report.findings.append(Finding(Reason.LOG_BROKEN, detail=str(error)))
        return
    if found is None:
        report.findings.append(Finding(Reason.LOG_MISSING))
        return
    report.logged = found.proved
    if found.lacking:
        detail = f"the first of them {found.lacking[0][:16]}"
        report.findings.append(Finding(Reason.NOT_LOGGED, count=len(found.lacking), detail=detail))


def _look_at_feed(folder: Folder, known: Trust, home: Path, now_s: int | None, report: Report) -> None:
    try:
        found = feed_of(folder, known, home)
        report.withdrawn_until = found.newest.issued_s if found else None
        if now_s is not None:
            check_age(folder, known, home, now_s)
    except feeds.FeedBrokenError as error:
        report.findings.append(Finding(Reason.FEED_BROKEN, detail=str(error)))
    except StaleError as error:
        report.findings.append(Finding(Reason.STALE, detail=str(error)))


def sweep(
    folder: Folder, exports: Sequence[Path], caches: Sequence[Path], organisation: str | None, home: Path, now_s: int
) -> tuple[Swept, SignedDocument]:
    """Take what may not be used any more out of exports, of what was made from them, and of caches.

    Args:
        folder: what was pulled, lately.
        exports: folders to sweep; those that lineage knows are added.
        caches: folders of copies.
        organisation: its public key; None for the pinned one.
        home: folder of the researcher's keys and of the lineage.
        now_s: Unix seconds.

    Returns:
        What was done, and the receipt, signed by the researcher.

    Raises:
        StaleError: the folder was pulled too long ago.
        ExportError: something cannot be rewritten or deleted.
    """
    pulled = fetched(folder)
    work = Work(folder, organisation, home, Wanted())
    check_age(folder, work.trust, home, now_s)
    known = lineage.entries(home)
    there = [Path(e.name) for e in known if e.kind == "export" and Path(e.name).exists()]
    roots = list(dict.fromkeys([*(p.resolve() for p in exports), *there]))
    gone = _gone(
        folder, work, [*(b for e in known for b in e.batches), *(b for r in roots for b in lineage.batches(r))]
    )
    try:
        done = sweeping.sweep(roots, lineage.derived(known), caches, gone, work.rewrite)
    except OSError as error:
        raise ExportError(f"cannot sweep: {error.strerror}", "Give access to all of it, then sweep again.") from None
    runs = sum(answer.withdrawn > 0 for answer in lineage.trained(known, gone))
    told = sweeping.receipt(done, work.trust.study or "", gone, runs, now_s, pulled or 0)
    return done, sign(told, keys.load(home).signing)


def trained(folder: Folder, organisation: str | None, home: Path, now_s: int) -> list[lineage.Answer]:
    """Which recorded training runs saw data that was withdrawn since.

    Raises:
        StaleError: the folder was pulled too long ago to say.
    """
    work = Work(folder, organisation, home, Wanted())
    check_age(folder, work.trust, home, now_s)
    known = lineage.entries(home)
    return lineage.trained(known, _gone(folder, work, [b for e in known for b in e.batches]))


def _gone(folder: Folder, work: Work, used: Sequence[str]) -> dict[str, str]:
    """What was used and may not be any more, erased by its device's word or not listed by the collector; and whose."""
    devices = work.trust.devices.values()
    erased = {name: d.registration.participant for d in devices for name in d.erased.values()}
    listing = folder.listing()
    usable = {row.digest for row in listing.rows if not row.erased} if listing else set[str]()
    return {name: erased.get(name, "") for name in used if name in erased or name not in usable}


def export(
    folder: Folder,
    out: Path,
    organisation: str | None,
    home: Path,
    wanted: Wanted | None = None,
    how: How | None = None,
) -> tuple[exporting.Exported, Report]:
    """Verify a folder and export what verifies; goes on with what an interrupted run left.

    Args:
        folder: what was pulled.
        out: folder that does not exist yet.
        organisation: its public key; None for the pinned one.
        home: folder of the researcher's keys.
        wanted: what the export shall hold.
        how: processes or a cluster; None for this process alone.

    Raises:
        KeyFileError: no key to open with.
        ExportError: cannot be written.
    """
    chosen = wanted or Wanted()
    work = Work(folder, organisation, home, chosen)
    partial = exporting.partial_of(out) if chosen.dry else exporting.begin(out)
    tasks = exporting.tasks(work.plan, work.trust, work.basis(), chosen)
    ready = {} if chosen.dry else {t.participant: p for t in tasks if (p := exporting.finished(t, partial))}
    todo = [t for t in tasks if t.participant not in ready]
    made = shared_out(todo, work, partial, how or How())
    parts = [found for t in tasks if (found := ready.get(t.participant) or made[t.participant])]
    report = begin(work.trust, opened=True)
    report.findings += missing(work.sources, work.listed)
    left_out = work.strangers(report)
    done = exporting.total(parts, report, len(ready))
    done = replace(done, left_out=dict(sorted((Counter(done.left_out) + left_out).items())))
    if not chosen.dry:
        exporting.complete(partial, out, work.trust, parts, done)
    return done, report


def unseal(folder: Folder, digest: str, home: Path) -> bytes:
    """The plaintext of one batch's age file: a payload, see :mod:`schemas.payload`.

    Raises:
        InputError: no such batch, or several.
        UnsealError: this key does not open it.
    """
    opens = opener(keys.load(home).identity)
    return opens(parse(_find(folder, digest).read()).payload)


def _find(folder: Folder, digest: str) -> Stored:
    found = [b for b in folder.blobs() if b.name.startswith(digest)] if re.fullmatch("[0-9a-f]{4,64}", digest) else []
    if len(found) != 1:
        raise InputError(f"{len(found)} batches of that name in {folder.root}", "Name one by more of its digest.")
    return found[0]
