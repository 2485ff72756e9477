"""The collector as the agent sees it: a few signed requests over HTTPS. Retrying is not done here."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ValidationError

from agent.net.http import httpx
from agent.net.patience import retry_after_s
from agent.net.tls import http_client
from schemas.access import AccessReply, PageTicket, PullRow
from schemas.base import base64url, canonical
from schemas.erasure import ErasureRequest
from schemas.http_signature import sign_request
from schemas.log import Opening, OpeningPage
from schemas.signed import SignedDocument, sign
from schemas.wire import MAX_PAGE_ROWS, EnrolRequest, Refusal, StudyReply, collector_url

ENVELOPE_TYPE = "application/vnd.overt.envelope"
JSON_TYPE = "application/json"
PART_TYPE = "application/partial-upload"
NONCE_BYTES = 16
OK = frozenset({httpx.codes.OK, httpx.codes.CREATED, httpx.codes.NO_CONTENT})
PART_BYTES = 1 << 20
"""Bytes sent in one request. What is longer is sent in parts, and goes on where it broke off."""
PART_S = 30
"""Seconds that one part takes at most at the policy's bandwidth: the collector waits four times as long."""
PIECE_BYTES = 32 << 10
"""Bytes after which the bandwidth's limit is looked at."""

M = TypeVar("M", bound=BaseModel)


class Unreachable(Exception):  # noqa: N818  # it tells a state
    """No usable answer; the same request may be made again.

    ``retry_after_s`` is what the collector asked for, ``status`` its HTTP status if there was any.
    """

    def __init__(self, why: str, retry_after_s: float | None = None, status: int | None = None) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s
        self.status = status


