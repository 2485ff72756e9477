"""Pages for people, over HTTP.

GET  /                      the study, for anybody
GET  /static/style.css      how pages look
POST /v1/page               a ticket to the participant's own page; signed by the device
POST /v1/page/lift          take back what was wished there; signed by the device
GET  /me/enter?ticket=      a ticket becomes a visit
GET  /me                    the participant's own page
GET  /me/export.json        all that it stands on
POST /me/wish               withdraw or erase: nobody gets the batches any more, until the device signs or lifts it
POST /me/leave              end the visit
GET  /operator/enter?ticket=, GET /operator     the operator's page; its ticket comes from `overt-collector page`
GET  /metrics               for Prometheus, with the token that `serve --metrics-token` names
"""

import hmac
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from collector.errors import Refused
from collector.house import House
from collector.limits import MAX_FORM_BYTES, VISIT_S
from collector.metrics import CONTENT_TYPE
from collector.pages.rendering import HEADERS, PRIVATE, render
from collector.pages.views import TIMES
from collector.receipts import hour_of
from collector.reception import drain, read_body
from collector.replies import json_reply
from collector.routes import device_of, house_of
from collector.rows import Hold, Visit
from collector.sessions import OPERATOR, PARTICIPANT, form_token
from schemas.access import PageTicket
from schemas.wire import RefusalReason

COOKIES = {PARTICIPANT: ("overt-me", "/me"), OPERATOR: ("overt-operator", "/operator")}
COMMANDS = {PARTICIPANT: "overt page", OPERATOR: "overt-collector page --data FOLDER"}
WISHES = ("withdraw", "erase")
_STYLE = (Path(__file__).parent / "pages" / "style.css").read_bytes()
router = APIRouter(include_in_schema=False)


@router.get("/")
async def study(request: Request) -> Response:
    """The study's public page."""
    return render("study.html", root="", **await house_of(request).views.study())


@router.get("/static/style.css")
async def style() -> Response:
    """How pages look."""
    return Response(_STYLE, media_type="text/css", headers={"cache-control": "public, max-age=300"})


@router.post("/v1/page")
async def ticket(request: Request) -> Response:
    """A ticket to the sending device's own page."""
    house = house_of(request)
    device = await device_of(request, house)
    await house.reception.small(request, 0)
    made, expires_s = await house.sessions.ticket(PARTICIPANT, device)
    return json_reply(PageTicket(path=f"/me/enter?ticket={made}", expires_s=expires_s), 201)


@router.post("/v1/page/lift")
async def lift(request: Request) -> Response:
    """Take back what was wished on the page."""
    house = house_of(request)
    device = await device_of(request, house)
    await house.reception.small(request, 0)
    await house.ledger.hold(None, device)
    return Response('{"ok":true}', media_type="application/json")


@router.get("/me/enter")
async def enter_me(request: Request) -> Response:
    """A ticket becomes a visit to the participant's page."""
    return await _enter(request, PARTICIPANT)


@router.get("/operator/enter")
async def enter_operator(request: Request) -> Response:
    """A ticket becomes a visit to the operator's page."""
    return await _enter(request, OPERATOR)


@router.get("/me")
async def me(request: Request) -> Response:
    """The participant's own page."""
    visit = await _visit(request, PARTICIPANT)
    if visit is None:
        return _closed(PARTICIPANT)
    values = await house_of(request).views.participant(visit)
    form = form_token(_cookie(request, PARTICIPANT))
    return render("me.html", private=True, root="", form=form, **TIMES, **values)


@router.get("/me/export.json")
async def export(request: Request) -> Response:
    """All that the participant's page stands on."""
    visit = await _visit(request, PARTICIPANT)
    if visit is None:
        return _closed(PARTICIPANT)
    body = (await house_of(request).views.export(visit)).model_dump_json(indent=2, exclude_none=True)
    headers = {"content-disposition": 'attachment; filename="overt-record.json"'}
    return Response(body, headers=HEADERS | PRIVATE | headers, media_type="application/json")


@router.post("/me/wish")
async def wish(request: Request) -> Response:
    """Withdraw or erase: from now on nobody gets this participant's batches."""
    visit, form = await _form(request)
    if visit is None or visit.device is None or form.get("wish") not in WISHES:
        return _closed(PARTICIPANT)
    house = house_of(request)
    await house.ledger.hold(Hold(visit.device, form["wish"], hour_of(house.clock())), visit.device)
    return RedirectResponse("../me", 303, HEADERS | PRIVATE)


@router.post("/me/leave")
async def leave(request: Request) -> Response:
    """End the visit."""
    visit, _ = await _form(request)
    if visit is not None:
        await house_of(request).sessions.leave(_cookie(request, PARTICIPANT))
    reply = RedirectResponse("../", 303, HEADERS | PRIVATE)
    name, path = COOKIES[PARTICIPANT]
    reply.delete_cookie(name, path)
    return reply


@router.get("/operator")
async def operator(request: Request) -> Response:
    """The operator's page."""
    if await _visit(request, OPERATOR) is None:
        return _closed(OPERATOR)
    return render("operator.html", private=True, root="", **await house_of(request).views.operator())


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Counts for Prometheus."""
    house = house_of(request)
    given = request.headers.get("authorization", "").encode()
    if house.metrics_token is None or not hmac.compare_digest(given, b"Bearer " + house.metrics_token):
        raise Refused(RefusalReason.NOT_FOUND, "there is no such address or method")
    return Response(await house.metrics.text(), headers=PRIVATE, media_type=CONTENT_TYPE)


async def _enter(request: Request, role: str) -> Response:
    house, (name, path) = house_of(request), COOKIES[role]
    cookie = await house.sessions.enter(request.query_params.get("ticket", ""), role)
    if cookie is None:
        return _closed(role)
    reply = RedirectResponse(f"..{path}", 303, HEADERS | PRIVATE)
    secure = await _by_https(house)
    reply.set_cookie(name, cookie, max_age=VISIT_S, path=path, secure=secure, httponly=True, samesite="strict")
    return reply


async def _by_https(house: House) -> bool:
    """Whether people reach this server by TLS, which ends before it."""
    return (await house.library.shelf()).manifest.collector.startswith("https:")


async def _visit(request: Request, role: str) -> Visit | None:
    return await house_of(request).sessions.who(_cookie(request, role), role)


async def _form(request: Request) -> tuple[Visit | None, dict[str, str]]:
    """Whose form it is, and its fields; None if it is not this visit's own form."""
    visit = await _visit(request, PARTICIPANT)
    if visit is None:
        await drain(request)
        return None, {}
    body = await read_body(request, MAX_FORM_BYTES)
    try:
        found = parse_qs(body.decode("ascii", "replace"), max_num_fields=9)
    except ValueError:
        return None, {}
    fields = {name: values[0] for name, values in found.items()}
    own = hmac.compare_digest(fields.get("form", "").encode(), form_token(_cookie(request, PARTICIPANT)).encode())
    return (visit if own else None), fields


def _cookie(request: Request, role: str) -> str:
    return request.cookies.get(COOKIES[role][0], "")


def _closed(role: str) -> Response:
    return render("closed.html", status=403, private=True, root="../", command=COMMANDS[role], **TIMES)
