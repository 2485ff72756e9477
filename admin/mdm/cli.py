"""``overt-admin mdm``: files for management tools. Parses and prints."""

import json
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated

import typer

from admin.mdm.facts import KEYS, NO_TEAM, Options, choices, help_text, kind_of
from admin.mdm.render import limits_in, render, write_all

FORMAT = 1
app = typer.Typer(
    help="Files for management tools: Jamf, Munki, Intune, Group Policy, Ansible, Puppet, browsers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
_EXAMPLES = """\b
Examples:
  overt-admin mdm render policy.toml --out rendered --team-id ABCDE12345
  overt-admin mdm render policy.toml --out rendered --extension-id ID --update-url https://host/updates.xml"""
_KEYS_EXAMPLES = """\b
Examples:
  overt-admin mdm keys
  overt-admin mdm keys --json"""


@app.command("render", epilog=_EXAMPLES)
def render_(
    policy: Annotated[Path, typer.Argument(help="The study's policy, or limits alone; TOML or JSON.")],
    out: Annotated[Path, typer.Option(help="New folder for the files.")],
    team_id: Annotated[str | None, typer.Option(help="Apple's team id of whoever signed the macOS app.")] = None,
    extension_id: Annotated[str | None, typer.Option(help="Id of the extension as you packed it.")] = None,
    update_url: Annotated[str | None, typer.Option(help="Update manifest of the packed extension.")] = None,
    firefox_url: Annotated[str | None, typer.Option(help="Address of the signed Firefox extension.")] = None,
    json_: AsJson = False,
) -> None:
    """Render a policy for every management tool. The same policy always gives the same bytes. Can start no capture."""
    limits, web = limits_in(policy, datetime.now(UTC).replace(microsecond=0))
    options = Options(
        version=installed_version("overt"),
        team_id=team_id or NO_TEAM,
        extension_id=extension_id,
        update_url=update_url,
        firefox_url=firefox_url,
    )
    done = render(limits, options, web=web)
    write_all(out, done.files)
    files, warnings = sorted(done.files), done.warnings
    if json_:
        print(json.dumps({"format": FORMAT, "folder": str(out), "files": files, "warnings": warnings}, indent=2))
        return
    print("\n".join([*(str(out / path) for path in files), *(f"warning: {line}" for line in warnings)]))


@app.command("keys", epilog=_KEYS_EXAMPLES)
def keys(json_: AsJson = False) -> None:
    """List every key that limits can have: kind, rule of combination, range, meaning."""
    rows = [
        {
            "key": key.name,
            "kind": kind_of(key).value,
            "combine": key.combine.value,
            "range": " ".join(choices(key)) or f"{key.least if key.least is not None else ''}..{key.most or ''}",
            "since": key.since,
            "sources": [source.value for source in key.scope],
            "sensitivity": key.sensitivity.value,
            "meaning": help_text(key),
        }
        for key in KEYS
    ]
    if json_:
        print(json.dumps({"format": FORMAT, "keys": rows}, indent=2))
        return
    for row in rows:
        print(f"{row['key']} ({row['kind']}, {row['combine']}, {row['range']}): {row['meaning']}")
