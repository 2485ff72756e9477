"""What the commands do, put together: folder, keys, trust, verification, export. Prints nothing."""

import re
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from research import export as exporting
from research import keys, lineage
from research import sweep as sweeping
from research.client import Collector
from research.errors import ExportError, InputError
from research.folder import Folder, Stored
from research.reasons import Finding, Reason
from research.shard import ShardReport, Wanted
from research.sweep import StaleError, Swept, check_fresh
from research.trust import Trust, establish
from research.unseal import opener
from research.verify import Opener, Outcome, Report, Source, begin, look, missing, plan
from research.verify import verify as verify_all
from schemas.base import SchemaError, unbase64url
from schemas.base import digest as digest_of
from schemas.envelope import parse
from schemas.signed import SignedDocument, fingerprint, sign
from schemas.signed import verify as verify_signed
from schemas.study import StudyManifest

KEY_BYTES = 32


def organisation_key(text: str) -> bytes:
    """The raw public key of an organisation.

    Raises:
        InputError: not 32 bytes in base64url.
    """
    try:
        raw = unbase64url(text)
    except SchemaError:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise InputError(
            "--organisation is not a public key", "It has 43 characters; `overt-admin init` printed it, IT knows it."
        )
    return raw


def enrol(collector: Collector, url: str, organisation: str, home: Path) -> dict[str, Any]:
    """Check that a collector's study is the organisation's, and pin both.

    Raises:
        SignatureError: another organisation signed the manifest.
        CollectorError: not reached.
    """
    raw = organisation_key(organisation)
    manifest = verify_signed(collector.study().manifest, StudyManifest, {fingerprint(raw): raw})
    keys.save_pin(home, keys.Pin(collector=url, organisation=organisation, study=manifest.study))
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
    with_key = keys.exist(home) and not headers_only
    report = verify_all(folder.blobs(), trust(folder, organisation, home), listed(folder), _opener(home, with_key))
    if now_s is not None:
        try:
            check_fresh(fetched(folder), now_s)
        except StaleError as error:
            report.findings.append(Finding(Reason.STALE, detail=str(error)))
    return report


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
    check_fresh(pulled, now_s)
    known = lineage.entries(home)
    work = _Export(folder, organisation, home, Wanted())
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
    check_fresh(fetched(folder), now_s)
    known = lineage.entries(home)
    work = _Export(folder, organisation, home, Wanted())
    return lineage.trained(known, _gone(folder, work, [b for e in known for b in e.batches]))


def _gone(folder: Folder, work: "_Export", used: Sequence[str]) -> dict[str, str]:
    """What was used and may not be any more, erased by its device's word or not listed by the collector; and whose."""
    devices = work.trust.devices.values()
    erased = {name: d.registration.participant for d in devices for name in d.erased.values()}
    listing = folder.listing()
    usable = {row.digest for row in listing.rows if not row.erased} if listing else set[str]()
    return {name: erased.get(name, "") for name in used if name in erased or name not in usable}


def fetched(folder: Folder) -> int | None:
    """When the folder was pulled, Unix seconds; None if it does not tell. Raises: InputError."""
    listing = folder.listing()
    return listing.fetched if listing else None


def export(
    folder: Folder, out: Path, organisation: str | None, home: Path, wanted: Wanted | None = None, jobs: int = 1
) -> tuple[exporting.Exported, Report]:
    """Verify a folder and export what verifies; goes on with what an interrupted run left.

    Args:
        folder: what was pulled.
        out: folder that does not exist yet.
        organisation: its public key; None for the pinned one.
        home: folder of the researcher's keys.
        wanted: what the export shall hold.
        jobs: processes. Each reads the keys by itself and takes a whole participant at a time.

    Raises:
        KeyFileError: no key to open with.
        ExportError: cannot be written.
    """
    chosen = wanted or Wanted()
    work = _Export(folder, organisation, home, chosen)
    partial = exporting.partial_of(out) if chosen.dry else exporting.begin(out)
    tasks = exporting.tasks(work.plan, work.trust, work.basis(), chosen)
    ready = {} if chosen.dry else {t.participant: p for t in tasks if (p := exporting.finished(t, partial))}
    todo = [t for t in tasks if t.participant not in ready]
    made = _in_processes(todo, work, partial, jobs) if jobs > 1 and len(todo) > 1 else work.run(todo, partial)
    parts = [found for t in tasks if (found := ready.get(t.participant) or made[t.participant])]
    report = begin(work.trust, opened=True)
    report.findings += missing(work.sources, work.listed)
    left_out = work.strangers(report)
    done = exporting.total(parts, report, len(ready))
    done = replace(done, left_out=dict(sorted((Counter(done.left_out) + left_out).items())))
    if not chosen.dry:
        exporting.complete(partial, out, work.trust, parts, done)
    return done, report


