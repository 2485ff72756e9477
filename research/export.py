"""Export to Parquet: one folder for each participant, so that no file ever mixes two people.

::

    OUT/account.json                      totals: batches, events, loss account, what was left out and why
    OUT/<participant>/events.parquet      all events, wide
    OUT/<participant>/text.parquet        typed text with its placeholders
    OUT/<participant>/frames.parquet      pictures, undecoded, with patch and base
    OUT/<participant>/episodes.parquet    stretches of work with their loss accounts
    OUT/<participant>/contact-sheet.png   if there are pictures

The same input gives the same bytes: rows have one order, nothing tells the time of export.
"""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from research import table
from research.account import Account
from research.columnar import Columnar, Words
from research.errors import ExportError
from research.reasons import Finding, Reason
from research.sheet import Sheet
from research.trust import Trust
from research.verify import Outcome, Report
from schemas.envelope import EnvelopeHeader
from schemas.events import LossAccount

ROWS_A_GROUP = 65_536
BYTES_A_GROUP = 32 << 20
"""Bytes of pictures in a row group at most (and one more batch): memory stays bounded."""
LEVEL = 3
"""zstd's default: pictures are compressed already, columns shrink little beyond."""

TABLES: dict[str, Mapping[str, Any]] = {"events": table.EVENTS, "text": table.TEXT, "frames": table.FRAMES}


class Exported(Struct, frozen=True):
    """What was written."""

    participants: int
    batches: int
    events: int
    text: int
    frames: int
    left_out: dict[str, int]  # batches by reason; one with several reasons counts under each
    sheets: list[str]  # paths below the export's folder


