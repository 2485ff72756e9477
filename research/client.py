"""A collector, as a researcher sees it over HTTP. Every request but the study's is signed and gives a reason."""

import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct
from pydantic import ValidationError

from research.errors import CollectorError, InputError
from schemas.access import PullPage, PullRow
from schemas.base import Document
from schemas.http_signature import sign_request
from schemas.log import Opening, OpeningPage
from schemas.signed import SignedDocument
from schemas.wire import (
    LOOPBACK,
    MAX_LEDGER_DEVICES,
    MAX_PAGE_ROWS,
    MAX_REASON_CHARS,
    REASON_HEADER,
    BatchPage,
    BatchRow,
    LedgerReply,
    Refusal,
    StudyReply,
)

TIMEOUT_S = 20.0
"""Seconds without a byte, after which the collector counts as gone."""
SERVER_ERROR = 500
OK, CREATED, PARTIAL = 200, 201, 206

D = TypeVar("D", bound=Document)


class Chunks(Struct, frozen=True):
    """Bytes on their way, and the offset at which they begin."""

    start: int
    data: Iterator[bytes]


def check_reason(text: str) -> str:
    """A reason that fits into a header.

    Raises:
        InputError: empty, too long, or with characters that HTTP cannot carry (RFC 9110 §5.5).
    """
    if not re.fullmatch(rf"[\x21-\x7e](?:[\x20-\x7e]{{0,{MAX_REASON_CHARS - 2}}}[\x21-\x7e])?", text):
        raise InputError(
            f"a reason is 1 to {MAX_REASON_CHARS} plain ASCII characters",
            "Say in a sentence why you pull: the participants will read it.",
        )
    return text


OPENINGS_OF_STUDY, OPENINGS_OF_AUDITOR = "/v1/log/openings/study", "/v1/audit/openings"
"""Whose openings: what proves consent, for researchers; what organisation and researchers did, for auditors."""


