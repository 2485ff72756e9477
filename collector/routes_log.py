"""The transparency log and the feed over HTTP.

GET /v1/log/checkpoint               the newest checkpoint (C2SP signed note); for anybody
GET /v1/log/tile/{level}/{number}    hashes, or `entries`, as C2SP tlog-tiles names them; full tiles never change
GET /v1/log/openings                 openings that concern the sending device
GET /v1/log/openings/public          openings of what is published; for anybody
GET /v1/log/openings/study           openings of what proves consent; signed by a researcher
GET /v1/feed?after=                  what may not be used any more, signed and with a lease; signed by a researcher
"""

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from collector.described import PAGED, gives, gives_bytes
from collector.errors import Refused
from collector.log import OF_DEVICE, OF_STUDY, PUBLIC
from collector.log_append import ENTRIES
from collector.replies import json_reply
from collector.routes import device_of, house_of, page_of
from schemas.log import OpeningPage
from schemas.merkle import TILE_HEIGHT, TILE_WIDTH
from schemas.signed import SignedDocument
from schemas.wire import RefusalReason

_TILE = re.compile(r"(entries|[0-5])/((?:x\d{3}/){0,4}\d{3})(?:\.p/([1-9]\d{0,2}))?")
FOR_EVER = "public, max-age=31536000, immutable"
TEXT = "text/plain; charset=utf-8"
BINARY = "application/octet-stream"
router = APIRouter()


@router.get("/v1/log/checkpoint", responses=gives_bytes(TEXT, 200))
async def checkpoint(request: Request) -> Response:
    """The log's size and root, signed."""
    note = await house_of(request).log.checkpoint()
    return Response(note, media_type=TEXT, headers={"cache-control": "no-cache"})


@router.get("/v1/log/tile/{path:path}", responses=gives_bytes(BINARY, 200))
async def tile(path: str, request: Request) -> Response:
    """A tile of hashes, or a bundle of entries."""
    match = _TILE.fullmatch(path)
    if not match or int(match[3] or 1) >= TILE_WIDTH:
        raise Refused(RefusalReason.NOT_FOUND, "the address does not name a tile of a log")
    level = ENTRIES if match[1] == "entries" else int(match[1])
    number, width = int(re.sub(r"\D", "", match[2])), int(match[3] or TILE_WIDTH)
    if number >> (48 - TILE_HEIGHT):
        raise Refused(RefusalReason.NOT_FOUND, "the log is not that long")
    data = await house_of(request).log.tile(level, number, width)
    return Response(data, media_type=BINARY, headers={"cache-control": FOR_EVER})


@router.get("/v1/log/openings", responses=gives(OpeningPage, 200), openapi_extra={"parameters": PAGED})
async def openings_of_device(request: Request) -> Response:
    """Openings that concern the sending device."""
    house = house_of(request)
    device = await device_of(request, house)
    await house.reception.small(request, 0)
    return json_reply(await house.log.openings(OF_DEVICE, device, *page_of(request)))


@router.get("/v1/log/openings/public", responses=gives(OpeningPage, 200), openapi_extra={"parameters": PAGED})
async def openings_of_publications(request: Request) -> Response:
    """Openings of what is published."""
    return json_reply(await house_of(request).log.openings(PUBLIC, None, *page_of(request)))


@router.get("/v1/log/openings/study", responses=gives(OpeningPage, 200), openapi_extra={"parameters": PAGED})
async def openings_of_study(request: Request) -> Response:
    """Openings of what proves consent."""
    house = house_of(request)
    await house.reception.signer(request, house.outlet.keys)
    await house.reception.small(request, 0)
    return json_reply(await house.log.openings(OF_STUDY, None, *page_of(request)))


@router.get("/v1/feed", responses=gives(SignedDocument, 200), openapi_extra={"parameters": PAGED[:1]})
async def feed(request: Request) -> Response:
    """What may not be used any more."""
    house = house_of(request)
    await house.reception.signer(request, house.outlet.keys)
    await house.reception.small(request, 0)
    return json_reply(await house.feed.page(page_of(request)[0]))
