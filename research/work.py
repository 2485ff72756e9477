"""The work of an export: what every process of it knows, and how participants are shared out. Prints nothing."""

import shutil
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from functools import partial as bound
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from research import export as exporting
from research import key_stores, keys, lineage, ray_engine
from research.documents import listed, trust
from research.errors import InputError
from research.folder import Folder
from research.shard import ShardReport, Wanted
from research.unseal import opener
from research.verify import Outcome, Report, Source, look, plan
from schemas.age import Identity
from schemas.base import digest as digest_of

ENGINES = ("local", "ray")


class How(Struct, frozen=True):
    """By what means parts are written."""

    jobs: int = 1  # processes; each takes whole participants
    engine: str = "local"  # one of ENGINES


class Work:
    """What every process of an export knows."""

    def __init__(
        self,
        folder: Folder,
        organisation: str | None,
        home: Path,
        wanted: Wanted,
        identity: Identity | None = None,  # None: the one in home
    ) -> None:
        self.folder, self.organisation, self.home, self.wanted = folder, organisation, home, wanted
        self.trust = trust(folder, organisation, home)
        self.identity = identity or keys.load(home).identity
        self._opens = opener(self.identity)
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


def shared_out(tasks: Sequence[exporting.Task], work: Work, partial: Path, how: How) -> dict[str, ShardReport]:
    """Write parts by the means that were asked for.

    Raises:
        InputError: no such engine.
        ExportError: cannot be written, or Ray is not there.
    """
    if how.engine not in ENGINES:
        raise InputError(f"unknown engine: {how.engine}", f"Known are: {', '.join(ENGINES)}.")
    if how.engine == "ray":
        return _on_ray(tasks, work, partial, how.jobs)
    if how.jobs > 1 and len(tasks) > 1:
        return _in_processes(tasks, work, partial, how.jobs)
    return work.run(tasks, partial)


def _in_processes(tasks: Sequence[exporting.Task], work: Work, partial: Path, jobs: int) -> dict[str, ShardReport]:
    """The same in several processes, of which this one is the first: it works while the others still start.

    Those are started anew, not forked: no key is copied along with memory. Each reads the keys by itself; a passphrase
    that was typed is told to it through a pipe. Each takes another part as soon as it has done one.
    """
    left, others = deque(tasks), min(jobs, len(tasks)) - 1

    def drain(run: Callable[[exporting.Task], dict[str, ShardReport]]) -> dict[str, ShardReport]:
        found = dict[str, ShardReport]()
        try:
            while task := _next(left):
                found |= run(task)
        finally:
            left.clear()  # nothing is left; or something went wrong, and the others shall end too
        return found

    given = (key_stores.remembered(), work.folder, work.organisation, work.home, work.wanted)
    with (
        ThreadPoolExecutor(others) as threads,
        ProcessPoolExecutor(others, get_context("spawn"), _begin, given) as pool,
    ):
        running = [threads.submit(drain, lambda t: pool.submit(_part, t, partial).result()) for _ in range(others)]
        made = drain(lambda task: work.run([task], partial))
        return made | {name: part for done in running for name, part in done.result().items()}


def _next(left: deque[exporting.Task]) -> exporting.Task | None:
    try:
        return left.popleft()
    except IndexError:
        return None


_given: tuple[Folder, str | None, Path, Wanted] | None = None
"""In a process that was started for an export: what it goes by."""


def _begin(phrase: str | None, folder: Folder, organisation: str | None, home: Path, wanted: Wanted) -> None:
    global _given  # noqa: PLW0603  # one export, one process
    key_stores.remember(phrase)
    _given = (folder, organisation, home, wanted)


@cache
def _own() -> Work:
    assert _given is not None  # noqa: S101  # begun before
    return Work(*_given)


def _part(task: exporting.Task, partial: Path) -> dict[str, ShardReport]:
    return _own().run([task], partial)


def _on_ray(tasks: Sequence[exporting.Task], work: Work, partial: Path, jobs: int) -> dict[str, ShardReport]:
    if not tasks:
        return {}
    organisation = work.organisation or keys.load_pin(work.home).organisation
    folder, out = Folder(work.folder.root.resolve()), partial.resolve()
    prepare = bound(_writer, folder, organisation, work.wanted, out)
    with TemporaryDirectory(prefix="overt-ray-") as temp:
        return ray_engine.run(work.identity, [t.participant for t in tasks], prepare, jobs, Path(temp))


def _writer(
    folder: Folder, organisation: str, wanted: Wanted, partial: Path, identity: Identity
) -> Callable[[str], ShardReport]:
    """What writes parts in a process that has nothing but the key and the folders."""
    work = Work(folder, organisation, Path(), wanted, identity)
    tasks = {task.participant: task for task in exporting.tasks(work.plan, work.trust, work.basis(), wanted)}
    return lambda participant: work.run([tasks[participant]], partial)[participant]
