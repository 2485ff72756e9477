"""`overt-collector`: the command line. No logic; the only place that exits."""

import json
import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated, Any

import anyio
import msgspec
import typer

from collector import doctor as examination
from collector import server
from collector.app import create_app
from collector.errors import EXIT_ERROR, EXIT_OK, CollectorError, SettingsError
from collector.limits import LOG_PERIOD_S, STUDY_REQUESTS_S
from collector.logs import note, set_up
from collector.settings import Settings, choose_ledger, lock, make_data_folder, open_house

PRIVATE_UMASK = 0o077
FORMAT = 1
"""Version of what ``--json`` prints."""
EXAMPLES = """
The collector: takes sealed batches whose consent it can prove, keeps them, and gives them to the study's researchers.
It cannot read them.

Examples:

  overt-collector serve --data /var/lib/overt --trust 43_CHARACTERS_OF_THE_ORGANISATION_KEY

  overt-collector serve --data ./data --port 0 --trust KEY --json

  overt-collector migrate --database postgresql://overt@db.example/overt

  overt-collector status --data /var/lib/overt --json

  overt-collector doctor --data /var/lib/overt

  overt-collector retention --data /var/lib/overt --json

  overt-collector backup --data /var/lib/overt --to /backup/overt

  overt-collector restore --from /backup/overt --rows /backup/rows/rows --data /var/lib/overt-new

Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

app = typer.Typer(help=EXAMPLES, no_args_is_help=True, pretty_exceptions_enable=False)
Data = Annotated[Path, typer.Option(help="Folder for database, blobs and the receipt key. Made if missing.")]
Database = Annotated[
    str | None,
    typer.Option(
        envvar="OVERT_COLLECTOR_DATABASE",
        help="sqlite:///PATH or postgresql://USER@HOST/DATABASE. Default: SQLite in the data folder.",
    ),
]
BlobsUrl = Annotated[
    str | None,
    typer.Option(
        "--blobs",
        envvar="OVERT_COLLECTOR_BLOBS",
        help="file:///PATH or s3://BUCKET/PREFIX?endpoint=URL; S3's keys come from AWS_* or its files."
        " Default: in the data folder.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


@app.command()
def serve(  # noqa: PLR0913, PLR0917  # a command has as many options as it needs
    data: Data,
    trust: Annotated[list[str], typer.Option(help="An organisation's public key, base64url. Repeatable.")],
    host: Annotated[
        str, typer.Option(help="Address to listen on. Put TLS in front of any but 127.0.0.1.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one and says which.")] = 8800,
    database: Database = None,
    blobs: BlobsUrl = None,
    receipt_key: Annotated[
        Path | None,
        typer.Option(help="Key of receipts, shared by the collectors of a study. Default: in --data."),
    ] = None,
    study_rate: Annotated[
        float, typer.Option(min=0.1, help="Requests a second of all devices; others are told when to come again.")
    ] = STUDY_REQUESTS_S,
    log_period: Annotated[
        int,
        typer.Option(min=1, help="Seconds between two extensions of the transparency log."),
    ] = LOG_PERIOD_S,
    auditor: Annotated[
        list[str] | None,
        typer.Option(help="An auditor's public key, base64url. Repeatable."),
    ] = None,
    metrics_token: Annotated[
        Path | None, typer.Option(help="File with the token that Prometheus sends. Without it, /metrics is closed.")
    ] = None,
    as_json: AsJson = False,
    ready_file: Annotated[Path | None, typer.Option(help="Write the URL here once it serves.")] = None,
) -> None:
    """Serve until SIGTERM. Prints `listening on URL` once it is ready; logs go to standard error."""
    set_up(as_json=as_json)
    trusted, audit = tuple(trust), tuple(auditor or ())
    settings = Settings(data, database, blobs, trusted, receipt_key, log_period, metrics_token, audit, study_rate)
    make_data_folder(settings.data)
    held = lock(settings.data)
    with server.listen(host, port) as sock:
        url = server.url_of(sock)
        note("starting", url=url)
        server.serve(create_app(open_house(settings)), sock, lambda: server.announce(url, ready_file, as_json=as_json))
    os.close(held)


@app.command()
def migrate(database: Database = None, data: Annotated[Path | None, typer.Option()] = None) -> None:
    """Bring the database's schema up to date. Needed for PostgreSQL; SQLite is brought up to date by serving."""
    if database is None and data is None:
        raise SettingsError("say which database: --database URL, or --data FOLDER for the one inside")
    step = anyio.run(_migrate, Settings(data or Path(), database))
    print(f"schema {step}")


