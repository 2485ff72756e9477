"""A participant's part of an export while it is written: their own folder, and what ``shard.json`` tells of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
from msgspec import Struct

from research import files, table
from research.account import Account
from research.columnar import Columnar, Words
from research.errors import ExportError
from research.identity import sample_uid
from research.reasons import Finding, Reason
from research.sheet import Sheet
from research.steps import STEPS, StepWriter
from research.verify import Outcome, Report
from research.webdataset import LOST, Shards
from schemas.envelope import EnvelopeHeader

TABLES: Final[dict[str, Mapping[str, Any]]] = {
    "events": table.EVENTS,
    "text": table.TEXT,
    "frames": table.FRAMES,
    "steps": STEPS,
}
SHEET: Final = "contact-sheet.png"


class Wanted(Struct, frozen=True):
    """What an export shall hold beside events, text, frames and episodes."""

    steps: bool = True
    sheets: bool = False  # decodes every picture: some 300 a second
    dry: bool = False  # count and measure, write nothing
    webdataset: bool = False  # tar shards of steps beside the tables; paints pictures that are patches


class ShardReport(Struct, frozen=True):
    """What became of one participant's batches; stored beside their files, so that a restart need not look again."""

    key: str  # of all that it was made from
    participant: str
    split: str
    batches: list[str]  # digests of those that are in it
    counts: dict[str, int]
    sizes: dict[str, int]  # bytes by file
    account: dict[str, Any]
    left_out: dict[str, int]
    steps_lost: dict[str, int]
    findings: list[Finding]
    report: dict[str, int]
    sheet: bool = False
    tars: dict[str, int] = {}  # samples by WebDataset shard


class _Episode:
    def __init__(self) -> None:
        self.account = Account()
        self.begin = self.end = 0
        self.counts: Counter[str] = Counter()
        self.apps: set[str] = set()
        self.batches: list[str] = []

    def add(self, batch: str, opened: Columnar) -> None:
        loss = opened.account
        self.account.add(loss.seen, loss.kept, loss.dropped)
        self.batches.append(batch)
        if opened.size:
            times = opened.numbers("wall_ns")
            first = int(times.min())
            self.begin = min(first, self.begin) if self.counts["events"] else first
            self.end = max(self.end, int(times.max()))
        self.counts.update(batches=1, events=opened.size, frames=len(opened.pictures))
        for kind in opened.kinds.values():
            apps: Words = kind.columns["app"]
            self.apps |= {app for app in apps.words if app}

    def row(self, participant: str, device: str, episode: str, split: str) -> dict[str, Any]:
        origin = {"participant": participant, "device": device, "episode": episode}
        uid = sample_uid("episode", sorted(self.batches))
        span = {"begin_ns": self.begin, "end_ns": self.end}
        counts = {n: self.counts[n] for n in ("batches", "events", "frames")}
        told = {"apps": sorted(self.apps), "account": self.account.rows()}
        return {**origin, "sample_uid": uid, "split": split, **span, **counts, **told}