class Collector:
    """One collector. Safe to use from several threads.

    Args:
        url: as :func:`schemas.wire.collector_url` gives it.
        key: signs requests; None may ask for the study only.
        reason: why; the participants see it.
        http: another client, for tests.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        url: str,
        key: Ed25519PrivateKey | None = None,
        reason: str = "",
        http: httpx.Client | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = url
        self._key = key
        self._reason = reason
        # A proxy from the environment has no business between two programs of one machine.
        local = urlsplit(url).hostname in LOOPBACK
        self._http = http or httpx.Client(timeout=TIMEOUT_S, trust_env=not local)
        self._clock = clock

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def study(self) -> StudyReply:
        """Manifest and policy, not yet verified. Raises: CollectorError."""
        return self._get(StudyReply, "/v1/study")

    def ledger(self) -> LedgerReply:
        """Every document that consent is proved with, not yet verified. Raises: CollectorError."""
        pages = [self._get(LedgerReply, f"/v1/ledger?limit={MAX_LEDGER_DEVICES}")]
        while (after := pages[-1].next) is not None:
            pages.append(self._get(LedgerReply, f"/v1/ledger?after={after}&limit={MAX_LEDGER_DEVICES}"))
            if (further := pages[-1].next) is not None and further <= after:
                raise CollectorError("the collector's ledger does not advance")
        parts = ("registrations", "consents", "policies", "manifests", "erasures", "expired")
        whole = {name: tuple(document for page in pages for document in getattr(page, name)) for name in parts}
        return LedgerReply(**whole)

    def rows(self) -> Iterator[BatchRow]:
        """All batches, in the collector's order. Raises: CollectorError."""
        after: int | None = 0
        while after is not None:
            page = self._get(BatchPage, f"/v1/batches?after={after}&limit={MAX_PAGE_ROWS}")
            yield from page.rows
            if page.next is not None and page.next <= after:
                raise CollectorError("the collector's listing does not advance")
            after = page.next

    def log_file(self, path: str) -> bytes:
        """A file of the transparency log, not yet verified. Raises: CollectorError."""
        try:
            reply = self._http.get(f"{self._url}/v1/log/{path}")
        except httpx.HTTPError as error:
            raise CollectorError(f"the collector was not reached: {type(error).__name__}", retry=True) from None
        if reply.status_code != OK:
            raise _refused(reply)
        return reply.content

    def openings(self, path: str = OPENINGS_OF_STUDY) -> Iterator[Opening]:
        """Openings of the log's entries; by default those about what proves consent. Raises: CollectorError."""
        after: int | None = 0
        while after is not None:
            page = self._get(OpeningPage, f"{path}?after={after}&limit={MAX_PAGE_ROWS}")
            yield from page.rows
            if page.next is not None and page.next <= after:
                raise CollectorError("the collector's list of openings does not advance")
            after = page.next

    def pulls(self) -> Iterator[PullRow]:
        """Everybody's readings, oldest first; for the study's auditor. Raises: CollectorError."""
        after: int | None = 0
        while after is not None:
            page = self._get(PullPage, f"/v1/audit/pulls?after={after}&limit={MAX_PAGE_ROWS}")
            yield from page.pulls
            if page.next is not None and page.next <= after:
                raise CollectorError("the collector's list of readings does not advance")
            after = page.next

    def feed(self, after: int = 0) -> SignedDocument:
        """A page of the feed of erasures, signed, not yet verified. Raises: CollectorError."""
        return self._get(SignedDocument, f"/v1/feed?after={after}")

    def hand_in_sweep(self, receipt: SignedDocument) -> SignedDocument:
        """Hand in a sweep receipt; the participants whose batches it names see it. Gives the collector's own receipt.

        Raises:
            CollectorError: refused, or not reached.
        """
        return self._exchange(SignedDocument, "POST", "/v1/sweeps", receipt.to_bytes())

    @contextmanager
    def blob(self, digest: str, start: int) -> Iterator[Chunks]:
        """An envelope's bytes from an offset on; the collector may choose to begin at 0 all the same.

        Raises:
            CollectorError: refused, gone, or cut off.
        """
        headers = {"accept-encoding": "identity"} | ({"range": f"bytes={start}-"} if start else {})
        request = self._signed(f"/v1/batches/{digest}", headers)
        try:
            reply = self._http.send(request, stream=True)
            try:
                if reply.status_code not in {OK, PARTIAL}:
                    reply.read()
                    raise _refused(reply)
                yield Chunks(_begin(reply, start), reply.iter_raw())
            finally:
                reply.close()
        except httpx.HTTPError as error:
            raise CollectorError(f"the connection broke: {type(error).__name__}", retry=True) from None

    def _get(self, model: type[D], target: str) -> D:
        return self._exchange(model, "GET", target)

    def _exchange(self, model: type[D], method: str, target: str, body: bytes = b"") -> D:
        signed = self._key is not None
        request = (
            self._signed(target, {}, method, body) if signed else self._http.build_request(method, self._url + target)
        )
        try:
            reply = self._http.send(request)
        except httpx.HTTPError as error:
            raise CollectorError(f"the collector was not reached: {type(error).__name__}", retry=True) from None
        if reply.status_code not in {OK, CREATED}:
            raise _refused(reply)
        try:
            return model.model_validate_json(reply.content)
        except ValidationError:
            raise CollectorError(f"the collector's answer is not a {model.__name__}") from None

    def _signed(self, target: str, headers: dict[str, str], method: str = "GET", body: bytes = b"") -> httpx.Request:
        if self._key is None:
            raise InputError("this request needs the researcher's key")
        url = str(httpx.URL(self._url + target))
        given = {**headers, REASON_HEADER: self._reason} if self._reason else headers
        nonce = secrets.token_urlsafe(16)
        signed = sign_request(method, url, given, body, self._key, now_s=self._clock(), nonce=nonce)
        return self._http.build_request(method, url, headers=signed, content=body or None)


def _begin(reply: httpx.Response, asked: int) -> int:
    if reply.status_code == OK:
        return 0
    match = re.match(r"bytes (\d+)-", reply.headers.get("content-range", ""))
    if not match or int(match[1]) != asked:
        raise CollectorError("the collector sent another range than was asked for")
    return asked


def _refused(reply: httpx.Response) -> CollectorError:
    retry = reply.status_code >= SERVER_ERROR
    try:
        refusal = Refusal.model_validate_json(reply.content)
    except ValidationError:
        return CollectorError(f"the collector answered {reply.status_code}", retry=retry)
    return CollectorError(f"refused ({refusal.reason}): {refusal.detail}", refusal.remedy, retry=retry)
