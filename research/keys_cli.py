"""``overt-research keygen`` and ``age-identity``: what a researcher does with their own keys. Parses and prints."""

import getpass
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from research import keys, show
from research.common_cli import FORMAT, HOME, AsJson, Home, examples, save
from research.errors import InputError

app = typer.Typer()


@app.command(
    epilog=examples(
        "keygen --name 'Alice Example' --out alice.json", "keygen --name 'Alice Example' --store keyring",
        "keygen --name 'Alice Example' --store passphrase",
    )
)  # fmt: skip
def keygen(
    name: Annotated[str, typer.Option(help="Your name, as the notice will show it to participants.")],
    out: Annotated[Path | None, typer.Option(help="Write the card here too.")] = None,
    store: Annotated[
        keys.Store, typer.Option(help="Where the secret lies: a file of mode 0600, one under a passphrase, or the "
                                      "system's keyring.")
    ] = keys.Store.FILE,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:  # fmt: skip
    """Make your keys, and print your card: give it to whoever runs overt-admin. The card holds no secret.

    A passphrase is asked for, or taken from OVERT_RESEARCH_PASSPHRASE where nobody can be asked.
    """
    phrase = _new_phrase() if store is keys.Store.PASSPHRASE else None
    made = keys.create(home, name, secrets.token_bytes(32), secrets.token_bytes(32), store, phrase)
    card = made.card()
    if out:
        save(out, card.model_dump_json(indent=2).encode() + b"\n")
    if json_:
        print(json.dumps({"format": FORMAT, "store": store, "home": str(home), "card": card.model_dump(mode="json")}))
    else:
        print(card.model_dump_json(indent=2))


@app.command("age-identity", epilog=examples("age-identity --export --out alice.age-identity"))
def age_identity(
    export_: Annotated[bool, typer.Option("--export", help="Write the secret identity; needs --out.")] = False,
    out: Annotated[Path | None, typer.Option(help="File to write (mode 0600). It opens every batch.")] = None,
    home: Home = HOME,
    json_: AsJson = False,
) -> None:
    """Tell how to open batches with a stock age tool (1.3 or later), and write the identity for it."""
    identity = keys.load(home).identity
    if export_ and out is None:
        raise InputError("a secret is never printed", "Name a file with --out.")
    if export_ and out:
        save(out, identity.encode().encode() + b"\n")
    if json_:
        written = str(out) if export_ else None
        told = {"recipient": str(identity.recipient), "fingerprint": identity.recipient.fingerprint, "written": written}
        print(json.dumps({"format": FORMAT, **told}))
    else:
        print(show.AGE_HOWTO.format(fingerprint=identity.recipient.fingerprint))


def _new_phrase() -> str:
    """A passphrase for new keys: typed twice, never shown. Raises: InputError."""
    if phrase := os.environ.get(keys.PHRASE_VARIABLE):
        return phrase
    if not sys.stdin.isatty():
        raise InputError("a passphrase cannot be asked for here", f"Set {keys.PHRASE_VARIABLE}, or use a terminal.")
    phrase = getpass.getpass("New passphrase: ")
    if phrase != getpass.getpass("Once more: "):
        raise InputError("the two are not the same", "Run it again.")
    return phrase
