"""The HTTP API of version 1, devices' and organisation's side. HTTP only: bodies in, replies out.

    GET  /healthz, /readyz        the process lives; its stores answer
    POST /v1/publish              manifest, policy or codes, signed by a trusted organisation
    GET  /v1/study                manifest, policy and the collector's key
    POST /v1/enrol                a one-time code and a self-signed registration
    POST /v1/consents             a consent record; request signed by the device
    PUT  /v1/batches/{digest}     an envelope; request signed by the device
    POST /v1/erasures             what to delete, signed by the device, as is the request
    GET  /v1/access               who read the sending device's batches, and what was erased

What researchers call stands in `routes_research`.
"""

from typing import TypeVar

from anyio import to_thread
from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from collector.described import ENVELOPE_TYPE, PAGED, gives, takes, takes_bytes
from collector.errors import Refused
from collector.house import House
from collector.limits import DEFAULT_PAGE_ROWS, MAX_BATCH_BYTES, MAX_DOCUMENT_BYTES
from collector.reception import read_body
from collector.replies import created, json_reply
from schemas.access import AccessReply
from schemas.base import Digest, Document
from schemas.signed import SignedDocument
from schemas.wire import MAX_PAGE_ROWS, EnrolRequest, RefusalReason, StudyReply

D = TypeVar("D", bound=Document)
router = APIRouter()
_DIGEST: TypeAdapter[str] = TypeAdapter(Digest)


def house_of(request: Request) -> House:
    """The parts behind the application that serves this request."""
    house: House = request.app.state.house
    return house


async def device_of(request: Request, house: House) -> str:
    """The enrolled device that signed this request.

    Raises:
        Refused, NotNowError: as `Reception.device`.
    """
    device = await house.reception.device(request, house.intake.keys)
    request.scope["overt.device"] = device  # counted, and never logged
    return device


def checked_digest(text: str) -> str:
    """A digest from an address.

    Raises:
        Refused: it is none.
    """
    try:
        return _DIGEST.validate_python(text)
    except ValidationError:
        raise Refused(RefusalReason.NOT_FOUND, "the address does not name a batch by its digest") from None


def parse_json(kind: type[D], body: bytes) -> D:
    """A document from a body.

    Raises:
        Refused: it is none of this kind.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError:
        raise Refused(RefusalReason.MALFORMED, f"not a {kind.__name__} of this version") from None


def page_of(request: Request) -> tuple[int, int]:
    """`after` and `limit` of a request for a page.

    Raises:
        Refused: not whole numbers that can be used.
    """
    after = number_of(request, "after", 0, (1 << 63) - 1)
    return after, max(1, number_of(request, "limit", DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS))


def number_of(request: Request, name: str, default: int, most: int) -> int:
    """A whole number from a request's query, `most` at most.

    Raises:
        Refused: it is none that can be used.
    """
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):
        raise Refused(RefusalReason.MALFORMED, f"`{name}` is not a whole number that can be used")
    return min(int(text), most)


@router.get("/healthz")
async def healthz() -> Response:
    """The process lives."""
    return Response('{"ok":true}', media_type="application/json")


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """The stores answer."""
    await house_of(request).ledger.ready()
    return Response('{"ok":true}', media_type="application/json")


@router.post("/v1/publish", status_code=201, openapi_extra=takes(SignedDocument))
async def publish(request: Request) -> Response:
    """Publish a manifest, a policy or a list of codes."""
    signed = parse_json(SignedDocument, await read_body(request, MAX_DOCUMENT_BYTES))
    new = await house_of(request).publishing.publish(signed)
    return Response(f'{{"digest":"{signed.digest}"}}', 201 if new else 200, media_type="application/json")


@router.get("/v1/study", responses=gives(StudyReply, 200))
async def study(request: Request) -> Response:
    """What a device or a researcher needs first."""
    return json_reply(await house_of(request).publishing.study())


@router.post("/v1/enrol", status_code=201, responses=gives(SignedDocument, 200, 201), openapi_extra=takes(EnrolRequest))
async def enrol(request: Request) -> Response:
    """Exchange a code for a device's registration."""
    await house_of(request).reception.limit(request)
    wanted = parse_json(EnrolRequest, await read_body(request, MAX_DOCUMENT_BYTES))
    receipt, new = await house_of(request).intake.enrol(wanted)
    return created(receipt, new=new)


@router.post(
    "/v1/consents", status_code=201, responses=gives(SignedDocument, 200, 201), openapi_extra=takes(SignedDocument)
)
async def consents(request: Request) -> Response:
    """Append to the sending device's consent ledger."""
    house = house_of(request)
    device = await device_of(request, house)
    body = await house.reception.small(request, MAX_DOCUMENT_BYTES)
    receipt, new = await house.intake.consent(device, parse_json(SignedDocument, body))
    return created(receipt, new=new)


@router.put(
    "/v1/batches/{digest}",
    status_code=201,
    responses=gives(SignedDocument, 200, 201),
    openapi_extra=takes_bytes(ENVELOPE_TYPE, MAX_BATCH_BYTES),
)
async def put_batch(digest: str, request: Request) -> Response:
    """Store a batch; the receipt says that it is durable."""
    house = house_of(request)
    device = await device_of(request, house)
    async with house.reception.large(request, MAX_BATCH_BYTES) as body:
        receipt, new = await house.intake.batch(device, checked_digest(digest), body)
    return created(receipt, new=new)


@router.post(
    "/v1/erasures", status_code=201, responses=gives(SignedDocument, 200, 201), openapi_extra=takes(SignedDocument)
)
async def erasures(request: Request) -> Response:
    """Delete batches of the sending device; the receipt says that they are durably gone."""
    house = house_of(request)
    device = await device_of(request, house)
    body = await house.reception.small(request, MAX_DOCUMENT_BYTES)
    receipt, new = await house.erasure.erase(device, parse_json(SignedDocument, body))
    await to_thread.run_sync(house.partials.forget, device)
    return created(receipt, new=new)


@router.get("/v1/access", responses=gives(AccessReply, 200), openapi_extra={"parameters": PAGED})
async def access(request: Request) -> Response:
    """What the collector keeps about the sending device, for its own eyes."""
    house = house_of(request)
    device = await device_of(request, house)
    await house.reception.small(request, 0)
    return json_reply(await house.access.record(device, *page_of(request)))
