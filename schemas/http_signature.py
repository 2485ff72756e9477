"""HTTP requests signed with RFC 9421 (HTTP Message Signatures), Ed25519, over method, path, query and body.

Devices and researchers sign; the collector verifies. The authority is left out, because a reverse proxy may change it;
the tag says what the signature is for, so that one made for another service never fits here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    ContentDigest,
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)

from schemas.base import SchemaError
from schemas.signed import fingerprint, public_bytes
from schemas.wire import REASON_HEADER

TAG = "overt-v1"
MAX_AGE_S = 120
"""Seconds that a signed request stays good: a slow upload's worth, and the time for which nonces are remembered."""
COVERED = ("@method", "@path", "@query", "content-digest")
MAX_NONCE_CHARS = 64
"""Characters; ours are 22. More would only fill the collector's memory of nonces."""


class RequestSignatureError(SchemaError):
    """A request that is not signed as it must be."""

    remedy = "Check the machine's clock, and that the key is registered with this collector."


@dataclass
class _Message:
    method: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Signer:
    """Who signed a request, and the nonce that must not come twice."""

    key: str  # fingerprint
    nonce: str


class _OneKey(HTTPSignatureKeyResolver):
    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        del key_id
        return self._private

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        raise KeyError(key_id)


class _Known(HTTPSignatureKeyResolver):
    def __init__(self, find: Callable[[str], bytes | None]) -> None:
        self._find = find

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        raise KeyError(key_id)

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        raw = self._find(key_id)
        if raw is None or fingerprint(raw) != key_id:
            raise KeyError(key_id)
        return Ed25519PublicKey.from_public_bytes(raw)


def sign_request(  # a request has this many parts
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    key: Ed25519PrivateKey,
    *,
    now_s: float,
    nonce: str,
) -> dict[str, str]:
    """The headers to send: those given, plus ``Content-Digest``, ``Signature-Input`` and ``Signature``.

    Args:
        method: HTTP method, upper case.
        url: the whole URL, percent-encoded as it will be sent.
        headers: further headers; :data:`schemas.wire.REASON_HEADER` is signed too if it is there.
        body: the body's bytes, empty for none.
        key: signs; its fingerprint becomes ``keyid``.
        now_s: Unix time, seconds.
        nonce: never used before with this key.
    """
    message = _Message(method, url, {k.lower(): v for k, v in headers.items()})
    reason = (REASON_HEADER,) if REASON_HEADER in message.headers else ()
    HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=_OneKey(key)).sign(
        message,
        key_id=fingerprint(public_bytes(key)),
        created=datetime.fromtimestamp(now_s, UTC),
        nonce=nonce,
        tag=TAG,
        covered_component_ids=(*COVERED[:3], *reason),
        body=body,
    )
    return message.headers


def verify_request(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, find: Callable[[str], bytes | None]
) -> Signer:
    """Check a request's signature against the keys that ``find`` gives by fingerprint.

    With ``None`` for the body, who signed is known before any of it is read; :func:`check_body` must follow.

    Freshness is judged by the library against this machine's clock (:data:`MAX_AGE_S`); the caller must still refuse a
    nonce that it has seen.

    Raises:
        RequestSignatureError: not signed, too old, by an unknown key, or not over these bytes.
    """
    lowered = {k.lower(): v for k, v in headers.items()}
    required = (*COVERED, *((REASON_HEADER,) if REASON_HEADER in lowered else ()))
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=_Known(find))
    try:
        (result,) = verifier.verify(
            _Message(method, url, lowered),
            max_age=timedelta(seconds=MAX_AGE_S),
            expect_tag=TAG,
            require_components=required,
            body=body,
        )
    except (HTTPMessageSignaturesException, ValueError, TypeError):
        raise RequestSignatureError("the request's signature does not fit, is too old, or is missing") from None
    nonce = result.nonce
    if not nonce or len(nonce) > MAX_NONCE_CHARS:
        raise RequestSignatureError("the request's signature has no usable nonce")
    return Signer(str(result.parameters["keyid"]), nonce)


def check_body(headers: Mapping[str, str], body: bytes) -> None:
    """Check that a body is the one whose digest was signed.

    Raises:
        RequestSignatureError: it is another.
    """
    lowered = {k.lower(): v for k, v in headers.items()}
    try:
        ContentDigest.verify(lowered.get("content-digest", ""), body)
    except (HTTPMessageSignaturesException, ValueError, TypeError):
        raise RequestSignatureError("the body is not the one that was signed") from None
