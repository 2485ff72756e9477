"""``overt redact``: shows what would be masked. Parses and prints; the work is in ``redacting``."""

import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.core.redact.errors import RedactError
from agent.errors import EXIT_ERROR, EXIT_USAGE, OvertError
from agent.lazily import lazily

if TYPE_CHECKING:
    from agent import redacting
else:
    redacting = lazily("agent.redacting")

KEY_BYTES = 32
"""Drawn anew for each run: ordinals of two runs cannot be joined."""

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)


class RedactFailedError(OvertError):
    """A detector failed. What it was looking at is not shown."""

    remedy = "report the detector's name; nothing was kept"


class AskedWronglyError(OvertError):
    """Options that do not go together."""

    exit_code = EXIT_USAGE
    remedy = "overt redact --help"


@app.callback(
    invoke_without_command=True,
    epilog="Examples: overt redact < notes.txt · overt redact --jsonl < texts.jsonl · "
    "overt redact --image shot.png --out masked.png · overt redact --type",
)
def redact(
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object with `text` a line.")] = False,
    image: Annotated[Path | None, typer.Option("--image", help="A picture instead of text.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where the masked picture goes (PNG).")] = None,
    mode: Annotated[
        str, typer.Option("--mode", help="layout: all text is filled. reveal: but for dull lines.")
    ] = "layout",
    live: Annotated[bool, typer.Option("--type", help="Show it while you type, in this terminal.")] = False,
) -> None:
    """Show what would be masked. Nothing is recorded, kept or sent; no daemon and no consent are needed."""
    if (image is None) != (out is None) or sum((jsonl, live, image is not None)) > 1:
        raise AskedWronglyError("--image goes with --out, and --jsonl, --type and --image not with each other")
    if mode not in redacting.MODES:
        raise AskedWronglyError(f"--mode is {' or '.join(redacting.MODES)}")
    try:
        whole = _run(jsonl=jsonl, live=live, image=image, out=out, reveal=mode == "reveal")
    except RedactError as error:
        raise RedactFailedError(str(error)) from None
    raise typer.Exit(0 if whole else EXIT_ERROR)


def _run(*, jsonl: bool, live: bool, image: Path | None, out: Path | None, reveal: bool) -> bool:
    if image is not None and out is not None:
        sys.stdout.write(json.dumps({"rectangles": redacting.picture(image, out, _told if reveal else None)}) + "\n")
        return True
    key = secrets.token_bytes(KEY_BYTES)
    masker = redacting.redactor(key)
    if live:
        from agent import redact_typing  # noqa: PLC0415  # needs a terminal that not every system has

        redact_typing.live(masker)
        return True
    if jsonl:
        return redacting.json_lines(sys.stdin.buffer, sys.stdout.buffer, masker, _told)
    return redacting.plain_text(sys.stdin.buffer, sys.stdout.buffer, redacting.Window(masker, key), _told)


def _told(sentence: str) -> None:
    sys.stderr.write(f"overt: {sentence}\n")
