"""``overt-admin``: the command line. No logic; the one place that prints, reads the clock and exits."""

import json
import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated, Any

import httpx
import platformdirs
import typer
from msgspec import to_builtins

from admin import codes as codes_
from admin import documents, keys, policy_words, sheet
from admin import fleet as fleet_
from admin import policy as policies
from admin import publish as publishing
from admin import study as studies
from admin.errors import AdminError
from admin.mdm import cli as mdm_cli
from schemas.base import SchemaError
from schemas.signed import sign, verify
from schemas.study import StudyManifest
from schemas.wire import collector_url

HOME = Path(platformdirs.user_config_dir("overt-admin"))
FORMAT = 1
"""Version of what ``--json`` prints."""


def _examples(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  overt-admin {line}" for line in lines)


def _group(name: str, text: str) -> typer.Typer:
    group = typer.Typer(help=text, no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name=name)
    return group


app = typer.Typer(
    help="IT's desk: sign studies and policies, hand out enrolment codes. It can switch capture off, never on.",
    epilog=_examples("init --organisation 'Example Ltd'", "policy check policy.toml") + "\n\n"
    "Exit codes: 0 done, 1 refused or failed, 2 wrong input.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
study_app = _group("study", "What a study is, who runs it, who can read.")
policy_app = _group("policy", "What may be captured at most.")
app.add_typer(mdm_cli.app, name="mdm")
codes_app = _group("codes", "One-time enrolment codes.")

Home = Annotated[Path, typer.Option(help="Folder of the organisation's signing key.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Out = Annotated[Path, typer.Option(help="File to write.")]


def _print(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"format": FORMAT, **facts}, indent=2))
        return
    for key, value in facts.items():
        for line in value if isinstance(value, list) else [value]:
            print(_printable(f"{key.replace('_', ' ')}: {line}"))


def _printable(text: str) -> str:
    """Text from outside without anything that steers a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@app.command(epilog=_examples("init --organisation 'Example Ltd' --home ~/overt-admin"))
def init(
    organisation: Annotated[str, typer.Option(help="Name of the organisation.")],
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Make the organisation's signing key. Publish its fingerprint where staff can find it."""
    made = keys.create(home, organisation, secrets.token_bytes(32))
    facts = {"organisation": made.name, "public_key": made.public_key, "fingerprint": made.fingerprint}
    _print({**facts, "file": str(home / keys.KEY_FILE)}, as_json=json_)


@study_app.command(
    "new",
    epilog=_examples(
        "study new --config study.toml --researcher alice.json --out manifest.json",
        "study new --config study.toml --researcher alice.json --previous manifest.json --out manifest-2.json",
    ),
)
def study_new(
    config: Annotated[Path, typer.Option(help="The study file, TOML or JSON.")],
    researcher: Annotated[list[Path], typer.Option(help="Card of someone who can decrypt; repeat for more.")],
    out: Out,
    previous: Annotated[Path | None, typer.Option(help="Signed manifest of the version before.")] = None,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Make and sign a study's manifest, notices included."""
    org = keys.load(home)
    before = verify(documents.read_signed(previous), StudyManifest, org.trusted()) if previous else None
    made = studies.manifest(config, researcher, _now(), before)
    signed = sign(made, org.key)
    documents.write(out, signed.to_bytes())
    facts = {"study": made.study, "version": made.version, "digest": signed.digest}
    readers = [f"{r.name} {r.recipient_fingerprint}" for r in made.researchers]
    _print({**facts, "can_decrypt": readers, "file": str(out)}, as_json=json_)


@policy_app.command("check", epilog=_examples("policy check policy.toml"))
def policy_check(file: Annotated[Path, typer.Argument(help="TOML or JSON.")], json_: AsJson = False) -> None:
    """Say what is wrong with a policy, key by key."""
    done = policies.check(file, _now())
    _print(_policy_facts(done), as_json=json_)


@policy_app.command("sign", epilog=_examples("policy sign policy.toml --manifest manifest.json --out policy.json"))
def policy_sign(
    file: Annotated[Path, typer.Argument(help="TOML or JSON.")],
    out: Out,
    manifest: Annotated[
        Path | None, typer.Option(help="The signed study that it is for: no other is taken together with it.")
    ] = None,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Check a policy and sign it."""
    org = keys.load(home)
    done = policies.check(file, _now())
    if manifest is not None:
        done = policies.bound(done, documents.read_signed(manifest), org.trusted())
    signed = sign(done.policy, org.key)
    documents.write(out, signed.to_bytes())
    _print({**_policy_facts(done), "digest": signed.digest, "file": str(out)}, as_json=json_)


@policy_app.command("explain", epilog=_examples("policy explain policy.toml"))
def policy_explain(file: Annotated[Path, typer.Argument(help="TOML or JSON.")], json_: AsJson = False) -> None:
    """Say in sentences what a policy allows, and what it cannot do."""
    lines = policy_words.explain(policies.check(file, _now()).policy)
    if json_:
        _print({"sentences": lines}, as_json=True)
    else:
        print(_printable("\n".join(lines)))


@policy_app.command("diff", epilog=_examples("policy diff policy.toml policy-2.toml"))
def policy_diff(
    before: Annotated[Path, typer.Argument(help="The policy as it was.")],
    after: Annotated[Path, typer.Argument(help="The policy as it shall be.")],
    json_: AsJson = False,
) -> None:
    """Say what changed between two policies; what got wider asks everybody again."""
    found = policy_words.diff(*(policies.check(file, _now()).policy for file in (before, after)))
    changes = [to_builtins(change) for change in found]
    if json_:
        _print({"changes": changes}, as_json=True)
    else:
        lines = [f"{c.direction}: {c.key}: {c.before} -> {c.after}" for c in found]
        print(_printable("\n".join(lines or ["nothing changed"])))


def _policy_facts(done: policies.Checked) -> dict[str, Any]:
    p = done.policy
    apps = [f"{a.id}: {', '.join(a.modalities) or 'nothing'}; screen at most {a.screen}" for a in p.apps]
    facts = {"study": p.study, "version": p.version, "expires": p.expires.isoformat(), "apps": apps}
    return {**facts, "warnings": done.warnings}


@codes_app.command(
    "issue",
    epilog=_examples(
        "codes issue --study keys-2027 --count 50 --days 14 --collector https://c.example --out codes.json",
        "codes issue --study keys-2027 --count 9 --collector https://c.example --out codes.json --sheet codes.html",
    ),
)
def codes_issue(  # noqa: PLR0913, PLR0917  # each is an option of the command
    study: Annotated[str, typer.Option(help="The study.")],
    count: Annotated[int, typer.Option(help="How many.")],
    collector: Annotated[str, typer.Option(help="Address of the collector.")],
    out: Out,
    days: Annotated[int, typer.Option(help="Days until they end.")] = 14,
    printable: Annotated[Path | None, typer.Option("--sheet", help="HTML page with QR codes, to print.")] = None,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Make one-time codes: links for people on standard output, a signed list of digests in --out.

    Which link went to whom is for nobody to note: the collector learns the codes' digests, and no names.
    """
    org = keys.load(home)
    url = collector_url(collector)
    made = codes_.make(count, secrets.token_bytes)
    listing = codes_.document(study, made, _now(), days)
    signed = sign(listing, org.key)
    documents.write(out, signed.to_bytes())
    links = [codes_.link(url, code, org.public_key) for code in made]
    if printable:
        sheet.write_private(printable, sheet.page(study, links, listing.expires))
    if json_:
        expires = listing.expires.isoformat()
        _print({"links": links, "expires": expires, "digest": signed.digest, "file": str(out)}, as_json=True)
    else:
        print("\n".join(links))


@app.command(epilog=_examples("publish --collector https://collector.example manifest.json policy.json codes.json"))
def publish(
    files: Annotated[list[Path], typer.Argument(help="Signed documents, in the order in which to publish them.")],
    collector: Annotated[str, typer.Option(help="Address of the collector.")],
    json_: AsJson = False,
) -> None:
    """Hand signed documents to the collector. Safe to repeat."""
    signed = [documents.read_signed(file) for file in files]
    done = list(publishing.publish(collector_url(collector), signed))
    _print({"published": [f"{p.digest} {p.type}" for p in done]}, as_json=json_)


@app.command(epilog=_examples("fleet --collector https://collector.example --token metrics.token"))
def fleet(
    collector: Annotated[str, typer.Option(help="Address of the collector.")],
    token: Annotated[Path | None, typer.Option(help="File with the token of `overt-collector serve`.")] = None,
    json_: AsJson = False,
) -> None:
    """How the fleet is: what is published, and amounts of the last day. No people, and nothing under five."""
    said = fleet_.token_of(token) if token else None
    with httpx.Client(timeout=publishing.TIMEOUT_S) as client:
        found = fleet_.health(client, collector_url(collector), said, _now())
    if json_:
        _print(found, as_json=True)
    else:
        _print({**{k: v for k, v in found.items() if k != "figures"}, **found["figures"]}, as_json=False)


@app.command()
def version(json_: AsJson = False) -> None:
    """Say which version this is."""
    _print({"overt-admin": installed_version("overt")}, as_json=json_)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, and turn errors into a sentence, a remedy and an exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        app(args=list(arguments), prog_name="overt-admin")
    except (AdminError, SchemaError) as error:
        code = error.exit_code if isinstance(error, AdminError) else 2
        if "--json" in arguments:
            print(json.dumps({"format": FORMAT, "error": str(error), "remedy": error.remedy, "exit_code": code}))
        print(_printable(f"error: {error}\n{error.remedy}"), file=sys.stderr)
        sys.exit(code)


if __name__ == "__main__":
    main()
