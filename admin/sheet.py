"""Enrolment links to print and hand out: a page with a QR code for each. It names nobody."""

import html
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import segno

from admin.errors import InputError

OWNER_ONLY = 0o600
"""Each link enrols whoever has it."""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Enrolment codes</title><style>
body {{ font: 14px sans-serif; margin: 0 }}
section {{ break-inside: avoid; border: 1px dashed #888; padding: 12mm; margin: 6mm; display: flex; gap: 8mm }}
code {{ overflow-wrap: anywhere; font-size: 11px }}
svg {{ flex: none }}
</style></head><body>
{codes}
</body></html>
"""
_CODE = """<section>{svg}<div><h2>{study}</h2>
<p>Works once, until {expires}. Enrolling captures nothing: you are asked first, and no is an answer.</p>
<p><code>overt enrol '{link}'</code></p></div></section>"""


def page(study: str, links: Sequence[str], expires: datetime) -> str:
    """An HTML page that fetches nothing, with every link as a QR code and in words."""
    until = expires.strftime("%Y-%m-%d %H:%M UTC")
    codes = (
        _CODE.format(
            svg=segno.make(link, micro=False).svg_inline(scale=3, border=2),
            study=html.escape(study),
            expires=until,
            link=html.escape(link),
        )
        for link in links
    )
    return _PAGE.format(codes="\n".join(codes))


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner can read.

    Raises:
        InputError: there is one already, or it cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}", "Choose a new file.") from None
