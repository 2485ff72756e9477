"""Requests as they come in: bodies read with a cap, and who signed them."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import anyio
from anyio import to_thread
from starlette.requests import ClientDisconnect, Request

from collector.errors import NotNowError, Refused
from collector.limits import BODY_S, MAX_BODIES_HELD, MAX_DRAINED_BYTES
from collector.nonces import Answer, Nonces
from schemas.http_signature import RequestSignatureError, verify_request
from schemas.wire import RefusalReason

FindKeys = Callable[[list[str]], Awaitable[dict[str, bytes]]]
"""Raw keys of those fingerprints that have a role."""

_KEYID = re.compile(r'keyid="([0-9a-f]{64})"')
_CREATED = re.compile(r";\s*created=(\d{1,15})")


class Reception:
    """Reads bodies and checks signatures."""

    def __init__(self, nonces: Nonces, clock: Callable[[], float]) -> None:
        self._nonces = nonces
        self._clock = clock
        self._seats = anyio.CapacityLimiter(MAX_BODIES_HELD)

    @asynccontextmanager
    async def seat(self) -> AsyncIterator[None]:
        """Room for one large body; waits while others hold theirs."""
        async with self._seats:
            yield

    async def known(self, request: Request, find: FindKeys) -> dict[str, bytes]:
        """The keys that may have signed, looked up before any of the body is held.

        Raises:
            Refused: not signed, or by nobody who has this role.
        """
        names = sorted(set(_KEYID.findall(_header(request, "signature-input"))))[:2]
        if not names:
            await drain(request)
            raise Refused(RefusalReason.BAD_SIGNATURE, "the request is not signed")
        keys = await find(names)
        if not keys:
            await drain(request)
            raise Refused(RefusalReason.UNKNOWN_KEY, "the request is signed by nobody who may do this")
        return keys

    async def signer(self, request: Request, body: bytes, keys: dict[str, bytes]) -> str:
        """Fingerprint of the key that signed this request, which was never served before.

        Raises:
            Refused: the signature does not fit, is too old, or came before.
            NotNowError: it was signed before this process began, or the key signs too much at once.
        """
        headers = {name: _header(request, name) for name in request.headers}
        check = partial(verify_request, request.method, _url(request), headers, body, keys.get)
        try:
            signer = await to_thread.run_sync(check)
        except RequestSignatureError:
            raise Refused(RefusalReason.BAD_SIGNATURE, "the signature does not fit or is too old") from None
        created = min((int(n) for n in _CREATED.findall(headers["signature-input"])), default=0)
        answer = self._nonces.take(signer.key, signer.nonce, created, self._clock())
        if answer is Answer.SEEN:
            raise Refused(RefusalReason.REPLAYED, "this request was served before")
        if answer is Answer.UNKNOWABLE:
            raise NotNowError("whether this request was served before cannot be known")
        return signer.key


async def read_body(request: Request, limit: int) -> bytes:
    """A request's body, never more than `limit` bytes of it in memory.

    Raises:
        Refused: it is longer.
        NotNowError: it did not come in time, or was broken off.
    """
    if _declared(request) > limit:
        await drain(request)
        raise Refused(RefusalReason.TOO_LARGE, "the body is too large")
    held = bytearray()
    async with _in_time():
        async for chunk in request.stream():
            held += chunk
            if len(held) > limit:
                held.clear()
                await _discard(request)
                raise Refused(RefusalReason.TOO_LARGE, "the body is too large")
    return bytes(held)


async def drain(request: Request) -> None:
    """Read and throw away a refused body, so that its sender comes to read the refusal."""
    async with _in_time():
        await _discard(request)


async def _discard(request: Request) -> None:
    gone = 0
    while gone < MAX_DRAINED_BYTES:
        message = await request.receive()
        if message["type"] != "http.request":
            return
        gone += len(message.get("body", b""))
        if not message.get("more_body", False):
            return


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        with anyio.fail_after(BODY_S):
            yield
    except TimeoutError:
        raise NotNowError("the body did not come in time") from None
    except ClientDisconnect:
        raise NotNowError("the body was broken off") from None


def _declared(request: Request) -> int:
    """The declared length, 0 where there is none: only ever a reason to refuse, never one to believe."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0  # noqa: PLR2004 # digits of 2^64


def _header(request: Request, name: str) -> str:
    """All lines of a header as one value (RFC 9110 §5.2)."""
    return ", ".join(request.headers.getlist(name))


def _url(request: Request) -> str:
    """The URL as it was signed; its authority is not covered, as a proxy may have changed it."""
    scope = request.scope
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = b"?" + scope["query_string"] if scope["query_string"] else b""
    return "http://collector" + (path + query).decode("latin-1")
