"""``overt-research``: the command line. No logic; the one place that prints, draws entropy and exits."""

import json
import secrets
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated, Any

import msgspec
import platformdirs
import typer
from rich.console import Console

from research import desk, keys, lineage, show
from research import pull as pulling
from research.adapters import ADAPTERS
from research.client import Collector, check_reason
from research.conversion import convert
from research.disk import write_whole
from research.errors import InputError, ResearchError
from research.folder import Folder
from research.shard import Wanted
from research.sweep import check_fresh
from schemas.base import SchemaError
from schemas.wire import collector_url

HOME = Path(platformdirs.user_config_dir("overt-research"))
FORMAT = 1
"""Version of what ``--json`` prints."""


def _examples(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  overt-research {line}" for line in lines)


app = typer.Typer(
    help="The researcher's desk: pull sealed batches, prove that each event was consented to, open, export.",
    epilog=_examples("pull --out data --reason 'Training run 4'", "verify data", "export data --out parquet") + "\n\n"
    "Exit codes: 0 done and nothing wrong, 1 something does not verify or failed, 2 wrong input.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Home = Annotated[Path, typer.Option(help="Folder of the researcher's keys.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
From = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that was pulled.")]
Organisation = Annotated[
    str | None, typer.Option(help="The organisation's public key, base64url; by default the one that was pinned.")
]


def _print(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"format": FORMAT, **facts}, indent=2))
        return
    for key, value in facts.items():
        for line in value if isinstance(value, list) else [value]:
            print(show.printable(f"{key.replace('_', ' ')}: {line}"))


@app.command(epilog=_examples("keygen --name 'Alice Example' --out alice.json"))
def keygen(
    name: Annotated[str, typer.Option(help="Your name, as the notice will show it to participants.")],
    out: Annotated[Path | None, typer.Option(help="Write the card here too.")] = None,
    home: Home = HOME,
) -> None:
    """Make your keys, and print your card: give it to whoever runs overt-admin. The card holds no secret."""
    made = keys.create(home, name, secrets.token_bytes(32), secrets.token_bytes(32))
    card = made.card().model_dump_json(indent=2)
    if out:
        _write(out, card.encode() + b"\n")
    print(card)


