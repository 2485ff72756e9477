"""Handing signed documents to a collector: ``POST /v1/publish``, one after the other."""

from collections.abc import Iterator, Sequence

import httpx
from msgspec import Struct
from pydantic import ValidationError

from admin.errors import PublishError
from schemas.signed import SignedDocument
from schemas.wire import Refusal

TIMEOUT_S = 20.0
"""Seconds. A collector answers in milliseconds; beyond this it is not there."""


class Published(Struct, frozen=True):
    """A document that the collector took."""

    digest: str
    type: str


def publish(
    collector: str, documents: Sequence[SignedDocument], client: httpx.Client | None = None
) -> Iterator[Published]:
    """Send documents in order; each is yielded once the collector has it.

    Args:
        collector: address, as :func:`schemas.wire.collector_url` gives it.
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
