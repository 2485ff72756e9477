"""Policies: read, check, complain in words, sign."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct

from admin.documents import build, read_table
from admin.errors import InputError
from schemas.policy import Policy
from schemas.signed import SignedDocument, verify
from schemas.study import StudyManifest

DEFAULT_DAYS = 90
"""Days for which a policy holds that names no end: a forgotten study stops by itself."""

BROWSERS = frozenset({"brave", "chrome", "chromium", "firefox", "firefox-esr", "msedge", "opera", "safari", "vivaldi"})
"""Names of programs that show any site, without ``.exe``."""


class Checked(Struct, frozen=True):
    """A policy that may be signed, and what about it deserves a second look."""

    policy: Policy
    warnings: list[str]


def check(path: Path, now: datetime) -> Checked:
    """Read a policy of a TOML or JSON file.

    ``issued`` and ``expires`` may be left out: then they are now and :data:`DEFAULT_DAYS` later.

    Args:
        path: the file.
        now: in UTC, to the second or finer.

    Raises:
        InputError: with a line for each key that is wrong.
    """
    table = {"issued": now, "expires": now + timedelta(days=DEFAULT_DAYS), **read_table(path)}
    policy = build(Policy, table, path.name)
    if policy.expires <= policy.issued:
        raise InputError(f"{path.name}: expires: must be later than issued")
    if policy.expires <= now:
        raise InputError(f"{path.name}: expires: lies in the past, so the policy would allow nothing")
    for index, app in enumerate(policy.apps):
        if list(app.modalities) != sorted(set(app.modalities)):
            raise InputError(f"{path.name}: apps.{index}.modalities: must be sorted and without repeats")
    return Checked(policy, _warnings(policy))


def bound(checked: Checked, manifest: SignedDocument, trusted: Mapping[str, bytes]) -> Checked:
    """The policy, made to go with this signed study alone.

    Raises:
        InputError: the study is another one.
        SchemaError: no signed study of this organisation.
    """
    study = verify(manifest, StudyManifest, trusted).study
    if study != checked.policy.study:
        raise InputError(f"the manifest is for study {study}, the policy for {checked.policy.study}")
    return Checked(checked.policy.model_copy(update={"manifest": manifest.digest}), checked.warnings)


def _warnings(policy: Policy) -> list[str]:
    found = []
    if not policy.apps:
        found.append("apps: the list is empty, so nothing can be captured")
    if policy.blocked:
        found.append("blocked: true, so nobody captures anything")
    for app in policy.apps:
        if not app.known_by:
            found.append(f"apps: {app.id} names neither executables nor packages, so it is never recognised")
        if app.origins is None and any(_program(path) in BROWSERS for path in app.executables):
            found.append(f"apps: {app.id} is a browser without origins, so every site in it would be captured")
        if not app.modalities:
            found.append(f"apps: {app.id} offers no modality, so nothing can be captured in it")
    return found


def _program(path: str) -> str:
    """A program's own name: the last part of its path, whatever system it is of."""
    return path.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")
