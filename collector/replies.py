"""Replies: JSON of documents, and refusals for everything that goes wrong."""

import math

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from collector.errors import Refused
from schemas.wire import RefusalReason

JSON = "application/json"
RETRY_AFTER_S = 5
"""Seconds: what a client should wait for when the store fails; a full disk takes longer, a lock less."""


def json_reply(document: BaseModel, status: int = 200) -> Response:
    """A document as JSON, its absent fields left out."""
    body = document.model_dump_json(by_alias=True, exclude_none=True)
    return Response(body, status, media_type=JSON)


def created(document: BaseModel, *, new: bool) -> Response:
    """201 for what was stored just now, 200 for what was stored before."""
    return json_reply(document, 201 if new else 200)


async def on_refused(request: Request, error: Exception) -> Response:
    """A refusal, its reason noted for the log."""
    if not isinstance(error, Refused):
        raise TypeError(type(error))
    request.scope["overt.reason"] = error.reason.value
    wait_s = error.retry_after_s
    headers = {} if wait_s is None else {"retry-after": str(max(1, math.ceil(wait_s)))}
    return Response(error.body(), error.status, headers, media_type=JSON)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Unknown addresses and methods, in the same form as any refusal."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    return await on_refused(request, Refused(RefusalReason.NOT_FOUND, "there is no such address or method", status))


async def on_storage_error(request: Request, error: Exception) -> Response:
    """503: nothing was acknowledged, so the client sends again."""
    request.scope["overt.fault"] = str(error)
    return _later("the store does not answer; nothing was taken")


async def on_not_now(request: Request, error: Exception) -> Response:
    """503 without a fault of ours: right or not, it has to come again."""
    request.scope["overt.reason"] = "not_now"
    return _later(str(error))


def _later(detail: str) -> Response:
    body = f'{{"detail":"{detail}"}}'
    return Response(body, 503, {"retry-after": str(RETRY_AFTER_S)}, JSON)
