"""What an auditor may read: what organisation and researchers did. Nobody's consent, no device, no batch's bytes.

GET /v1/audit/openings?after=    openings of the log's entries of those kinds
GET /v1/audit/pulls?after=       every reading: when, who, why, of which batch (by digest; not whose it is)
GET /v1/audit/retention          what is overdue; few batches are told as "<5"

Auditors' keys are named by `serve --auditor`. Each request is signed with one.
"""

import json

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from collector.described import PAGED, gives
from collector.house import House
from collector.log import OF_AUDITOR
from collector.replies import JSON, json_reply
from collector.routes import house_of, page_of
from collector.tally import few
from schemas.access import PullPage
from schemas.log import OpeningPage

router = APIRouter()


async def _auditor(request: Request) -> House:
    house = house_of(request)
    await house.reception.signer(request, house.auditor_keys)
    await house.reception.small(request, 0)
    return house


@router.get("/v1/audit/openings", responses=gives(OpeningPage, 200), openapi_extra={"parameters": PAGED})
async def openings(request: Request) -> Response:
    """Openings of what organisation and researchers did."""
    house = await _auditor(request)
    return json_reply(await house.log.openings(OF_AUDITOR, None, *page_of(request)))


@router.get("/v1/audit/pulls", responses=gives(PullPage, 200), openapi_extra={"parameters": PAGED})
async def pulls(request: Request) -> Response:
    """Every reading of every batch."""
    house = await _auditor(request)
    return json_reply(await house.access.pulls(*page_of(request)))


@router.get("/v1/audit/retention")
async def retention(request: Request) -> Response:
    """What is overdue."""
    report = await (await _auditor(request)).retention.report()
    told = {
        "format": 1,
        "at_hour": report.at_hour,
        "retention_days": report.retention_days,
        "overdue": few(report.overdue),
        "half_erased": few(report.half_erased),
    }
    return Response(json.dumps(told), media_type=JSON)
