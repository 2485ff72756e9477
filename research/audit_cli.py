"""``overt-research audit``: the transparency log followed and checked, and what this desk did. Parses and prints."""

import time
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from research import desk, keys, lineage
from research.client import Collector, check_reason
from research.common_cli import HOME, AsJson, From, Home, examples, tell
from research.folder import Folder
from schemas.times import from_unix_ns

app = typer.Typer()
SEEN_BY_OTHERS = (
    "What the collector stores of every reading (who, which batch, when, why) is shown to the participants concerned "
    "and to the study's auditor, with its proof; not to other researchers."
)


@app.command(epilog=examples("audit data --reason 'Quarterly audit'", "audit data --reason 'Quarterly audit' --json"))
def audit(
    folder: From,
    reason: Annotated[str, typer.Option(help="Why. The participants will read it.")],
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Follow the transparency log, prove that what consent rests on is in it, and list what was done here, and why.

    Exit code 1 if the log was rewritten, or lacks a document that the collector gave.
    """
    with closing(Collector(keys.load_pin(home).collector, keys.load(home).signing, check_reason(reason))) as collector:
        found, log = desk.follow(collector, Folder(folder), home)
    done = [_deed(entry) for entry in lineage.entries(home)]
    facts: dict[str, Any] = {
        "log": msgspec.to_builtins(log),
        "withdrawn": {"entries": len(found.entries), "batches": len(found.gone), "issued_s": found.newest.issued_s},
        "here": done,
        "others": SEEN_BY_OTHERS,
    }
    if json_:
        tell(facts, as_json=True)
    else:
        tell({**facts["log"], **{f"withdrawn_{n}": v for n, v in facts["withdrawn"].items()},
              "done_here": [_line(deed) for deed in done], "others": SEEN_BY_OTHERS}, as_json=False)  # fmt: skip
    if log.lacking:
        raise typer.Exit(1)


def note_pull(home: Path, folder: Path, reason: str) -> None:
    """Remember that something was pulled, and why."""
    lineage.record(home, lineage.Entry("pull", str(folder.resolve()), [], int(time.time()), why=reason))


def _deed(entry: lineage.Entry) -> dict[str, Any]:
    when = from_unix_ns(entry.at * 1_000_000_000).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"what": entry.kind, "name": entry.name, "when": when, "batches": len(entry.batches), "why": entry.why}


def _line(deed: dict[str, Any]) -> str:
    held = f", {deed['batches']} batches" if deed["batches"] else ""
    return f"{deed['when']} {deed['what']} {deed['name']}{held}" + (f": {deed['why']}" if deed["why"] else "")
