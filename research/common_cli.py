"""What all commands of ``overt-research`` share: options, examples, and how a result is printed."""

import json
from pathlib import Path
from typing import Annotated, Any

import platformdirs
import typer

from research import show
from research.disk import write_whole
from research.errors import InputError

HOME = Path(platformdirs.user_config_dir("overt-research"))
FORMAT = 1
"""Version of what ``--json`` prints."""

Home = Annotated[Path, typer.Option(help="Folder of the researcher's keys.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
From = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that was pulled.")]
Organisation = Annotated[
    str | None, typer.Option(help="The organisation's public key, base64url; by default the one that was pinned.")
]


def examples(*lines: str) -> str:
    """The end of a help text."""
    return "\b\nExamples:\n" + "\n".join(f"  overt-research {line}" for line in lines)


def tell(facts: dict[str, Any], *, as_json: bool) -> None:
    """Print a result, for people a fact a line."""
    if as_json:
        print(json.dumps({"format": FORMAT, **facts}, indent=2))
        return
    for key, value in facts.items():
        for line in value if isinstance(value, list) else [value]:
            print(show.printable(f"{key.replace('_', ' ')}: {line}"))


def save(path: Path, data: bytes) -> None:
    """Write a file of mode 0600, whole or not at all. Raises: InputError."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None