async def _migrate(settings: Settings) -> str:
    ledger = choose_ledger(settings.database_url)
    try:
        return await ledger.migrate()
    finally:
        await ledger.close()


@app.command()
def status(data: Data, database: Database = None, blobs: BlobsUrl = None, as_json: AsJson = False) -> None:
    """What is stored: amounts, no people. Works beside a running collector."""
    found = _run(examination.read_status, Settings(data, database, blobs))
    _tell(msgspec.to_builtins(found), as_json=as_json)


@app.command()
def retention(data: Data, database: Database = None, as_json: AsJson = False) -> None:
    """Report what is over the notice's time. A running collector erases it; exits 1 while anything is overdue."""
    found = _run(examination.read_retention, Settings(data, database))
    _tell(msgspec.to_builtins(found), as_json=as_json)
    raise typer.Exit(EXIT_ERROR if found.overdue or found.half_erased else EXIT_OK)


@app.command()
def backup(
    data: Data,
    to: Annotated[Path, typer.Option(help="Folder of the backup; again into the same one adds and takes away.")],
    database: Database = None,
    blobs: BlobsUrl = None,
    rows_only: Annotated[bool, typer.Option("--rows-only", help="Only the rows, every few minutes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Back up rows, blobs and the receipt key, beside a running collector. What was erased leaves the folder."""
    from collector.backup import back_up  # noqa: PLC0415  # who serves needs none of it

    settings = Settings(data, database, blobs)
    done = anyio.run(partial(back_up, settings, to, rows_only=rows_only))
    _tell(msgspec.to_builtins(done), as_json=as_json)
    raise typer.Exit(EXIT_ERROR if done.missing else EXIT_OK)


@app.command()
def restore(
    data: Data,
    source: Annotated[Path, typer.Option("--from", help="Folder of a backup.")],
    rows: Annotated[Path | None, typer.Option(help="Newer rows, from `backup --rows-only`.")] = None,
    database: Database = None,
    blobs: BlobsUrl = None,
    newest: Annotated[
        bool, typer.Option("--rows-are-newest", help="There are no newer rows, although these are old.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Restore into an empty place. What was erased by the newest rows does not come back. Then run doctor."""
    from collector.backup import restore as bring_back  # noqa: PLC0415

    settings = Settings(data, database, blobs)
    done = anyio.run(partial(bring_back, settings, source, rows, newest=newest))
    _tell(msgspec.to_builtins(done), as_json=as_json)
    raise typer.Exit(EXIT_ERROR if done.missing else EXIT_OK)


def _tell(plain: dict[str, Any], *, as_json: bool) -> None:
    print(json.dumps({"format": FORMAT, **plain}) if as_json else "\n".join(f"{k}: {v}" for k, v in plain.items()))


@app.command()
def page(
    data: Data,
    database: Database = None,
    url: Annotated[str, typer.Option(help="Where people reach the collector.")] = "http://127.0.0.1:8800",
    as_json: AsJson = False,
) -> None:
    """Print a link to the operator's page: how ingest goes, refusals, overdue erasures; no people. It works once."""
    link = url.rstrip("/") + _run(examination.operator_path, Settings(data, database))
    print(json.dumps({"format": FORMAT, "link": link}) if as_json else link)


@app.command()
def doctor(data: Data, database: Database = None, blobs: BlobsUrl = None, as_json: AsJson = False) -> None:
    """Check permissions, key, space, database and blobs. Exits 1 if anything is wrong."""
    findings = _run(examination.examine, Settings(data, database, blobs))
    if as_json:
        print(json.dumps({"format": FORMAT, "checks": msgspec.to_builtins(findings)}))
    else:
        print("\n".join(f"{'ok   ' if f.ok else 'WRONG'} {f.check}: {f.detail}".rstrip(": ") for f in findings))
    raise typer.Exit(EXIT_OK if all(f.ok for f in findings) else EXIT_ERROR)


def _run(work: Callable[[Settings], Awaitable[Any]], settings: Settings) -> Any:
    return anyio.run(work, settings)


@app.command()
def version(as_json: AsJson = False) -> None:
    """Say which version this is."""
    number = installed_version("overt")
    print(json.dumps({"format": FORMAT, "overt-collector": number}) if as_json else f"overt-collector {number}")


def main() -> None:
    """Run the command line; errors become one line with their remedy, and their exit code."""
    os.umask(PRIVATE_UMASK)
    try:
        app()
    except CollectorError as error:
        print(f"overt-collector: {error}\n{error.remedy}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
