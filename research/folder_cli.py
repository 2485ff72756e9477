"""``overt-research verify``, ``unseal``, ``export``, ``actions`` and ``view``: for folders. Parses and prints."""

import json
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from research import desk, documents, lineage, rerun_view, show
from research.adapters import ADAPTERS
from research.common_cli import FORMAT, HOME, AsJson, From, Home, Organisation, examples, save, tell
from research.conversion import convert
from research.errors import InputError
from research.export import partial_of
from research.folder import Folder
from research.shard import Wanted
from research.view import folder_of, load, view
from research.work import ENGINES, How

app = typer.Typer()
FORMATS = ("parquet", "webdataset")


@app.command(epilog=examples("verify data", "verify data --organisation 3q2-7w… --headers-only --json"))
def verify(
    folder: From,
    organisation: Organisation = None,
    headers_only: Annotated[
        bool, typer.Option("--headers-only", help="Do not open batches, as anyone without a key can.")
    ] = False,
    any_age: Annotated[bool, typer.Option("--any-age", help="Do not mind how long ago the folder was pulled.")] = False,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Prove offline that each event was consented to. Exit code 1 if anything at all is wrong."""
    now = None if any_age else int(time.time())
    report = desk.verify(Folder(folder), organisation, home, headers_only=headers_only, now_s=now)
    if json_:
        print(json.dumps({"format": FORMAT, **show.plain(report)}, indent=2))
    else:
        show.report(report, Console())
    if not report.good:
        raise typer.Exit(1)


@app.command(epilog=examples("unseal 3f9a… --dir data --out batch.payload"))
def unseal(
    digest: Annotated[str, typer.Argument(help="Digest of the envelope, or its first characters.")],
    out: Annotated[Path, typer.Option(help="File to write, for your eyes only (mode 0600).")],
    dir_: Annotated[Path, typer.Option("--dir", help="Folder that was pulled.")] = Path(),
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Open one batch's sealed part into a file. This does not verify: `verify` does."""
    opened = desk.unseal(Folder(dir_), digest, home)
    save(out, opened)
    if json_:
        tell({"written": str(out), "bytes": len(opened)}, as_json=True)


@app.command(epilog=examples("export data --out exported", "export data --out shards --format webdataset --json"))
def export(  # noqa: PLR0913, PLR0917  # one argument an option
    folder: From,
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    format_: Annotated[
        str, typer.Option("--format", help="parquet | webdataset (tar shards of steps beside the tables)")
    ] = "parquet",
    sheets: Annotated[bool, typer.Option("--sheets", help="Draw a contact sheet for each participant (slow).")] = False,
    steps: Annotated[bool, typer.Option(help="Reduce raw events to steps: clicks, typing, keys.")] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; tell what would be, and its size.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes; each takes whole participants.")] = 1,
    reason: Annotated[str | None, typer.Option(help="Why; kept in lineage, and told by `audit`.")] = None,
    engine: Annotated[
        str, typer.Option(help="local | ray (pip install 'overt[ray]'; RAY_ADDRESS names a cluster)")
    ] = "local",
    organisation: Organisation = None,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Verify, open, and write what verifies as Parquet. Exit code 1 if anything was left out or is wrong.

    Stopped halfway, run it again: it goes on with the participants that are not done.
    """
    if format_ not in FORMATS:
        raise InputError(f"unknown format: {format_}", f"Known are: {', '.join(FORMATS)}.")
    if engine not in ENGINES:
        raise InputError(f"unknown engine: {engine}", f"Known are: {', '.join(ENGINES)}.")
    if format_ == "webdataset" and not steps:
        raise InputError("WebDataset samples are steps", "Leave --no-steps out.")
    wanted = Wanted(steps=steps, sheets=sheets, dry=dry_run, webdataset=format_ == "webdataset")
    now = int(time.time())
    known = documents.trust(Folder(folder), organisation, home)
    documents.check_age(Folder(folder), known, home, now)
    if not dry_run:  # before anything lies there in the open, so that a sweep knows of it, come what may
        partial, inside = str(partial_of(out).resolve()), [b.name for b in Folder(folder).blobs()]
        lineage.record(home, lineage.Entry("derived", partial, inside, now))
    done, report = desk.export(Folder(folder), out, organisation, home, wanted, How(jobs, engine))
    if not dry_run:
        made = lineage.Entry("export", str(out.resolve()), lineage.batches(out), now, why=reason)
        lineage.record(home, made)
    facts = msgspec.to_builtins(done) | {"folder": str(out), "dry_run": dry_run}
    if json_:
        print(json.dumps({"format": FORMAT, **facts, "verification": show.plain(report)}, indent=2))
    else:
        tell(facts, as_json=False)
        show.report(report, Console())
    if not report.good:
        raise typer.Exit(1)


@app.command(epilog=examples("actions exported --to anthropic --out actions"))
def actions(
    exported: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that was exported.")],
    to: Annotated[str, typer.Option(help=" | ".join(ADAPTERS))],
    out: Annotated[Path, typer.Option(help="Folder for one JSON Lines file a participant.")],
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Write an export's steps as another program's actions, and tell what it cannot express."""
    lineage.record(home, lineage.Entry("derived", str(out.resolve()), lineage.batches(exported), int(time.time())))
    tell(convert(exported, to, out), as_json=json_)


@app.command("view", epilog=examples("view exported --out replays/p-1.html --participant p-1"))
def view_(
    exported: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that was exported.")],
    out: Annotated[Path, typer.Option(help="File to write.")],
    participant: Annotated[str | None, typer.Option(help="Whose; needed if there are several.")] = None,
    episode: Annotated[str | None, typer.Option(help="Which stretch of work; the first by default.")] = None,
    format_: Annotated[
        str, typer.Option("--format", help="html | rrd (for Rerun; pip install 'overt[rerun]')")
    ] = "html",
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Write a replay: one HTML file that needs no network. It shows what was recorded: keep it as you keep exports."""
    if format_ not in {"html", "rrd"}:
        raise InputError(f"unknown format: {format_}", "Known are: html, rrd.")
    person = folder_of(exported, participant).name
    made = [b for shard in lineage.shards(exported) if shard.participant == person for b in shard.batches]
    lineage.record(home, lineage.Entry("derived", str(out.resolve()), made, int(time.time())))
    if format_ == "rrd":
        told = rerun_view.write(load(exported, participant, episode), out)
    else:
        told = view(exported, out, participant, episode)
    tell(told, as_json=json_)