@app.command(epilog=_examples("enrol --collector https://collector.example --organisation 3q2-7w…"))
def enrol(
    collector: Annotated[str, typer.Option(help="Address of the collector.")],
    organisation: Annotated[
        str, typer.Option(help="The organisation's public key, base64url, from a source other than the collector.")
    ],
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Pin a collector and the organisation's key, and see whether the study names you."""
    url = collector_url(collector)
    found = desk.enrol(Collector(url), url, organisation, home)
    _print(found, as_json=json_)


@app.command(epilog=_examples("pull --out data --reason 'Training run 4'", "pull --out data --reason 'Audit' --jobs 8"))
def pull(
    out: Annotated[Path, typer.Option(help="Folder to pull into; pulling again goes on where it stopped.")],
    reason: Annotated[str, typer.Option(help="Why. The participants will read it.")],
    jobs: Annotated[int, typer.Option(help="Connections at a time.")] = pulling.DEFAULT_JOBS,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Fetch all sealed batches that are not there yet, and the documents that prove their consent."""
    pin = keys.load_pin(home)
    collector = Collector(pin.collector, keys.load(home).signing, check_reason(reason))
    folder = Folder(out)
    what = pulling.plan(collector, folder)
    with show.progress(what.bytes, quiet=json_) as advance:
        done = pulling.fetch(collector, folder, what, jobs, advance)
    rate = done.bytes / done.seconds if done.seconds else 0.0
    _print({**msgspec.to_builtins(done), "bytes_a_second": round(rate), "folder": str(out)}, as_json=json_)


@app.command(epilog=_examples("verify data", "verify data --organisation 3q2-7w… --headers-only --json"))
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


@app.command(epilog=_examples("unseal 3f9a… --dir data --out batch.payload"))
def unseal(
    digest: Annotated[str, typer.Argument(help="Digest of the envelope, or its first characters.")],
    out: Annotated[Path, typer.Option(help="File to write, for your eyes only (mode 0600).")],
    dir_: Annotated[Path, typer.Option("--dir", help="Folder that was pulled.")] = Path(),
    home: Home = HOME,
) -> None:
    """Open one batch's sealed part into a file. This does not verify: `verify` does."""
    _write(out, desk.unseal(Folder(dir_), digest, home))


@app.command(epilog=_examples("export data --out parquet", "export data --out parquet --json"))
def export(  # noqa: PLR0913, PLR0917  # one argument an option
    folder: From,
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    format_: Annotated[str, typer.Option("--format", help="parquet")] = "parquet",
    sheets: Annotated[bool, typer.Option("--sheets", help="Draw a contact sheet for each participant (slow).")] = False,
    steps: Annotated[bool, typer.Option(help="Reduce raw events to steps: clicks, typing, keys.")] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; tell what would be, and its size.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes; each takes whole participants.")] = 1,
    organisation: Organisation = None,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Verify, open, and write what verifies as Parquet. Exit code 1 if anything was left out or is wrong.

    Stopped halfway, run it again: it goes on with the participants that are not done.
    """
    if format_ != "parquet":
        raise InputError(f"unknown format: {format_}", "Known is: parquet.")
    wanted, now = Wanted(steps=steps, sheets=sheets, dry=dry_run), int(time.time())
    check_fresh(desk.fetched(Folder(folder)), now)
    done, report = desk.export(Folder(folder), out, organisation, home, wanted, jobs)
    if not dry_run:
        made = lineage.Entry("export", str(out.resolve()), lineage.batches(out), now)
        lineage.record(home, made)
    facts = msgspec.to_builtins(done) | {"folder": str(out), "dry_run": dry_run}
    if json_:
        print(json.dumps({"format": FORMAT, **facts, "verification": show.plain(report)}, indent=2))
    else:
        _print(facts, as_json=False)
        show.report(report, Console())
    if not report.good:
        raise typer.Exit(1)


@app.command(epilog=_examples("actions parquet --to anthropic --out actions"))
def actions(
    exported: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that was exported.")],
    to: Annotated[str, typer.Option(help=" | ".join(ADAPTERS))],
    out: Annotated[Path, typer.Option(help="Folder for one JSON Lines file a participant.")],
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Write an export's steps as another program's actions, and tell what it cannot express."""
    lineage.record(home, lineage.Entry("derived", str(out.resolve()), lineage.batches(exported), int(time.time())))
    _print(convert(exported, to, out), as_json=json_)


@app.command(epilog=_examples("sweep data --export parquet --cache ~/.cache/huggingface --receipt swept.json"))
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
    _write(receipt, signed.model_dump_json(indent=1).encode() + b"\n")
    _print(msgspec.to_builtins(done), as_json=json_)
    if done.residue:
        raise typer.Exit(1)


@app.command("lineage", epilog=_examples("lineage data", "lineage data --training run-4 --export parquet --seed 7"))
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
    _print({"trained": lineage.plain(desk.trained(Folder(folder), organisation, home, now))}, as_json=json_)


@app.command("age-identity", epilog=_examples("age-identity --export --out alice.age-identity"))
def age_identity(
    export_: Annotated[bool, typer.Option("--export", help="Write the secret identity; needs --out.")] = False,
    out: Annotated[Path | None, typer.Option(help="File to write (mode 0600). It opens every batch.")] = None,
    home: Home = HOME,
) -> None:
    """Tell how to open batches with a stock age tool (1.3 or later), and write the identity for it."""
    identity = keys.load(home).identity
    print(show.AGE_HOWTO.format(fingerprint=identity.recipient.fingerprint))
    if export_ and out is None:
        raise InputError("a secret is never printed", "Name a file with --out.")
    if export_ and out:
        _write(out, identity.encode().encode() + b"\n")


def _write(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None


@app.command()
def version(json_: AsJson = False) -> None:
    """Say which version this is."""
    _print({"overt-research": installed_version("overt")}, as_json=json_)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, and turn errors into a sentence, a remedy and an exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        app(args=list(arguments), prog_name="overt-research")
    except (ResearchError, SchemaError) as error:
        code = error.exit_code if isinstance(error, ResearchError) else 2
        if "--json" in arguments:
            print(json.dumps({"format": FORMAT, "error": str(error), "remedy": error.remedy, "exit_code": code}))
        print(show.printable(f"error: {error}\n{error.remedy}"), file=sys.stderr)
        sys.exit(code)


if __name__ == "__main__":
    main()
