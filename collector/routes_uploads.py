"""Long uploads in parts, after draft-ietf-httpbis-resumable-upload-10. Each request is signed by the device.

    HEAD  /v1/uploads/{digest}    204 with Upload-Offset: how many bytes are here
    PATCH /v1/uploads/{digest}    a part, from Upload-Offset on; with Upload-Complete: ?1 the batch is handed in

An upload needs no request that creates it, as the draft has it: its address is the digest of what it will be. Parts lie
with the collector that took them. Behind a proxy, have it choose the collector by the address (nginx: `hash $uri
consistent`); otherwise a part may come to one that has not the others, and the upload begins anew.
"""

from functools import partial

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from collector.described import PART_TYPE, gives, header, takes_bytes
from collector.errors import Refused, StorageError
from collector.house import House
from collector.limits import MAX_BATCH_BYTES, MAX_PART_BYTES
from collector.partial import WrongOffsetError
from collector.replies import created
from collector.routes import checked_digest, device_of, house_of
from schemas.signed import SignedDocument
from schemas.wire import RefusalReason

OFFSET, COMPLETE = "upload-offset", "upload-complete"
router = APIRouter()
_HEADERS = [
    header(OFFSET, "where the part begins", {"type": "integer", "minimum": 0, "maximum": MAX_BATCH_BYTES}),
    header(COMPLETE, "`?1` with the last part (RFC 9651 boolean)", {"enum": ["?0", "?1"]}, required=False),
]


@router.head("/v1/uploads/{digest}", status_code=204)
async def progress(digest: str, request: Request) -> Response:
    """How far an upload has come."""
    house = house_of(request)
    device = await device_of(request, house)
    await house.reception.small(request, 0)
    here = await to_thread.run_sync(house.partials.length, device, checked_digest(digest))
    return _so_far(here)


@router.patch(
    "/v1/uploads/{digest}",
    status_code=201,
    responses={204: {"description": "the part is here"}, **gives(SignedDocument, 200, 201)},
    openapi_extra=takes_bytes(PART_TYPE, MAX_PART_BYTES) | {"parameters": _HEADERS},
)
async def part(digest: str, request: Request) -> Response:
    """Take the next part; with the last one, store the batch."""
    house = house_of(request)
    device = await device_of(request, house)
    async with house.reception.large(request, MAX_PART_BYTES) as body:
        offset, last = _offset(request, len(body)), request.headers.get(COMPLETE, "") == "?1"
        name = checked_digest(digest)
        try:
            here = await to_thread.run_sync(partial(house.partials.append, device, name, offset, body))
        except WrongOffsetError:
            raise Refused(RefusalReason.WRONG_OFFSET, "the part does not begin where the one before ended") from None
        except OSError as error:
            raise StorageError(f"parts: {type(error).__name__}") from None
    return await _finish(house, device, name, here) if last else _so_far(here)


async def _finish(house: House, device: str, name: str, length: int) -> Response:
    async with house.reception.seat(length):
        body = await to_thread.run_sync(house.partials.whole, device, name)
        try:
            receipt, new = await house.intake.batch(device, name, body)
        except Refused as error:
            if error.reason is RefusalReason.MALFORMED:  # torn or mixed up: begin anew
                await to_thread.run_sync(house.partials.forget, device)
            raise
    await to_thread.run_sync(house.partials.forget, device)
    return created(receipt, new=new)


def _offset(request: Request, length: int) -> int:
    text = request.headers.get(OFFSET, "")
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_BATCH_BYTES))):
        raise Refused(RefusalReason.MALFORMED, "Upload-Offset is not a whole number that can be used")
    if int(text) + length > MAX_BATCH_BYTES:
        raise Refused(RefusalReason.TOO_LARGE, "the upload is too large")
    return int(text)


def _so_far(here: int) -> Response:
    return Response(None, 204, {OFFSET: str(here), COMPLETE: "?0", "cache-control": "no-store"})
