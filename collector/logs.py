"""Structured logs: one JSON object a line, on standard error. Never content, codes, keys, digests or addresses.

What a request was about is told by its route's template only; who sent it is not told at all (G12).
"""

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collector.tally import Tally

LOG = logging.getLogger("collector")
_FIELDS = "overt"
CREATED = 201


class JsonLines(logging.Formatter):
    """Formats a record and its own fields as one line of JSON. Arguments and tracebacks are not formatted."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line = {"at": round(record.created, 3), "level": record.levelname.lower(), "event": str(record.msg)}
        return json.dumps(line | getattr(record, _FIELDS, {}))


class PlainLines(logging.Formatter):
    """The same for people."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields = " ".join(f"{k}={v}" for k, v in getattr(record, _FIELDS, {}).items())
        return f"{self.formatTime(record)} {record.levelname.lower()} {record.msg} {fields}".rstrip()


def set_up(*, as_json: bool) -> None:
    """Send this program's log to standard error, and nobody else's."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if as_json else PlainLines())
    LOG.handlers[:] = [handler]
    LOG.setLevel(logging.INFO)
    LOG.propagate = False


def note(name: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log an event with its fields, which must be safe to be read by anybody who runs the server."""
    LOG.log(level, name, extra={_FIELDS: fields})


class RequestLog:
    """Logs each request, and turns an unforeseen error into a bare 500 whose cause only the log tells."""

    def __init__(self, app: ASGIApp, tally: Tally, clock: Callable[[], float]) -> None:
        self._app = app
        self._tally = tally
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:  # noqa: BLE001  # the last resort: nothing may reach the client
            scope["overt.fault"] = _where(error)
            if not status:
                await _bare_500(watch)
        _log_request(scope, status, time.monotonic() - began)
        self._tally.add(_outcome(scope, status), scope.get("overt.device"), self._clock())


def _log_request(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "unknown")
    method = scope["method"] if scope["method"] in ("GET", "PUT", "POST") else "other"
    fields: dict[str, Any] = {
        "method": method,
        "route": route,
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    fields |= {k: scope[f"overt.{k}"] for k in ("reason", "fault") if f"overt.{k}" in scope}
    note("request", logging.ERROR if "fault" in fields else logging.INFO, **fields)


def _outcome(scope: Scope, status: int) -> str:
    if "overt.fault" in scope:
        return "failed"
    if "overt.reason" in scope:
        return str(scope["overt.reason"])
    stored = scope["method"] == "PUT" and status == CREATED
    return "stored" if stored else "served"


def _where(error: Exception) -> str:
    """Type and place of an error; its text could hold what was sent."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


async def _bare_500(send: Send) -> None:
    body = b'{"detail":"the collector failed; nothing was acknowledged"}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