def export(outcomes: Iterable[Outcome], trust: Trust, out: Path, report: Report) -> Exported:
    """Write what is usable among verified envelopes.

    Args:
        outcomes: from :func:`research.verify.stream`, with a key.
        trust: the same.
        out: folder that does not exist yet; it appears when all of it is there.
        report: counts every outcome.

    Raises:
        ExportError: the folder exists, or cannot be written.
    """
    if out.exists():
        raise ExportError(f"{out} exists already", "Name another folder: an export is never mixed with an older one.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))  # mode 0700
    except OSError as error:
        raise ExportError(f"cannot write {out}: {error.strerror}", "Choose another folder.") from None
    try:
        done = _write(outcomes, trust, work, report)
        work.rename(out)
    except OSError as error:
        raise ExportError(f"cannot write {out}: {error.strerror}", "Make room, or choose another folder.") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return done


def _write(outcomes: Iterable[Outcome], trust: Trust, work: Path, report: Report) -> Exported:
    totals, left_out = _Totals(), Counter[str]()
    shard: _Shard | None = None
    try:
        for outcome in outcomes:
            report.take(outcome)
            person = trust.participant(outcome.header.device) if outcome.header else None
            if not outcome.usable or outcome.header is None or outcome.payload is None or person is None:
                left_out.update({f.reason for f in outcome.findings if f.disqualifies})
                continue
            if shard is None or shard.participant != person:
                if shard:
                    shard.finish(totals)
                shard = _Shard(work, person)
            if not shard.add(outcome.name, outcome.header, outcome.payload):
                left_out[Reason.PAYLOAD_BROKEN] += 1
                report.findings.append(Finding(Reason.PAYLOAD_BROKEN, outcome.name, detail="does not fit in a table"))
        if shard:
            shard.finish(totals)
    except BaseException:
        if shard:
            shard.close()
        raise
    done = totals.exported(dict(sorted(left_out.items())))
    account = {"format": 1, "study": trust.study, "counts": _plain(done), "account": totals.account.plain()}
    (work / "account.json").write_text(json.dumps(account, indent=2, sort_keys=True) + "\n")
    return done


class _Totals:
    def __init__(self) -> None:
        self.account = Account()
        self.counts: Counter[str] = Counter()
        self.sheets: list[str] = []

    def exported(self, left_out: dict[str, int]) -> Exported:
        found = self.counts
        return Exported(
            found["participants"],
            found["batches"],
            found["events"],
            found["text"],
            found["frames"],
            left_out,
            self.sheets,
        )


class _Episode:
    def __init__(self) -> None:
        self.account = Account()
        self.begin = self.end = 0
        self.counts: Counter[str] = Counter()
        self.apps: set[str] = set()

    def add(self, opened: Columnar) -> None:
        loss: LossAccount = opened.account
        self.account.add(loss.seen, loss.kept, loss.dropped)
        if opened.size:
            times = opened.numbers("wall_ns")
            first = int(times.min())
            self.begin = min(first, self.begin) if self.counts["events"] else first
            self.end = max(self.end, int(times.max()))
        self.counts.update(batches=1, events=opened.size, frames=len(opened.pictures))
        for kind in opened.kinds.values():
            apps: Words = kind.columns["app"]
            self.apps |= {app for app in apps.words if app}

    def row(self, participant: str, device: str, episode: str) -> dict[str, Any]:
        origin = {"participant": participant, "device": device, "episode": episode}
        span = {"begin_ns": self.begin, "end_ns": self.end}
        counts = {n: self.counts[n] for n in ("batches", "events", "frames")}
        return {**origin, **span, **counts, "apps": sorted(self.apps), "account": self.account.rows()}


class _Shard:
    """The files of one participant, while they are written."""

    def __init__(self, work: Path, participant: str) -> None:
        self.participant = participant
        self._name = participant
        self._folder = work / participant
        self._folder.mkdir()
        self._files = {name: _File(self._folder / f"{name}.parquet", kind) for name, kind in TABLES.items()}
        self._episodes: dict[tuple[str, str], _Episode] = {}
        self._sheet = Sheet()

    def add(self, batch: str, header: EnvelopeHeader, opened: Columnar) -> bool:
        """Take in a batch; false, and nothing of it is taken, if it holds numbers that no table can."""
        origin = {
            "participant": self.participant,
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
        for frame in opened.pictures:
            self._sheet.add(header.device, frame, opened.image(frame))
        self._episodes.setdefault((header.device, opened.episode), _Episode()).add(opened)
        return True

    def finish(self, totals: _Totals) -> None:
        """Write what is left, and add this participant to the totals."""
        self.close()
        rows = [e.row(self.participant, *key) for key, e in self._episodes.items()]
        rows.sort(key=lambda row: (row["begin_ns"], row["device"], row["episode"]))
        episodes = _File(self._folder / "episodes.parquet", table.EPISODES)
        episodes.add(table.rows_table(table.EPISODES, rows))
        episodes.close()
        totals.counts.update(participants=1, batches=sum(row["batches"] for row in rows))
        totals.counts.update({name: file.rows for name, file in self._files.items()})
        for episode in self._episodes.values():
            totals.account.add(episode.account.seen, episode.account.kept, episode.account.dropped)
        if self._sheet.save(self._folder / "contact-sheet.png"):
            totals.sheets.append(f"{self._name}/contact-sheet.png")

    def close(self) -> None:
        for file in self._files.values():
            file.close()


class _File:
    """A Parquet file; rows are gathered into groups of a sensible size. It is there even if it has no row."""

    def __init__(self, path: Path, columns: Mapping[str, Any]) -> None:
        self.rows = 0
        self._waiting: list[Any] = []
        words = [name for name, kind in columns.items() if kind == pa.string()]  # a dictionary of pictures is a waste
        self._writer = pq.ParquetWriter(
            path,
            table.schema(columns),
            compression="zstd",
            compression_level=LEVEL,
            use_dictionary=words,
            store_schema=False,  # else words come back as Arrow dictionaries, which not every reader takes
        )

    def add(self, rows: Any) -> None:
        self.rows += rows.num_rows
        self._waiting.append(rows)
        if (
            sum(t.num_rows for t in self._waiting) >= ROWS_A_GROUP
            or sum(t.nbytes for t in self._waiting) >= BYTES_A_GROUP
        ):
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if any(t.num_rows for t in self._waiting):
            rows = pa.concat_tables(self._waiting).unify_dictionaries().combine_chunks()
            self._writer.write_table(rows, row_group_size=ROWS_A_GROUP)
        self._waiting = []


def _plain(done: Exported) -> dict[str, Any]:
    return {name: getattr(done, name) for name in Exported.__struct_fields__}
