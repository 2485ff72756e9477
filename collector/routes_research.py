"""The HTTP API of version 1, researchers' side. Each request is signed by a researcher of the current manifest.

GET /v1/batches?after=&limit=   a page of the listing; reason required
GET /v1/batches/{digest}        a batch, or a byte range of it; reason required, noted for the participant
GET /v1/ledger?after=&limit=    what proves each batch's consent; without a limit, of all devices at once
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from collector.errors import Refused
from collector.house import House
from collector.limits import DEFAULT_PAGE_ROWS
from collector.ranges import UnsatisfiableError, parse_range
from collector.replies import json_reply
from collector.routes import checked_digest, house_of
from schemas.wire import MAX_LEDGER_DEVICES, MAX_PAGE_ROWS, MAX_REASON_CHARS, REASON_HEADER, RefusalReason

ENVELOPE_TYPE = "application/vnd.overt.envelope"
router = APIRouter()


async def _researcher(request: Request, house: House) -> str:
    researcher = await house.reception.signer(request, house.outlet.keys)
    await house.reception.small(request, 0)
    return researcher


def _reason(request: Request) -> str:
    reason = request.headers.get(REASON_HEADER, "").strip()
    if not reason or not reason.isprintable():
        raise Refused(RefusalReason.NO_REASON, "the request does not say what it is for")
    if len(reason) > MAX_REASON_CHARS:
        raise Refused(RefusalReason.MALFORMED, f"the reason is longer than {MAX_REASON_CHARS} characters")
    return reason


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):
        raise Refused(RefusalReason.MALFORMED, f"`{name}` is not a whole number that can be used")
    return min(int(text), most)


@router.get("/v1/batches")
async def list_batches(request: Request) -> Response:
    """A page of the listing."""
    house = house_of(request)
    await _researcher(request, house)
    _reason(request)
    after = _number(request, "after", 0, (1 << 63) - 1)
    limit = max(1, _number(request, "limit", DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS))
    return json_reply(await house.outlet.page(after, limit))


@router.get("/v1/batches/{digest}")
async def get_batch(digest: str, request: Request) -> Response:
    """A batch's bytes, all or from where an earlier attempt broke off."""
    house = house_of(request)
    researcher = await _researcher(request, house)
    reason = _reason(request)
    row = await house.outlet.find(checked_digest(digest))
    tag = f'"{row.digest}"'
    resumable = request.headers.get("if-range", tag) == tag
    try:
        part = parse_range(request.headers.get("range") if resumable else None, row.size)
    except UnsatisfiableError:
        raise Refused(RefusalReason.NOT_FOUND, "the range lies outside of the batch", status=416) from None
    start, end = part or (0, row.size)
    headers = {"etag": tag, "accept-ranges": "bytes", "content-length": str(end - start)}
    if part:
        headers["content-range"] = f"bytes {start}-{end - 1}/{row.size}"
    chunks = await house.outlet.read(row, researcher, reason, start, end)
    return StreamingResponse(chunks, 206 if part else 200, headers, ENVELOPE_TYPE)


@router.get("/v1/ledger")
async def ledger(request: Request) -> Response:
    """What proves each batch's consent."""
    house = house_of(request)
    await _researcher(request, house)
    after = request.query_params.get("after", "")
    if "limit" not in request.query_params and not after:
        return json_reply(await house.outlet.ledger())  # how clients of 0.1 ask
    limit = max(1, _number(request, "limit", MAX_LEDGER_DEVICES, MAX_LEDGER_DEVICES))
    return json_reply(await house.outlet.ledger(checked_digest(after) if after else "", limit))
