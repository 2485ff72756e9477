"""The collector as the agent sees it: a few signed requests over HTTPS. Retrying is not done here."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ValidationError

from agent.net.http import httpx, system_trust
from schemas.base import base64url, canonical
from schemas.erasure import ErasureRequest
from schemas.http_signature import sign_request
from schemas.signed import SignedDocument, sign
from schemas.wire import EnrolRequest, Refusal, StudyReply, collector_url

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""Seconds: half a minute for an upload to be made durable; five to find the collector."""
ENVELOPE_TYPE = "application/vnd.overt.envelope"
JSON_TYPE = "application/json"
NONCE_BYTES = 16
OK = frozenset({httpx.codes.OK, httpx.codes.CREATED})

M = TypeVar("M", bound=BaseModel)


class Unreachable(Exception):  # noqa: N818  # it tells a state
    """No usable answer; the same request may be made again. ``retry_after_s`` is what the collector asked for."""

    def __init__(self, why: str, retry_after_s: float | None = None) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


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
    ) -> None:
        self._url = collector_url(url)
        self._key = key
        self._now_s = now_s
        self._entropy = entropy
        self._http = httpx.Client(timeout=TIMEOUT, verify=system_trust(), headers={"user-agent": "overt"})

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
        """Hand in an envelope; gives the receipt."""
        return self._read(self._send("PUT", f"/v1/batches/{digest}", envelope, ENVELOPE_TYPE), SignedDocument)

    def erasure(self, request: ErasureRequest) -> tuple[SignedDocument, SignedDocument]:
        """Sign a request for erasure and hand it in; gives what was signed, and the receipt.

        Raises:
            Unreachable: the key is not at hand, or as everywhere.
        """
        if self._key is None:
            raise Unreachable("no key to sign with")
        signed = sign(request, self._key)
        return signed, self._read(self._send("POST", "/v1/erasures", signed.to_bytes(), JSON_TYPE), SignedDocument)

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _send(self, method: str, path: str, body: bytes = b"", kind: str | None = None) -> httpx.Response:
        url = self._url + path
        headers: Mapping[str, str] = {"content-type": kind} if kind else {}
        if self._key is not None:
            nonce = base64url(self._entropy(NONCE_BYTES))
            headers = sign_request(method, url, headers, body, self._key, now_s=self._now_s(), nonce=nonce)
        try:
            response = self._http.request(method, url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(type(error).__name__) from None
        if response.status_code in OK:
            return response
        raise _failure(response)

    @staticmethod
    def _read(response: httpx.Response, form: type[M]) -> M:
        try:
            return form.model_validate_json(response.content)
        except ValidationError:
            raise Unreachable("the answer is not one of this version") from None


def _failure(response: httpx.Response) -> Unreachable | Refused:
    """A refusal in the collector's own form is final; anything else may be a proxy's or a passing fault."""
    if response.is_client_error and response.status_code != httpx.codes.TOO_MANY_REQUESTS:
        try:
            return Refused(Refusal.model_validate_json(response.content))
        except ValidationError:
            pass
    asked = response.headers.get("retry-after", "")
    seconds = float(asked) if asked.isascii() and asked.isdigit() else None  # other alphabets have digits too
    return Unreachable(f"HTTP {response.status_code}", seconds)
