"""``overt-research enrol``, ``studies``, ``query`` and ``pull``: what asks the collector. Parses and prints."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console

from research import asking, audit_cli, desk, keys, show
from research import pull as pulling
from research import query as counting
from research.bandwidth import Limit, parse_rate
from research.client import Collector, check_reason
from research.common_cli import HOME, AsJson, Home, Organisation, examples, tell
from research.errors import InputError
from research.folder import Folder
from schemas.scope import TimingTier
from schemas.times import unix_ns
from schemas.wire import collector_url

app = typer.Typer()
DATES: Final = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S")


@app.command(epilog=examples("enrol --collector https://collector.example --organisation 3q2-7w…"))
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
    with closing(Collector(url)) as asked:
        found = desk.enrol(asked, url, organisation, home)
    tell(found, as_json=json_)


@app.command(epilog=examples("studies", "studies --collector https://collector.example --organisation 3q2-7w… --json"))
def studies(
    collector: Annotated[str | None, typer.Option(help="Another collector than the pinned one.")] = None,
    organisation: Organisation = None,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Say what the collector's study is about, who may read it, and whether you are one of them. Needs no key."""
    if collector and organisation:
        url, trusted = collector_url(collector), organisation
    else:
        pin = keys.load_pin(home)
        url = collector_url(collector) if collector else pin.collector
        trusted = organisation or pin.organisation
    with closing(Collector(url)) as asked:
        found = [asking.study(asked, trusted, home)]
    if json_:
        tell({"studies": found}, as_json=True)
    else:
        tell(found[0], as_json=False)


@app.command(
    epilog=examples(
        "query --reason 'Planning run 4'", "query --reason 'Planning run 4' --app mail --modality keyboard --by cohort",
        "query data --by app --by timing --since 2026-11-01 --json",
    )
)  # fmt: skip
def query(  # noqa: PLR0913, PLR0917  # one argument an option
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="A pulled folder; without it, the collector is asked.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why you ask the collector; participants read it.")] = None,
    apps: Annotated[list[str] | None, typer.Option("--app", help="Only this app; may be repeated.")] = None,
    modalities: Annotated[list[str] | None, typer.Option("--modality", help="keyboard | pointer | screen")] = None,
    timing: Annotated[list[str] | None, typer.Option(help="exact | 10ms | order: as agreed to.")] = None,
    cohort: Annotated[list[str] | None, typer.Option(help="Month of the first consent, such as 2026-11.")] = None,
    since: Annotated[datetime | None, typer.Option(help="From then on, UTC.", formats=list(DATES))] = None,
    until: Annotated[datetime | None, typer.Option(help="Before then, UTC.", formats=list(DATES))] = None,
    by: Annotated[list[str] | None, typer.Option(help="app | modality | timing | cohort; may be repeated.")] = None,
    headers_only: Annotated[bool, typer.Option("--headers-only", help="Do not open batches of DIR.")] = False,
    organisation: Organisation = None,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:  # fmt: skip
    """Count people, batches, bytes and events by app, kind, timing and cohort, before anything is fetched or opened.

    Numbers of fewer than five people are not told. What a collector can answer is what people agreed to and how much
    they sent in all; it cannot open batches, so it does not know how much of that is of one app or kind.
    """
    wanted = counting.Wanted(
        apps=counting.chosen(apps, None, "--app"),
        modalities=counting.chosen(modalities, counting.MODALITIES, "--modality"),
        timing=counting.chosen(timing, [t.value for t in TimingTier], "--timing"),
        cohorts=counting.chosen(cohort, None, "--cohort"),
        since_ns=unix_ns(since.replace(tzinfo=UTC)) if since else 0,
        until_ns=unix_ns(until.replace(tzinfo=UTC)) if until else counting.NEVER_NS,
        by=tuple(dict.fromkeys(by or ("app", "modality"))),
    )
    counting.chosen(by, counting.BY, "--by")
    if folder:
        found = asking.in_folder(Folder(folder), organisation, home, wanted, headers_only=headers_only)
    else:
        pin = keys.load_pin(home)
        if reason is None:
            raise InputError("the collector is asked only with a reason", "Add --reason, or name a pulled folder.")
        with closing(_signed(home, reason)) as collector:
            found = asking.before_pulling(collector, organisation or pin.organisation, wanted)
    if json_:
        tell(
            msgspec.to_builtins(found) | {"least": counting.LEAST, "meaning": show.GROUNDS[found.ground]}, as_json=True
        )
    else:
        show.counts(found, Console())


@app.command(epilog=examples("pull --out data --reason 'Training run 4'", "pull --out data --reason 'Audit' --jobs 8"))
def pull(
    out: Annotated[Path, typer.Option(help="Folder to pull into; pulling again goes on where it stopped.")],
    reason: Annotated[str, typer.Option(help="Why. The participants will read it.")],
    jobs: Annotated[int, typer.Option(help="Connections at a time.")] = pulling.DEFAULT_JOBS,
    max_bandwidth: Annotated[str | None, typer.Option(help="Bytes a second at most, such as 500K or 2.5M.")] = None,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Fetch all sealed batches that are not there yet, and the documents that prove their consent."""
    limit = Limit(parse_rate(max_bandwidth)) if max_bandwidth else None
    folder = Folder(out)
    with closing(_signed(home, reason)) as collector:
        what = pulling.plan(collector, folder)
        audit_cli.note_pull(home, out, reason)
        feed, log = desk.follow(collector, folder, home)
        with show.progress(what.bytes, quiet=json_) as advance:
            done = pulling.fetch(collector, folder, what, jobs, pulling.paid(advance, limit))
    rate = done.bytes / done.seconds if done.seconds else 0.0
    followed = {"log_entries": log.size, "documents_proved": log.proved, "documents_waiting": log.waiting}
    facts = msgspec.to_builtins(done) | {"bytes_a_second": round(rate), "folder": str(out), "withdrawn": len(feed.gone)}
    tell({**facts, **followed}, as_json=json_)


def _signed(home: Path, reason: str) -> Collector:
    return Collector(keys.load_pin(home).collector, keys.load(home).signing, check_reason(reason))
