"""``overt-research sweep`` and ``lineage``: what follows a withdrawal. Parses and prints."""

import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from research import desk, lineage
from research.common_cli import HOME, AsJson, From, Home, Organisation, examples, save, tell
from research.errors import InputError
from research.folder import Folder

app = typer.Typer()


@app.command(epilog=examples("sweep data --export parquet --cache ~/.cache/huggingface --receipt swept.json"))
def sweep(
    folder: From,
    receipt: Annotated[Path, typer.Option(help="Write the signed receipt here.")],
    exports: Annotated[list[Path] | None, typer.Option("--export", help="An export; known ones are added.")] = None,
    caches: Annotated[list[Path] | None, typer.Option("--cache", help="A folder in which loaders keep copies.")] = None,
    organisation: Organisation = None,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Take out of exports, what was made from them, and caches what was withdrawn. Exit code 1 if any is left."""
    now = int(time.time())
    done, signed = desk.sweep(Folder(folder), exports or [], caches or [], organisation, home, now)
    save(receipt, signed.model_dump_json(indent=1).encode() + b"\n")
    tell(msgspec.to_builtins(done), as_json=json_)
    if done.residue:
        raise typer.Exit(1)


@app.command("lineage", epilog=examples("lineage data", "lineage data --training run-4 --export parquet --seed 7"))
def lineage_(
    folder: From,
    training: Annotated[str | None, typer.Option(help="Record a training run or checkpoint of this name.")] = None,
    export_: Annotated[Path | None, typer.Option("--export", help="What it was trained on.")] = None,
    seed: Annotated[str, typer.Option(help="Its seed and order of shards, as you would need them again.")] = "",
    organisation: Organisation = None,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Say which checkpoints saw data that was withdrawn since; or record one. Weights are never said to forget."""
    now = int(time.time())
    if training and export_:
        lineage.record(home, lineage.Entry("training", training, lineage.batches(export_), now, order=seed))
    elif training or export_:
        raise InputError("--training and --export belong together")
    tell({"trained": lineage.plain(desk.trained(Folder(folder), organisation, home, now))}, as_json=json_)
