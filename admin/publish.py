"""Handing signed documents to a collector: ``POST /v1/publish``, one after the other."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import httpx
from msgspec import Struct
from pydantic import ValidationError

from admin.errors import InputError, PublishError
from schemas.signed import SignedDocument
from schemas.wire import Refusal

TIMEOUT_S = 20.0
"""Seconds. A collector answers in milliseconds; beyond this it is not there."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Published(Struct, frozen=True):
    """A document that the collector took."""

    digest: str
    type: str


def collector_url(text: str) -> str:
    """A collector's address without a slash at its end.

    Raises:
        InputError: not an http(s) address, or unencrypted to another machine.
    """
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise InputError(f"not a collector's address: {text}", "Write it as https://collector.example.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise InputError("plain http is for this machine only", "Use https.")
    return text.rstrip("/")


def publish(
    collector: str, documents: Sequence[SignedDocument], client: httpx.Client | None = None
) -> Iterator[Published]:
    """Send documents in order; each is yielded once the collector has it.

    Args:
        collector: address, as :func:`collector_url` gives it.
        documents: signed by the organisation's key.
        client: another HTTP client, for tests.

    Raises:
        PublishError: refused or not reached. What was yielded before is published.
    """
    with client or httpx.Client(timeout=TIMEOUT_S) as http:
        for signed in documents:
            _send(http, collector, signed)
            yield Published(signed.digest, signed.payloadType)


def _send(http: httpx.Client, collector: str, signed: SignedDocument) -> None:
    headers = {"content-type": "application/json"}
    try:
        reply = http.post(f"{collector}/v1/publish", content=signed.to_bytes(), headers=headers)
    except httpx.HTTPError as error:
        raise PublishError(f"the collector was not reached: {type(error).__name__}") from None
    if reply.is_success:
        return
    try:
        refusal = Refusal.model_validate_json(reply.content)
    except ValidationError:
        raise PublishError(f"the collector answered {reply.status_code}") from None
    raise PublishError(f"refused ({refusal.reason}): {refusal.detail}", refusal.remedy)