class Refused(Exception):  # noqa: N818  # it tells a state
    """The collector answered no, and why. The same request would be refused again."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


class Collector:
    """A connection to one collector.

    Args:
        url: where it is. Plain HTTP is for loopback only.
        key: the device's key; ``None`` before enrolment.
        now_s: Unix time, seconds.
        entropy: gives so many random bytes.
        pace: called with a number of bytes before they leave; returns when they may.

    Raises:
        AddressError: not an address, or plain HTTP to another machine.
    """

    def __init__(
        self,
        url: str,
        key: Ed25519PrivateKey | None,
        *,
        now_s: Callable[[], float],
        entropy: Callable[[int], bytes],
        pace: Callable[[int], None] | None = None,
    ) -> None:
        self._url = collector_url(url)
        self._key = key
        self._now_s = now_s
        self._entropy = entropy
        self.pace = pace
        self.part_bytes = PART_BYTES
        self._http = http_client(self._url)

    def study(self) -> StudyReply:
        """The study that this collector serves."""
        return self._read(self._send("GET", "/v1/study"), StudyReply)

    def enrol(self, code: str, registration: SignedDocument) -> SignedDocument:
        """Register the device with a one-time code; gives the receipt."""
        body = canonical(EnrolRequest(code=code, registration=registration))
        return self._read(self._send("POST", "/v1/enrol", body, JSON_TYPE), SignedDocument)

    def consent(self, entry: SignedDocument) -> SignedDocument:
        """Hand in a consent record; gives the receipt."""
        return self._read(self._send("POST", "/v1/consents", entry.to_bytes(), JSON_TYPE), SignedDocument)

    def batch(self, digest: str, envelope: bytes) -> SignedDocument:
        """Hand in an envelope; gives the receipt.

        A long one goes in parts (draft-ietf-httpbis-resumable-upload), from where an earlier attempt broke off. A
        collector that does not know parts gets it whole.
        """
        offset = self._offset(digest) if len(envelope) > self.part_bytes else None
        if offset is None:
            return self._read(self._send("PUT", f"/v1/batches/{digest}", envelope, ENVELOPE_TYPE), SignedDocument)
        while True:
            part = envelope[offset : offset + self.part_bytes]
            last = offset + len(part) >= len(envelope)
            extra = {"upload-offset": str(offset), "upload-complete": "?1" if last else "?0"}
            response = self._send("PATCH", f"/v1/uploads/{digest}", part, PART_TYPE, extra)
            if last:
                return self._read(response, SignedDocument)
            offset += len(part)

    def _offset(self, digest: str) -> int | None:
        """Bytes of an envelope that the collector has; ``None`` if it does not take parts."""
        try:
            found = self._send("HEAD", f"/v1/uploads/{digest}").headers.get("upload-offset", "")
        except Unreachable as error:
            if error.status in {httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED}:
                return None
            raise
        return int(found) if found.isascii() and found.isdigit() else None

    def erasure(self, request: ErasureRequest) -> tuple[SignedDocument, SignedDocument]:
        """Sign a request for erasure and hand it in; gives what was signed, and the receipt.

        Raises:
            Unreachable: the key is not at hand, or as everywhere.
        """
        if self._key is None:
            raise Unreachable("no key to sign with")
        signed = sign(request, self._key)
        return signed, self._read(self._send("POST", "/v1/erasures", signed.to_bytes(), JSON_TYPE), SignedDocument)

    def access(self, after: int | None = None) -> AccessReply:
        """Who read this device's batches and what was erased; one page, from after that cursor on."""
        path = "/v1/access" if after is None else f"/v1/access?after={after}"
        return self._read(self._send("GET", path), AccessReply)

    def log_file(self, path: str) -> bytes:
        """A file of the transparency log, not yet verified."""
        return self._send("GET", f"/v1/log/{path}").content

    def openings(self, whose: str) -> Iterator[Opening]:
        """Openings of entries: this device's (``openings``), or what anybody may see (``openings/public``)."""
        after: int | None = 0
        while after is not None:
            page = self._read(self._send("GET", f"/v1/log/{whose}?after={after}&limit={MAX_PAGE_ROWS}"), OpeningPage)
            yield from page.rows
            after = _next(after, page.next)

    def pulls(self) -> Iterator[PullRow]:
        """Every reading of this device's batches, oldest first."""
        after: int | None = 0
        while after is not None:
            page = self.access(after)
            yield from page.pulls
            after = _next(after, page.next)

    def page_path(self) -> str:
        """The path of this person's own page, with a ticket that works once."""
        return self._read(self._send("POST", "/v1/page"), PageTicket).path

    def lift_wish(self) -> None:
        """Take back what this device's person asked for on their page."""
        self._send("POST", "/v1/page/lift")

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _paced(self, body: bytes) -> Iterator[bytes]:
        for start in range(0, len(body), PIECE_BYTES):
            piece = body[start : start + PIECE_BYTES]
            if self.pace is not None:
                self.pace(len(piece))
            yield piece

    def _send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        kind: str | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        url = self._url + path
        headers: Mapping[str, str] = {**({"content-type": kind} if kind else {}), **(extra or {})}
        if self._key is not None:
            nonce = base64url(self._entropy(NONCE_BYTES))
            headers = sign_request(method, url, headers, body, self._key, now_s=self._now_s(), nonce=nonce)
        try:
            length = {"content-length": str(len(body))} if body else {}
            content = self._paced(body) if body else None
            response = self._http.request(method, url, content=content, headers={**headers, **length})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(type(error).__name__) from None
        if response.status_code in OK:
            return response
        raise _failure(response, self._now_s())

    @staticmethod
    def _read(response: httpx.Response, form: type[M]) -> M:
        try:
            return form.model_validate_json(response.content)
        except ValidationError:
            raise Unreachable("the answer is not one of this version") from None


def _next(after: int, following: int | None) -> int | None:
    if following is not None and following <= after:
        raise Unreachable("the collector's list does not advance")
    return following


def _failure(response: httpx.Response, now_s: float) -> Unreachable | Refused:
    """A refusal in the collector's own form is final; anything else may be a proxy's or a passing fault."""
    if response.is_client_error and response.status_code != httpx.codes.TOO_MANY_REQUESTS:
        try:
            return Refused(Refusal.model_validate_json(response.content))
        except ValidationError:
            pass
    seconds = retry_after_s(response.headers.get("retry-after", ""), now_s)
    return Unreachable(f"HTTP {response.status_code}", seconds, response.status_code)
