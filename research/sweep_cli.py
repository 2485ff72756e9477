"""``overt-research sweep`` and ``lineage``: what follows a withdrawal. Parses and prints."""

import time
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from research import desk, keys, lineage
from research.client import Collector
from research.common_cli import HOME, AsJson, From, Home, Organisation, examples, save, tell
from research.errors import CollectorError, InputError
from research.folder import Folder
from schemas.signed import SignedDocument

app = typer.Typer()


@app.command(epilog=examples("sweep data --export exported --cache ~/.cache/huggingface --receipt swept.json"))
def sweep(  # noqa: PLR0913, PLR0917  # one argument an option
    folder: From,
    receipt: Annotated[Path, typer.Option(help="Write the signed receipt here.")],
    exports: Annotated[list[Path] | None, typer.Option("--export", help="An export; known ones are added.")] = None,
    caches: Annotated[list[Path] | None, typer.Option("--cache", help="A folder in which loaders keep copies.")] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not hand the receipt in; send it to the study yourself.")
    ] = False,
    organisation: Organisation = None,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Take out of exports, what was made from them, and caches what was withdrawn. Exit code 1 if any is left.

    The signed receipt is handed in at the collector, where the participants whose batches it names see it.
    """
    now = int(time.time())
    done, signed = desk.sweep(Folder(folder), exports or [], caches or [], organisation, home, now)
    save(receipt, signed.model_dump_json(indent=1).encode() + b"\n")
    lineage.record(home, lineage.Entry("sweep", str(receipt.resolve()), [], now))
    facts = msgspec.to_builtins(done) | {"receipt": str(receipt), "handed_in": False}
    if done.withdrawn and not offline:
        facts |= _hand_in(signed, home)
    tell(facts, as_json=json_)
    if done.residue or "not_handed_in" in facts:
        raise typer.Exit(1)


def _hand_in(signed: SignedDocument, home: Path) -> dict[str, Any]:
    """Hand a receipt in, and say so, or what stood in the way: the sweep is done either way."""
    collector = Collector(keys.load_pin(home).collector, keys.load(home).signing, "Sweep receipt")
    try:
        collector.hand_in_sweep(signed)
    except CollectorError as error:
        return {"not_handed_in": f"{error}. The sweep is done; run it again, or send the receipt to the study."}
    finally:
        collector.close()
    return {"handed_in": True}


@app.command("lineage", epilog=examples("lineage data", "lineage data --training run-4 --export exported --seed 7"))
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
