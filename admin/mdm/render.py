"""Every file for every management tool, of one policy. The same policy gives the same bytes, always and everywhere."""

import hashlib
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from admin import policy
from admin.documents import build, read_table, write
from admin.errors import InputError
from admin.mdm import browsers, linux, macos, windows
from admin.mdm.facts import NO_TEAM, Options
from schemas.limits import Limits, limits_of

SUMS = "SHA256SUMS"
"""Every other file's digest, as ``sha256sum --check`` reads it."""


class Rendered(Struct, frozen=True):
    """Files by path, and what about them deserves a second look."""

    files: dict[str, bytes]
    warnings: list[str]


def limits_in(path: Path, now: datetime) -> tuple[Limits, bool]:
    """The limits in a file: a study's policy, or limits alone; and whether it has web apps.

    A policy that names no end gives limits without one, so that they do not depend on the day.

    Raises:
        InputError: with a line for each key that is wrong.
    """
    table = read_table(path)
    if "study" not in table:
        return build(Limits, table, path.name), False
    checked = policy.check(path, now).policy
    limits = limits_of(checked)
    if "expires" not in table:
        limits = limits.model_copy(update={"expires": None})
    return limits, any(app.origins for app in checked.apps)


def render(limits: Limits, options: Options, *, web: bool) -> Rendered:
    """All files, by path below the folder that they are written to."""
    files = macos.render(limits, options) | windows.render(limits, options) | linux.render(limits, options)
    found = browsers.render(options) if web else {}
    files |= found
    sums = "".join(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    return Rendered(files | {SUMS: sums.encode()}, _warnings(options, web=web))


def write_all(folder: Path, files: dict[str, bytes]) -> None:
    """Write files into a new or empty folder: what an earlier policy left must not be rolled out with this one.

    Raises:
        InputError: the folder holds something already, or cannot be written.
    """
    try:
        if folder.exists() and any(folder.iterdir()):
            raise InputError(f"{folder} is not empty", "Choose a new folder, or empty this one.")
        for path in files:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror}") from None
    for path, data in files.items():
        write(folder / path, data)


def _warnings(options: Options, *, web: bool) -> list[str]:
    found = ["windows: the agent does not read the registry yet: these limits do nothing there"]
    if options.team_id == NO_TEAM:
        found.append("macos: --team-id is missing, so the profile is for nobody's signature")
    if web and not (options.extension_id and options.update_url):
        found.append("browsers: without --extension-id and --update-url there is nothing for Chromium's family")
    if web and not options.firefox_url:
        found.append("browsers: without --firefox-url there is nothing for Firefox")
    return found