class _Export:
    """What every process of an export knows."""

    def __init__(self, folder: Folder, organisation: str | None, home: Path, wanted: Wanted) -> None:
        self.folder, self.organisation, self.home, self.wanted = folder, organisation, home, wanted
        self.trust = trust(folder, organisation, home)
        self._opens = _opener(home, wanted=True)
        self.sources, self.listed = list(folder.blobs()), listed(folder)
        self.plan = plan(self.sources, self.trust)

    def basis(self) -> str:
        """Digest of all that decides besides the batches."""
        documents = [self.folder.ledger().model_dump_json(), self.folder.study().model_dump_json()]
        return digest_of("\n".join([*documents, *(self.listed or ["-"])]).encode())

    def run(self, tasks: Sequence[exporting.Task], partial: Path) -> dict[str, ShardReport]:
        """Write these parts."""
        study = self.trust.study or ""
        return {
            t.participant: exporting.write_part(t, self._look(t.sources), study, partial, self.wanted) for t in tasks
        }

    def rewrite(self, exported: Path, people: Collection[str]) -> None:
        """Make some participants' parts of an export anew; one of whom nothing is left goes altogether."""
        before = {part.participant: part for part in lineage.shards(exported)}
        sheets = any(part.sheet for part in before.values())
        tars = any(part.tars for part in before.values())
        self.wanted = Wanted(steps=any(exported.glob("*/steps.parquet")), sheets=sheets, webdataset=tars)
        tasks = [
            t for t in exporting.tasks(self.plan, self.trust, self.basis(), self.wanted) if t.participant in people
        ]
        self.run(tasks, exported)
        for name in set(people) - {task.participant for task in tasks}:
            shutil.rmtree(exported / name)
        parts = lineage.shards(exported)
        done = exporting.total(parts, Report(opened=True, findings=[]), 0)
        exporting.describe(exported, self.trust, parts, done)

    def strangers(self, report: Report) -> Counter[str]:
        """Look at what belongs to nobody known."""
        left_out = Counter[str]()
        for outcome in self._look(exporting.strangers(self.plan)):
            report.take(outcome)
            left_out.update({f.reason for f in outcome.findings if f.disqualifies})
        return left_out

    def _look(self, sources: Sequence[Source]) -> Iterator[Outcome]:
        return look(sources, self.plan, self.trust, self.listed, self._opens)


def _in_processes(tasks: Sequence[exporting.Task], work: _Export, partial: Path, jobs: int) -> dict[str, ShardReport]:
    """The same in several processes. They are started anew, not forked: no key is copied along with memory."""
    shares = [tasks[n::jobs] for n in range(min(jobs, len(tasks)))]
    with ProcessPoolExecutor(len(shares), mp_context=get_context("spawn")) as pool:
        given = (work.folder, work.organisation, work.home, work.wanted)
        running = [pool.submit(_share, given, share, partial) for share in shares]
        return {name: part for done in running for name, part in done.result().items()}


def _share(
    given: tuple[Folder, str | None, Path, Wanted], tasks: Sequence[exporting.Task], partial: Path
) -> dict[str, ShardReport]:
    return _Export(*given).run(tasks, partial)


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


def trust(folder: Folder, organisation: str | None, home: Path) -> Trust:
    """What may be relied on, from a folder's documents. Raises: NotEnrolledError, InputError."""
    text = organisation if organisation is not None else keys.load_pin(home).organisation
    return establish(folder.ledger(), folder.study(), organisation_key(text))


def listed(folder: Folder) -> list[str] | None:
    """Digests that the collector listed and has not erased; None if that is not known. Raises: InputError."""
    listing = folder.listing()
    return None if listing is None else [row.digest for row in listing.rows if not row.erased]


def _opener(home: Path, wanted: bool) -> Opener | None:  # noqa: FBT001
    return opener(keys.load(home).identity) if wanted else None
