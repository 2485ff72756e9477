"""The HTTP API of version 1, researchers' side. Each request is signed by a researcher of the current manifest.

GET /v1/batches?after=&limit=   a page of the listing; reason required
GET /v1/batches/{digest}        a batch, or a byte range of it; reason required, noted for the participant
GET /v1/ledger?after=&limit=    what proves each batch's consent; without a limit, of all devices at once
POST /v1/sweeps                 a sweep receipt, signed by the same researcher
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from collector.described import ENVELOPE_TYPE, PAGED, REASON, gives, gives_bytes, takes
from collector.errors import Refused
from collector.house import House
from collector.limits import MAX_DOCUMENT_BYTES
from collector.ranges import UnsatisfiableError, parse_range
from collector.replies import created, json_reply
from collector.routes import checked_digest, house_of, number_of, page_of, parse_json
from schemas.signed import SignedDocument
from schemas.wire import MAX_LEDGER_DEVICES, MAX_REASON_CHARS, REASON_HEADER, BatchPage, LedgerReply, RefusalReason

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


@router.get("/v1/batches", responses=gives(BatchPage, 200), openapi_extra={"parameters": [*PAGED, REASON]})
async def list_batches(request: Request) -> Response:
    """A page of the listing."""
    house = house_of(request)
    await _researcher(request, house)
    _reason(request)
    return json_reply(await house.outlet.page(*page_of(request)))


@router.get(
    "/v1/batches/{digest}", responses=gives_bytes(ENVELOPE_TYPE, 200, 206), openapi_extra={"parameters": [REASON]}
)
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


@router.get("/v1/ledger", responses=gives(LedgerReply, 200))
async def ledger(request: Request) -> Response:
    """What proves each batch's consent."""
    house = house_of(request)
    await _researcher(request, house)
    after = request.query_params.get("after", "")
    if "limit" not in request.query_params and not after:
        return json_reply(await house.outlet.ledger())  # how clients of 0.1 ask
    limit = max(1, number_of(request, "limit", MAX_LEDGER_DEVICES, MAX_LEDGER_DEVICES))
    return json_reply(await house.outlet.ledger(checked_digest(after) if after else "", limit))


@router.post(
    "/v1/sweeps", status_code=201, responses=gives(SignedDocument, 200, 201), openapi_extra=takes(SignedDocument)
)
async def sweeps(request: Request) -> Response:
    """Keep a sweep receipt; the participants whose batches it names see it."""
    house = house_of(request)
    researcher = await house.reception.signer(request, house.outlet.keys)
    signed = parse_json(SignedDocument, await house.reception.small(request, MAX_DOCUMENT_BYTES))
    key = (await house.outlet.keys([researcher]))[researcher]
    receipt, new = await house.access.sweep(researcher, key, signed)
    return created(receipt, new=new)
