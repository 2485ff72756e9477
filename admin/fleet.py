"""How a fleet is, by what its collector tells an operator: amounts of the last day, no people, nothing under five.

Who takes part, on which machine, since when: the collector does not tell and this does not ask (G12). What stands here
is what the organisation itself published, and figures about the server.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import ValidationError

from admin.errors import InputError, PublishError
from schemas.base import SchemaError
from schemas.policy import Policy
from schemas.signed import SignedDocument, parse_body
from schemas.study import StudyManifest
from schemas.wire import StudyReply

SMALL = 5
"""Counts below this are shown as "<5"."""
WARN_DAYS = 14
"""Days before a policy's end from which on it is told: signing and publishing takes meetings."""
_LINE = re.compile(r'^(overt_[a-z_]+)(?:\{reason="([a-z_]+)"\})? ([0-9.e+]+)$', re.MULTILINE)
MEANINGS = {
    "overt_batches_stored_day": "batches_stored_last_day",
    "overt_server_errors_day": "server_errors_last_day",
    "overt_refused_day": "refused_last_day",
    "overt_retention_overdue": "batches_kept_too_long",
    "overt_erasure_pending_seconds": "seconds_that_an_erasure_waits",
}
"""The collector's figures that are shown, and what they are called here. Any other is left out."""
FAULTS = ("server_errors_last_day", "batches_kept_too_long")


def health(client: httpx.Client, collector: str, token: str | None, now: datetime) -> dict[str, Any]:
    """What there is to tell.

    Args:
        client: for HTTP.
        collector: its address, as :func:`schemas.wire.collector_url` gives it.
        token: for its figures; without it only what is published is told.
        now: in UTC.

    Raises:
        PublishError: the collector is not reached, or gives something else.
    """
    published = _published(_get(client, f"{collector}/v1/study", {}), now)
    if token is None:
        return {**published, "figures": {}}
    text = _get(client, f"{collector}/metrics", {"authorization": f"Bearer {token}"}).decode(errors="replace")
    found = figures(text)
    faults = [f"{name}: {found[name]}" for name in FAULTS if found.get(name, 0) != 0]
    return {**published, "figures": found, "warnings": [*published["warnings"], *faults]}


def token_of(path: Path) -> str:
    """The token in a file.

    Raises:
        InputError: it cannot be read, or holds none.
    """
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        token = ""
    if not token.isprintable() or not token:
        raise InputError(f"{path} holds no token", "Give the file that `overt-collector serve --metrics-token` reads.")
    return token


def figures(text: str) -> dict[str, int | str]:
    """The collector's figures, of the names that are known."""
    sums: dict[str, int] = {}
    for name, reason, value in _LINE.findall(text):
        if name in MEANINGS:
            key = MEANINGS[name] + (f" ({reason})" if reason else "")
            sums[key] = sums.get(key, 0) + int(float(value))
    return {name: f"<{SMALL}" if 0 < count < SMALL else count for name, count in sums.items() if _told(name, count)}


def _told(name: str, count: int) -> bool:
    """A reason for which nothing was refused is left out."""
    return count > 0 or "(" not in name


def _published(body: bytes, now: datetime) -> dict[str, Any]:
    try:
        reply = StudyReply.model_validate_json(body)
        manifest, policy = _unsealed(reply.manifest, StudyManifest), _unsealed(reply.policy, Policy)
    except (ValidationError, SchemaError):
        raise PublishError("the collector gives no study of this version") from None
    days = (policy.expires - now).days
    warnings = [f"the policy ends in {max(days, 0)} days: sign and publish a newer one"] if days < WARN_DAYS else []
    if policy.manifest not in (None, reply.manifest.digest):
        warnings.append("the policy is for another version of the study: no machine takes the two together")
    facts: Mapping[str, Any] = {
        "study": manifest.study,
        "study_version": manifest.version,
        "policy_version": policy.version,
        "policy_expires": policy.expires.isoformat(),
        "switched_off": policy.blocked,
        "purging": policy.purge is True,
    }
    return {**facts, "warnings": warnings}


def _unsealed(document: SignedDocument, kind: Any) -> Any:
    """Read without its signature: nothing hangs on it here; every device checks it."""
    return parse_body(kind, document.body)


def _get(client: httpx.Client, url: str, headers: Mapping[str, str]) -> bytes:
    try:
        reply = client.get(url, headers=headers)
    except httpx.HTTPError as error:
        raise PublishError(f"the collector was not reached: {type(error).__name__}") from None
    if not reply.is_success:
        raise PublishError(f"the collector answered {reply.status_code}", "Is the token that of serve --metrics-token?")
    return reply.content
