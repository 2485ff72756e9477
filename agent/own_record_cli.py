"""``overt verify-log`` and ``overt page``. Parse and print; the work is elsewhere."""

import json
import os
import secrets
import time
import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import to_builtins

from agent.disk.places import Places
from agent.errors import EXIT_ERROR
from agent.lazily import lazily
from agent.tell import out

if TYPE_CHECKING:
    from agent import own_record
    from agent.disk import keys
else:
    own_record, keys = lazily("agent.own_record"), lazily("agent.disk.keys")

FORMAT = 1
Json = Annotated[bool, typer.Option("--json", help="Print JSON; `format` is its version.")]


def add_to(app: typer.Typer) -> None:
    """Make the commands known."""
    app.command("verify-log", epilog="Examples: overt verify-log · overt verify-log --json")(verify_log)
    app.command("page", epilog="Examples: overt page · overt page --print · overt page --lift")(page)


def verify_log(json_: Json = False) -> None:
    """Check that the collector's log was only added to, and has what concerns you. Exits 1 if not."""
    places = Places.from_environ(os.environ)
    found = own_record.verify_log(places, keys.open_keys(places), secrets.token_bytes, time.time)
    if json_:
        print(json.dumps({"format": FORMAT, "good": not found.missing, **to_builtins(found)}, indent=2))
    else:
        out.print(f"The log has {found.size} entries. {_since(found)}")
        out.print(f"Entries about you and the study: {found.proved} proved to be in it, {found.waiting} still wait.")
        out.print(f"Readings of your batches: {found.pulls}.")
        for each in found.missing:
            out.print(f"WRONG: {each}", markup=False)
        out.print(f"Root, to compare with others: {found.root}", soft_wrap=True)
    if found.missing:
        raise typer.Exit(EXIT_ERROR)


def _since(found: "own_record.LogFound") -> str:
    if not found.before:
        return "This is the first look from here: the next one will tell whether anything was changed."
    return f"All {found.before} of your last look are in it, unchanged."


def page(
    lift: Annotated[bool, typer.Option("--lift", help="Take back what you asked for on the page.")] = False,
    print_: Annotated[bool, typer.Option("--print", help="Print the link and open nothing.")] = False,
    json_: Json = False,
) -> None:
    """Open your own page at the collector: your batches, who read them and why. The link works once."""
    places = Places.from_environ(os.environ)
    if lift:
        own_record.lift_wish(places, keys.open_keys(places), secrets.token_bytes, time.time)
        out.print("Taken back: researchers can get your batches again. To stop recording: overt off")
        return
    link = own_record.page_link(places, keys.open_keys(places), secrets.token_bytes, time.time)
    opened = not (print_ or json_) and webbrowser.open(link)
    if json_:
        print(json.dumps({"format": FORMAT, "link": link}))
    elif opened:
        out.print("Your page opens in the browser. The link worked once; ask again for another.")
    else:
        out.print(link, markup=False, soft_wrap=True)
