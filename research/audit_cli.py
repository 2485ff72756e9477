"""``overt-research audit``: the transparency log followed and checked, and what this desk did. Parses and prints."""

import time
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from research import desk, documents, keys, lineage, readings
from research.client import Collector, check_reason
from research.common_cli import HOME, AsJson, From, Home, examples, tell
from research.folder import Folder
from schemas.times import from_unix_ns

app = typer.Typer()
SEEN_BY_OTHERS = (
    "What the collector stores of every reading (who, which batch, when, why) is shown to the participants concerned "
    "and to the study's auditor, with its proof; not to other researchers."
)


@app.command(
    epilog=examples("audit data --reason 'Quarterly audit'", "audit data --reason 'Quarterly audit' --everyone --json")
)
def audit(
    folder: From,
    reason: Annotated[str, typer.Option(help="Why. The participants will read it.")],
    everyone: Annotated[
        bool, typer.Option("--everyone", help="As the study's auditor: who read which batch, when and why.")
    ] = False,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Follow the transparency log, prove that what consent rests on is in it, and list what was done here, and why.

    With --everyone, for whoever's key the collector knows as an auditor's: list everybody's readings, and prove each in
    the log. Exit code 1 if the log was rewritten, or lacks something that the collector told, or the other way round.
    """
    if everyone:
        _everyone(folder, reason, home, as_json=json_)
        return
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


def _everyone(folder: Path, reason: str, home: Path, *, as_json: bool) -> None:
    pin = keys.load_pin(home)
    key = documents.collector_key(Folder(folder), home)
    with closing(Collector(pin.collector, keys.load(home).signing, check_reason(reason))) as collector:
        found = readings.readings(collector, folder, pin.study, key)
    rows = [
        {
            "when": _when(row.pull.at_s),
            "name": row.name or row.pull.researcher[:12],
            "why": row.pull.reason,
            "batch": row.pull.batch,
        }
        for row in found.rows
    ]
    facts = {name: getattr(found, name) for name in ("size", "root", "before", "proved", "waiting")}
    wrong = {"not_in_log": list(found.not_in_log), "not_told": list(found.not_told)}
    if as_json:
        tell({"log": facts, "readings": rows, **wrong}, as_json=True)
    else:
        lines = [f"{r['when']} {r['name']} {r['batch'][:12]}: {r['why']}" for r in rows]
        tell({**facts, "readings": lines, **wrong}, as_json=False)
    if found.not_in_log or found.not_told:
        raise typer.Exit(1)


def note_pull(home: Path, folder: Path, reason: str) -> None:
    """Remember that something was pulled, and why."""
    lineage.record(home, lineage.Entry("pull", str(folder.resolve()), [], int(time.time()), why=reason))


def _when(at_s: int) -> str:
    return from_unix_ns(at_s * 1_000_000_000).strftime("%Y-%m-%dT%H:%M:%SZ")


def _deed(entry: lineage.Entry) -> dict[str, Any]:
    return {
        "what": entry.kind,
        "name": entry.name,
        "when": _when(entry.at),
        "batches": len(entry.batches),
        "why": entry.why,
    }


def _line(deed: dict[str, Any]) -> str:
    held = f", {deed['batches']} batches" if deed["batches"] else ""
    return f"{deed['when']} {deed['what']} {deed['name']}{held}" + (f": {deed['why']}" if deed["why"] else "")
