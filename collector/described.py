"""What `/openapi.json` says of bodies and headers. Descriptions only: what comes in is checked where it is read.

Routes read bodies themselves, with a cap and a time limit and after the signature, so FastAPI cannot see their types.
"""

from typing import Any

from pydantic import BaseModel

from schemas.wire import MAX_PAGE_ROWS, MAX_REASON_CHARS, REASON_HEADER, Refusal

Described = dict[str, Any]
"""Part of an OpenAPI 3.1 description of one operation."""

ENVELOPE_TYPE = "application/vnd.overt.envelope"
PART_TYPE = "application/partial-upload"
_COMPONENT = "#/components/schemas/{model}"

REFUSALS: dict[int | str, Described] = {"4XX": {"model": Refusal, "description": "not taken or given, and why"}}
"""Every route's."""


def takes(kind: type[BaseModel]) -> Described:
    """A JSON body. What `kind` is made of must be the body of some reply: only those are described by themselves."""
    schema = kind.model_json_schema(ref_template=_COMPONENT)
    schema.pop("$defs", None)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def takes_bytes(media_type: str, limit: int) -> Described:
    """A body of bytes, `limit` of them at most."""
    schema = {"type": "string", "format": "binary", "maxLength": limit}
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


def gives(kind: type[BaseModel], *statuses: int) -> dict[int | str, Described]:
    """A JSON reply, with each of these statuses."""
    return {status: {"model": kind, "description": (kind.__doc__ or "").partition("\n")[0]} for status in statuses}


def gives_bytes(media_type: str, *statuses: int) -> dict[int | str, Described]:
    """A reply of bytes, with each of these statuses."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {status: {"description": "the bytes", "content": content} for status in statuses}


def header(name: str, words: str, schema: Described, *, required: bool = True) -> Described:
    """A request header."""
    return {"name": name, "in": "header", "required": required, "description": words, "schema": schema}


def _number(name: str, words: str, most: int) -> Described:
    schema = {"type": "integer", "minimum": 0, "maximum": most}
    return {"name": name, "in": "query", "required": False, "description": words, "schema": schema}


PAGED = [
    _number("after", "the cursor after which the page begins", (1 << 63) - 1),
    _number("limit", "rows of the page", MAX_PAGE_ROWS),
]
REASON = header(REASON_HEADER, "what it is for; participants see it", {"type": "string", "maxLength": MAX_REASON_CHARS})
