"""How results look: the table of findings, the progress bar, the words about age."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from research.query import LEAST, Answer
from research.reasons import MEANING
from research.verify import Report

MAX_ROWS = 50
"""Findings in the table for people; `--json` has all."""
HEADERS_ONLY = (
    "Only the open part was checked: signatures, chains, recipients, consents, policies. Without a private key, each "
    "event's time, app and kind were NOT checked against consent."
)
GROUNDS: dict[str, str] = {
    "agreed": "Counted on consents: who agreed to it, and at most how much of it there is, since batches and bytes are "
    "all that these people sent. The collector cannot open batches, so it knows no more. Pull, then ask the folder.",
    "headers": "Counted on the envelopes' open part: batches whose consent allows it. What they hold was not opened.",
    "events": "Counted event by event, of verified batches.",
}
AGE_HOWTO = """\
Batches are age files behind a signed header. To open one with age 1.3 or later (https://age-encryption.org):

  overt-research age-identity --export --out identity.txt
  python3 -c "import sys; d = sys.stdin.buffer.read(); \\
    sys.stdout.buffer.write(d[22 + int.from_bytes(d[18:22], 'big') + 64:])" < BATCH.overt > batch.age
  age --decrypt --identity identity.txt batch.age > batch.payload

The header begins at byte 22; its length stands in bytes 18 to 21; 64 bytes of signature follow it; the rest is age.
Your recipient's fingerprint: {fingerprint}
Whoever has identity.txt can open every batch that was sealed to you. Delete it when you are done."""


def printable(text: str) -> str:
    """Text from outside without anything that steers a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def plain(report: Report) -> dict[str, Any]:
    """A report as JSON."""
    findings = [
        {**msgspec.to_builtins(f), "meaning": MEANING[f.reason], "disqualifies": f.disqualifies}
        for f in report.findings
    ]
    return {**msgspec.to_builtins(report), "good": report.good, "findings": findings}


def report(found: Report, console: Console) -> None:
    """Print a report for people."""
    if found.findings:
        console.print(_table(found))
    if len(found.findings) > MAX_ROWS:
        console.print(f"… and {len(found.findings) - MAX_ROWS} more; see --json")
    looked = f"{found.events} events and {found.frames} pictures checked" if found.opened else HEADERS_ONLY
    console.print(f"{found.devices} devices, {found.batches} batches, {found.verified} of them good. {looked}")
    if found.erased:
        console.print(
            f"{found.erased} batches were erased at their participants' wish, or in time: that breaks no chain."
        )
    if found.logged is not None:
        console.print(f"{found.logged} documents are in the transparency log, proved from what the folder holds.")
    console.print("Everything verifies." if found.good else f"{len(found.findings)} findings: NOT good.")


def counts(found: Answer, console: Console) -> None:
    """Print what a query counted."""
    names = list(found.cells[0].names) if found.cells else []
    table = Table(title="What there is", title_justify="left")
    for name in (*names, "participants", "batches", "bytes", "events"):
        table.add_column(name, justify="left" if name in names else "right", overflow="fold")
    for cell in [*found.cells, found.total]:
        told = [cell.names.get(name, "all") for name in names]
        few = f"<{LEAST}" if cell is found.total else "not told"
        numbers = [few if cell.participants is None else str(cell.participants)]
        numbers += ["" if n is None else f"{n:,}" for n in (cell.batches, cell.bytes, cell.events)]
        table.add_row(*(Text(printable(each)) for each in (*told, *numbers)))
    console.print(table)
    if found.hidden:
        console.print(f"{found.hidden} rows tell no number: fewer than {LEAST} people, or it could be worked out.")
    console.print(GROUNDS[found.ground])


def _table(found: Report) -> Table:
    table = Table(title="What does not verify", title_justify="left")
    for name in ("reason", "batch", "device", "no.", "event", "count", "what it means"):
        table.add_column(name, overflow="fold")
    for f in found.findings[:MAX_ROWS]:
        numbers = ("" if n is None else str(n) for n in (f.sequence, f.event, f.count))
        words = MEANING[f.reason] + (f" ({f.detail})" if f.detail else "")
        cells = (f.reason, (f.batch or "")[:12], (f.device or "")[:12], *numbers, words)
        table.add_row(*(Text(printable(cell)) for cell in cells))  # Text: brackets in it are no markup
    return table


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar with bytes, rate and time left on standard error, if people look at it; gives a function to move it."""
    console = Console(stderr=True)
    columns = (
        TextColumn("pulling"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda size: bar.advance(task, size)
