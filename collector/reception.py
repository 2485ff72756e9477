"""Requests as they come in: bodies read with a cap, and who signed them."""

import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
from starlette.requests import ClientDisconnect, Request

from collector.admit_rate import Rates
from collector.aside import aside
from collector.bodies import Incoming, Purse, Seats
from collector.errors import NotNowError, Refused, StorageError
from collector.limits import BODIES_HELD_BYTES, BODY_S, MAX_DRAINED_BYTES
from collector.nonces import Answer, Nonces
from schemas.base import digest
from schemas.http_signature import RequestSignatureError, check_body, verify_request
from schemas.wire import RefusalReason

FindKeys = Callable[[list[str]], Awaitable[dict[str, bytes]]]
"""Raw keys of those fingerprints that have a role."""

_KEYID = re.compile(r'keyid="([0-9a-f]{64})"')
_CREATED = re.compile(r";\s*created=(\d{1,15})")


class Reception:
    """Reads bodies and checks signatures.

    Args:
        nonces: this process's memory of signed requests.
        rates: how much devices may send.
        first: remembers a request by a digest, together with all collectors over the same store; False if one of them
            served it.
        clock: Unix time, seconds.
        folder: for bodies on their way in; None for the system's own.
    """

    def __init__(
        self,
        nonces: Nonces,
        rates: Rates,
        first: Callable[[str], Awaitable[bool]],
        clock: Callable[[], float],
        folder: Path | None = None,
    ) -> None:
        self._nonces = nonces
        self._rates = rates
        self._first = first
        self._clock = clock
        self._folder = folder
        self._seats = Seats(BODIES_HELD_BYTES)
        self._purse = Purse()

    @asynccontextmanager
    async def large(self, request: Request, limit: int) -> AsyncIterator[bytes]:
        """A large body. It comes to disk first, and to memory when there is room.

        Raises:
            Refused: it is longer than `limit`, or not what was signed.
            NotNowError: it did not come in time, or was broken off.
        """
        incoming = Incoming(self._folder, self._purse)
        try:
            await _receive(request, limit, incoming)
            async with self._seats.take(incoming.length):
                body = await incoming.whole()
                incoming.close()
                await aside(len(body), partial(_check, request, body))
                yield body
        except OSError as error:
            raise StorageError(f"incoming: {os.strerror(error.errno or 0)}") from None
        finally:
            incoming.close()

    def seat(self, length: int) -> AbstractAsyncContextManager[None]:
        """Room in memory for a body that is on disk."""
        return self._seats.take(length)

    async def small(self, request: Request, limit: int) -> bytes:
        """A small body, from who signed it.

        Raises:
            Refused, NotNowError: as `large`.
        """
        body = await read_body(request, limit)
        _check(request, body)
        return body

    async def _known(self, request: Request, find: FindKeys) -> dict[str, bytes]:
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

    async def signer(self, request: Request, find: FindKeys) -> str:
        """Fingerprint of the key that signed this request, which was never served before. None of its body is read.

        Raises:
            Refused: the signature does not fit, is too old, or came before.
            NotNowError: it was signed before this process began, or the key signs too much at once.
        """
        keys = await self._known(request, find)
        headers = _headers(request)
        check = partial(verify_request, request.method, _url(request), headers, None, keys.get)
        try:
            signer = check()
        except RequestSignatureError:
            await drain(request)
            raise Refused(RefusalReason.BAD_SIGNATURE, "the signature does not fit or is too old") from None
        created = min((int(n) for n in _CREATED.findall(headers["signature-input"])), default=0)
        answer = self._nonces.take(signer.key, signer.nonce, created, self._clock())
        fresh = answer is Answer.FRESH and await self._first(digest(f"{signer.key} {signer.nonce}".encode()))
        if not fresh:
            await drain(request)
        if answer is Answer.SEEN or (answer is Answer.FRESH and not fresh):
            raise Refused(RefusalReason.REPLAYED, "this request was served before")
        if answer is Answer.UNKNOWABLE:
            raise NotNowError("whether this request was served before cannot be known")
        return signer.key

    async def device(self, request: Request, find: FindKeys) -> str:
        """As `signer`, of a device that does not send too much at once.

        Raises:
            Refused, NotNowError: as `signer`; or it does.
        """
        device = await self.signer(request, find)
        await self.limit(request, device)
        return device

    async def limit(self, request: Request, device: str | None = None) -> None:
        """Count a request against the limits; without a device, against the study's only.

        Raises:
            Refused: it is too much.
        """
        verdict = self._rates.admit(device, _declared(request), self._clock())
        if verdict is not None:
            await drain(request)
            raise Refused(verdict.reason, verdict.detail, retry_after_s=verdict.retry_after_s)


async def read_body(request: Request, limit: int) -> bytes:
    """A request's body, never more than `limit` bytes of it in memory.

    Raises:
        Refused: it is longer.
        NotNowError: it did not come in time, or was broken off.
    """
    held = Incoming(None)
    try:
        await _receive(request, limit, held)
        return await held.whole()
    finally:
        held.close()


async def _receive(request: Request, limit: int, incoming: Incoming) -> None:
    if _declared(request) > limit:
        await drain(request)
        raise Refused(RefusalReason.TOO_LARGE, "the body is too large")
    async with _in_time():
        async for chunk in request.stream():
            if incoming.length + len(chunk) > limit:
                incoming.close()
                await _discard(request)
                raise Refused(RefusalReason.TOO_LARGE, "the body is too large")
            await incoming.add(chunk)


def _check(request: Request, body: bytes) -> None:
    try:
        check_body(_headers(request), body)
    except RequestSignatureError:
        raise Refused(RefusalReason.BAD_SIGNATURE, "the body is not the one that was signed") from None


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


def _headers(request: Request) -> dict[str, str]:
    return {name: _header(request, name) for name in request.headers}


def _header(request: Request, name: str) -> str:
    """All lines of a header as one value (RFC 9110 §5.2)."""
    return ", ".join(request.headers.getlist(name))


def _url(request: Request) -> str:
    """The URL as it was signed; its authority is not covered, as a proxy may have changed it."""
    scope = request.scope
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = b"?" + scope["query_string"] if scope["query_string"] else b""
    return "http://collector" + (path + query).decode("latin-1")
