"""``overt policy show``, ``overt support-bundle``, ``overt uninstall``. Parse and print; the work is elsewhere."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import to_builtins

from agent.disk.places import Places
from agent.errors import EXIT_BLOCKED, OvertError
from agent.lazily import lazily
from agent.tell import out

if TYPE_CHECKING:
    from agent import doctor, limits_shown, support, uninstalling
else:
    limits_shown, support = lazily("agent.limits_shown"), lazily("agent.support")
    doctor, uninstalling = lazily("agent.doctor"), lazily("agent.uninstalling")

FORMAT = 1
Json = Annotated[bool, typer.Option("--json", help="Print JSON; `format` is its version.")]
policy_app = typer.Typer(help="Look at what your organisation and you limit.", no_args_is_help=True)


class OutputError(OvertError):
    """A file cannot be written."""

    remedy = "choose a new file in a folder that you can write"


def add_to(app: typer.Typer) -> None:
    """Make the commands known."""
    app.add_typer(policy_app, name="policy")
    app.command("support-bundle", epilog="Example: overt support-bundle bundle.json")(support_bundle)
    app.command(epilog="Examples: overt uninstall · overt uninstall --purge")(uninstall)


@policy_app.command("show", epilog="Examples: overt policy show · overt policy show --json")
def policy_show(json_: Json = False) -> None:
    """Print each key's value in force, where it comes from, and what it narrowed."""
    shown = limits_shown.show(_places())
    if json_:
        print(json.dumps({"format": FORMAT, **to_builtins(shown, enc_hook=str)}, indent=2))
    else:
        out.print("\n".join(limits_shown.lines(shown)), markup=False, soft_wrap=True)
    if shown.problem:
        raise typer.Exit(EXIT_BLOCKED)


def support_bundle(
    file: Annotated[Path | None, typer.Argument(help="New file; by default it is printed.")] = None,
) -> None:
    """Write what IT may need to help: versions, checks of the machine. No names or content, no word on consent."""
    places = _places()
    found = support.bundle(places, os.environ, doctor.examine(places, os.environ))
    text = json.dumps(found, indent=2) + "\n"
    if file is None:
        print(text, end="")
        return
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as target:
            target.write(text)
    except OSError as error:
        raise OutputError(f"cannot write the bundle: {error.strerror}") from None
    out.print("Written. Read it before you send it: it is short.")


def uninstall(
    purge: Annotated[
        bool, typer.Option("--purge", help="Leave nothing: delete captures, keys and consent, too.")
    ] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Purge even if the collector has not confirmed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask once more before purging.")] = False,
    json_: Json = False,
) -> None:
    """Stop for good and take Overt out of your session and browsers. Needs nobody's permission."""
    if purge and not yes and not json_ and sys.stdin.isatty():
        typer.confirm("Delete everything of Overt's in your account, here and at the collector?", abort=True)
    done = uninstalling.uninstall(_places(), os.environ, purge=purge, anyway=anyway)
    if json_:
        print(json.dumps({"format": FORMAT, **to_builtins(done)}, indent=2))
    else:
        out.print("\n".join(uninstalling.in_words(done)), markup=False, soft_wrap=True)


def _places() -> Places:
    return Places.from_environ(os.environ)
