"""A real HTTP server on a port of its own whose answers a test writes."""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.base import canonical
from schemas.receipt import Receipt, ReceiptKind
from schemas.signed import fingerprint, public_bytes, sign
from schemas.wire import Refusal, RefusalReason


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def digest(self) -> str:
        """The last part of the path: what a batch is named by."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Reply:
    """What to answer. ``None`` as status: hang up without a word; ``raw``: these bytes and no HTTP at all."""

    status: int | None = 201
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


class Site:
    """The server. ``answer`` is called for each request, in the server's thread."""

    def __init__(self, answer: Callable[[Asked], Reply]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                asked = Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                site.asked.append(asked)
                self._reply(site.answer(asked))

            do_GET = do_POST = do_PUT = do_HEAD = do_PATCH = _serve  # noqa: N815  # the library's names

            def _reply(self, reply: Reply) -> None:
                self.close_connection = True
                if reply.raw is not None:
                    self.wfile.write(reply.raw)
                elif reply.status is not None:
                    self.send_response(reply.status)
                    for name, value in reply.headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(reply.body)))
                    self.end_headers()
                    self.wfile.write(reply.body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def secure(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def refusal(reason: RefusalReason = RefusalReason.WRONG_NOTICE, status: int = 409) -> Reply:
    """A no in the collector's own form."""
    return Reply(status, canonical(Refusal(reason=reason, detail="no", remedy="none")))


def receipt(
    subject: str, key: Ed25519PrivateKey, kind: ReceiptKind = ReceiptKind.BATCH, device: str = "0" * 64
) -> bytes:
    """A receipt for a batch or document, signed by ``key``."""
    document = Receipt(kind=kind, study="mail-study", subject=subject, device=device, received_hour=0)
    return sign(document, key).to_bytes()


def key_of(key: Ed25519PrivateKey) -> dict[str, bytes]:
    """The public half by fingerprint."""
    raw = public_bytes(key)
    return {fingerprint(raw): raw}
