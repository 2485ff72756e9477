"""What the researcher's desk does a second: ``python -m benchmarks.research``.

A study is simulated, sealed as devices seal it (20,000 rows a batch) and lies in memory. *Verified* is all that
``overt-research verify`` does: digests, signatures, chain, recipients, and each event's time, app and modality. The
raw figure opens the same bytes and writes the same Parquet without looking at anything. Seconds are of CPU.
"""

import argparse
import io
import random
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from msgspec.structs import replace

from benchmarks import research_whole as whole
from benchmarks.report import Measured, report
from research import table
from research.columnar import Columnar, read
from research.files import TableFile
from research.unseal import opener
from research.verify import stream
from schemas.envelope import parse
from schemas.events import Event
from schemas.payload import take_apart
from tests.research.bench import Bench, picture

ROWS: Final = 20_000
"""Events of one batch: where the agent closes it."""
FRAMES_A_BATCH: Final = 400
STEP_NS: Final = 17_000_000
PEOPLE: Final = 10
"""Of the study that is exported whole: a process takes one after the other."""


def study(batches: int, people: int = 2) -> Bench:
    """Batches of typing and of pointer moves, in turn; a person's later ones repeat their first, later."""
    bench, rng = Bench.make(), random.Random(1)  # noqa: S311  # the same load each time
    for _ in range(people):
        device = bench.person()
        device.make.next_ns -= 3_000 * 10**9
        events = _events(device.make, rng)
        for _ in range(batches // people):
            device.envelope(events, at=device.make.next_ns)
            events = _later(device.make, events)
    return bench


def _later(make: Any, events: list[Event]) -> list[Event]:
    shift, first = make.next_ns - events[0].wall_ns, make.seq
    make.next_ns, make.seq = events[-1].wall_ns + shift + STEP_NS, first + len(events)
    return [
        replace(event, seq=first + n, wall_ns=event.wall_ns + shift, mono_ns=event.mono_ns + shift)
        for n, event in enumerate(events)
    ]


def _events(make: Any, rng: random.Random) -> list[Event]:
    found: list[Event] = []
    x, y = 400, 300
    while len(found) < ROWS:
        make.next_ns -= 100_000_000 - rng.randrange(STEP_NS // 2, STEP_NS)
        if rng.random() < 0.3:  # noqa: PLR2004
            found += [make.key(rng.choice("etaoin shrdlu"), down=d, segment=len(found) // 40) for d in (True, False)]
        else:
            x, y = x + rng.randrange(-90, 90), y + rng.randrange(-40, 40)
            found.append(make.pointer("move", x, y))
    return found[:ROWS]


def filmed(batches: int) -> Bench:
    """Batches of pictures, each of a few KiB."""
    bench = Bench.make()
    device = bench.person()
    image = picture((320, 200), (200, 220, 240), "a picture of some words")
    for _ in range(batches):
        frames = [
            device.make.frame(image, offset=n * len(image), size=(320, 200), app="editor")
            for n in range(FRAMES_A_BATCH)
        ]
        device.make.next_ns -= FRAMES_A_BATCH * 90_000_000
        device.envelope(frames, frames=image * FRAMES_A_BATCH, at=device.make.next_ns)
    return bench


def timed(work: Callable[[], Any], rounds: int = 3) -> float:
    """Seconds of CPU of the best round."""
    best = float("inf")
    for _ in range(rounds):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def _verified(bench: Bench) -> Iterable[tuple[Columnar, dict[str, Any]]]:
    trust, opens = bench.trust(), opener(bench.world.researchers[0].identity)
    for outcome in stream(bench.sources(), trust, None, opens):
        if not outcome.usable or outcome.payload is None or outcome.header is None:
            raise SystemExit("a batch of the benchmark does not verify")
        yield outcome.payload, _origin(outcome.name, outcome.header)


def _raw(bench: Bench) -> Iterable[tuple[Columnar, dict[str, Any]]]:
    opens = opener(bench.world.researchers[0].identity)
    for source in bench.sources():
        envelope = parse(source.data)
        yield read(opens(envelope.payload)), _origin(source.name, envelope.header)


def _origin(name: str, header: Any) -> dict[str, Any]:
    at = {"device": header.device, "batch": name, "batch_sequence": header.sequence}
    return {"participant": "p", **at, "episode": "e"}


def _columnar(bench: Bench) -> None:
    for opened, origin in _verified(bench):
        table.events_table(opened, origin)


def _write(batches: Iterable[tuple[Columnar, dict[str, Any]]]) -> None:
    file = TableFile(io.BytesIO(), table.EVENTS)
    for opened, origin in batches:
        file.add(table.events_table(opened, origin))
    file.close()


def _write_frames(bench: Bench) -> None:
    events, frames = (TableFile(io.BytesIO(), kind) for kind in (table.EVENTS, table.FRAMES))
    for opened, origin in _verified(bench):
        events.add(table.events_table(opened, origin))
        frames.add(table.frames_table(opened, origin))
    events.close()
    frames.close()


def measure(batches: int) -> list[Measured]:
    """All figures that need no other process."""
    bench = study(batches)
    rows = batches * ROWS
    columns = timed(lambda: _columnar(bench))
    verified, raw = timed(lambda: _write(_verified(bench))), timed(lambda: _write(_raw(bench)))
    tables = [table.events_table(opened, origin) for opened, origin in _raw(bench)]
    bare = timed(lambda: _bare(bench, tables))
    pictures = filmed(6)
    frames = 6 * FRAMES_A_BATCH / timed(lambda: _write_frames(pictures))
    return [
        Measured("verified, opened, as columns", rows / columns, "events/s", 1e6, "a core", at_least=True),
        Measured("the same, and written as Parquet", rows / verified, "events/s", None, f"raw: {rows / raw:,.0f}"),
        Measured("of the raw rate without verification", raw / verified, "share", 0.7, "same bytes", at_least=True),
        Measured(
            "of decrypt + zstd + writing ready-made columns", bare / verified, "share", None, "columns decoded before"
        ),
        Measured("pictures through export, undecoded", frames, "frames/s", 5_000, "a core", at_least=True),
    ]


def _bare(bench: Bench, tables: list[pa.Table]) -> None:
    opens = opener(bench.world.researchers[0].identity)
    file = TableFile(io.BytesIO(), table.EVENTS)
    for source, rows in zip(bench.sources(), tables, strict=True):
        take_apart(opens(parse(source.data).payload))
        file.add(rows)
    file.close()


def main() -> None:
    """Measure, print, and say by the exit code whether all was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=20, help="batches of 20,000 events")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = measure(options.batches)
    rows += whole.pulling()
    rows += whole.whole(lambda size: study(size, PEOPLE), options.batches, options.batches * 10)
    rows.append(import_module("benchmarks.research_replayed").replayed())  # late: it brings two SDKs along
    raise SystemExit(not report("The researcher's desk", rows, options.json))


if __name__ == "__main__":
    main()