class Shard:
    """The files of one participant."""

    def __init__(self, folder: Path, participant: str, split: str, wanted: Wanted) -> None:
        self._folder, self._participant, self._split, self._wanted = folder, participant, split, wanted
        names = [n for n in TABLES if n != "steps" or wanted.steps]
        self._sinks: dict[str, files.Counter] = {}
        self._files = {name: self._open(name, TABLES[name]) for name in names}
        self._episodes: dict[tuple[str, str], _Episode] = {}
        self._steps: dict[str, StepWriter] = {}
        self._batches: list[str] = []
        self._sheet = Sheet()
        self._tars = Shards(self._create) if wanted.webdataset else None
        self._drawn = False

    def take(self, outcomes: Iterable[Outcome], report: Report, key: str) -> ShardReport:
        """Write all that is usable.

        Raises:
            OSError: it cannot be written.
        """
        left_out = Counter[str]()
        try:
            for outcome in outcomes:
                report.take(outcome)
                if not outcome.usable or outcome.header is None or outcome.payload is None:
                    left_out.update({f.reason for f in outcome.findings if f.disqualifies})
                elif not self._add(outcome.name, outcome.header, outcome.payload):
                    left_out[Reason.PAYLOAD_BROKEN] += 1
                    fault = Finding(Reason.PAYLOAD_BROKEN, outcome.name, detail="does not fit in a table")
                    report.findings.append(fault)
            account, counts = self._finish()
        finally:
            self._close()
        lost = sum((Counter(s.lost) for s in self._steps.values()), Counter[str]())
        lost.update({LOST: self._tars.lost} if self._tars and self._tars.lost else {})
        return ShardReport(
            key=key,
            participant=self._participant,
            split=self._split,
            batches=self._batches,
            counts=counts,
            sizes=self._sizes(),
            account=account.plain(),
            left_out=dict(sorted(left_out.items())),
            steps_lost=dict(sorted(lost.items())),
            findings=report.findings,
            report={n: getattr(report, n) for n in ("batches", "verified", "events", "frames")},
            sheet=self._drawn,
            tars=self._tars.samples if self._tars else {},
        )

    def _create(self, name: str) -> IO[bytes]:
        if not self._wanted.dry:
            return (self._folder / name).open("xb")
        self._sinks[name] = files.Counter()
        return self._sinks[name]  # type: ignore[return-value]  # all that tarfile asks of a file

    def _open(self, name: str, columns: Mapping[str, Any]) -> files.TableFile:
        if not self._wanted.dry:
            return files.TableFile(self._folder / f"{name}.parquet", columns)
        self._sinks[f"{name}.parquet"] = files.Counter()
        return files.TableFile(self._sinks[f"{name}.parquet"], columns)

    def _add(self, batch: str, header: EnvelopeHeader, opened: Columnar) -> bool:
        """Take in a batch; false, and nothing of it is taken, if it holds numbers that no table can."""
        origin = {
            "participant": self._participant,
            "device": header.device,
            "batch": batch,
            "batch_sequence": header.sequence,
            "episode": opened.episode,
        }
        try:
            tables = {
                "events": table.events_table(opened, origin),
                "text": table.text_table(opened, origin),
                "frames": table.frames_table(opened, origin),
            }
        except (pa.ArrowException, OverflowError):
            return False
        for name, rows in tables.items():
            self._files[name].add(rows)
        if self._wanted.steps:
            steps = self._steps.setdefault(header.device, StepWriter(self._participant, header.device))
            if self._tars:
                self._tars.see(header.device, opened)
            self._add_steps(steps.add(opened))
        if self._wanted.sheets:
            for frame in opened.pictures:
                self._sheet.add(header.device, frame, opened.image(frame))
        self._episodes.setdefault((header.device, opened.episode), _Episode()).add(batch, opened)
        self._batches.append(batch)
        return True

    def _add_steps(self, rows: Any) -> None:
        self._files["steps"].add(rows)
        if self._tars:
            self._tars.add(rows)

    def _finish(self) -> tuple[Account, dict[str, int]]:
        for steps in self._steps.values():
            self._add_steps(steps.close())
        rows = [e.row(self._participant, *key, self._split) for key, e in self._episodes.items()]
        rows.sort(key=lambda row: (row["begin_ns"], row["device"], row["episode"]))
        self._files["episodes"] = self._open("episodes", table.EPISODES)
        self._files["episodes"].add(table.rows_table(table.EPISODES, rows))
        account = Account()
        for episode in self._episodes.values():
            account.add(episode.account.seen, episode.account.kept, episode.account.dropped)
        if self._wanted.sheets and not self._wanted.dry:
            self._drawn = self._sheet.save(self._folder / SHEET)
        counts = {name: file.rows for name, file in self._files.items()}
        return account, {**counts, "batches": len(self._batches)}

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        if self._tars:
            self._tars.close()

    def _sizes(self) -> dict[str, int]:
        if self._wanted.dry:
            return {name: sink.bytes for name, sink in sorted(self._sinks.items())}
        return {path.name: path.stat().st_size for path in sorted(self._folder.iterdir())}


def check_folder_name(name: str) -> str:
    """A participant's pseudonym as a folder's name.

    Raises:
        ExportError: it is none. Registrations allow no such pseudonym; this is the last door before the disk.
    """
    if not name or "/" in name or name.startswith("."):
        raise ExportError("a participant's pseudonym cannot name a folder")
    return name
