"""Signed requests: whatever is changed on the way, the collector refuses."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, algorithms
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import http_signature
from schemas.http_signature import MAX_AGE_S, MAX_NONCE_CHARS, RequestSignatureError, sign_request, verify_request
from schemas.signed import fingerprint, public_bytes
from schemas.wire import REASON_HEADER
from tests.schemas.material import CANARY, refused

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RAW = public_bytes(KEY)
URL = "https://collector.example/v1/batches?after=7&limit=50"
BODY = b'{"some":"body"}'
NONCE = "AAAAAAAAAAAAAAAAAAAAAA"
Headers = dict[str, str]


def find(name: str) -> bytes | None:
    return RAW if name == fingerprint(RAW) else None


def headers(*, now_s: float | None = None, nonce: str = NONCE, body: bytes = BODY, reason: str = "to check") -> Headers:
    when = time.time() if now_s is None else now_s
    return sign_request("POST", URL, {REASON_HEADER: reason}, body, KEY, now_s=when, nonce=nonce)


def check(
    changed: Headers | None = None, *, method: str = "POST", url: str = URL, body: bytes = BODY
) -> http_signature.Signer:
    return verify_request(method, url, headers() if changed is None else changed, body, find)


def refuse(changed: Headers | None = None, *, method: str = "POST", url: str = URL, body: bytes = BODY) -> None:
    refused(RequestSignatureError, lambda: check(changed, method=method, url=url, body=body))


def test_a_signed_request_tells_who_signed_it() -> None:
    assert check() == http_signature.Signer(fingerprint(RAW), NONCE)
    assert check({name.upper(): value for name, value in headers().items()}).nonce == NONCE


@given(st.binary(max_size=200), st.sampled_from(["GET", "POST", "PUT"]), st.booleans())
@settings(deadline=None, max_examples=40)
def test_any_request_can_be_signed(body: bytes, method: str, with_reason: bool) -> None:  # noqa: FBT001
    extra = {REASON_HEADER: "why"} if with_reason else {}
    made = sign_request(method, URL, extra, body, KEY, now_s=time.time(), nonce=NONCE)
    assert verify_request(method, URL, made, body, find).key == fingerprint(RAW)


def test_another_method_path_or_query_is_refused() -> None:
    refuse(method="GET")
    refuse(method="DELETE")
    for url in ("/v1/batches", "/v1/ledger?after=7&limit=50", "/v1/batches?after=8&limit=50", "/v1/batches?"):
        refuse(url="https://collector.example" + url)
    refuse(url=URL + "&limit=500")


def test_another_authority_is_taken_as_proxies_change_it() -> None:
    assert check(url=URL.replace("collector.example", "10.0.0.1:8800")).nonce == NONCE


@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY[:-1], CANARY.encode()])
def test_another_body_is_refused(body: bytes) -> None:
    refuse(body=body)


def test_another_reason_is_refused() -> None:
    refuse(headers() | {REASON_HEADER: "another"})
    refuse({name: value for name, value in headers().items() if name != REASON_HEADER})
    unsigned = sign_request("POST", URL, {}, BODY, KEY, now_s=time.time(), nonce=NONCE)
    refuse(unsigned | {REASON_HEADER: "slipped in"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (NONCE, "B" * 22),
        (http_signature.TAG, "overt-v2"),
        (fingerprint(RAW), "0" * 64),
        ('alg="ed25519"', 'alg="hmac-sha256"'),
        ("created=", "created=1"),
        (f';nonce="{NONCE}"', ""),
        (f';tag="{http_signature.TAG}"', ""),
        ('"@query" ', ""),
        ('"@path"', '"@authority"'),
    ],
)
def test_other_parameters_are_refused(old: str, new: str) -> None:
    made = {name.lower(): value for name, value in headers().items()}
    assert old in made["signature-input"]
    refuse(made | {"signature-input": made["signature-input"].replace(old, new)})


@pytest.mark.parametrize("name", ["signature", "signature-input", "content-digest"])
def test_missing_doubled_and_garbled_headers_are_refused(name: str) -> None:
    made = {key.lower(): value for key, value in headers().items()}
    refuse({key: value for key, value in made.items() if key != name})
    for value in ("", CANARY, made[name] + ", " + made[name].replace("pyhms", "other"), made[name][:-4], "a=1", "\xff"):
        refuse(made | {name: value})


@pytest.mark.parametrize("age_s", [MAX_AGE_S + 60, 10 * 365 * 86_400, -60, -86_400])
def test_old_and_future_signatures_are_refused(age_s: float) -> None:
    refuse(headers(now_s=time.time() - age_s))


def test_unknown_and_mislabelled_keys_are_refused() -> None:
    other = public_bytes(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    finders: list[Callable[[str], bytes | None]] = [lambda _: None, lambda _: other, lambda _: b"short"]
    for finder in finders:
        refused(RequestSignatureError, verify_request, "POST", URL, headers(), BODY, finder)


def test_a_signature_made_for_another_service_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_signature, "TAG", "another-service")
    made = headers()
    monkeypatch.undo()
    refuse(made)


def test_nonces_are_needed_and_short() -> None:
    assert check(headers(nonce="n" * MAX_NONCE_CHARS)).nonce == "n" * MAX_NONCE_CHARS
    for nonce in ("", "n" * (MAX_NONCE_CHARS + 1)):
        refuse(headers(nonce=nonce))


@pytest.mark.parametrize("left_out", http_signature.COVERED)
def test_a_signature_over_less_than_is_needed_is_refused(left_out: str) -> None:
    covered = [name for name in http_signature.COVERED[:3] if name != left_out]
    message = http_signature._Message("POST", URL, {})
    HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=http_signature._OneKey(KEY)).sign(
        message,
        key_id=fingerprint(RAW),
        created=datetime.fromtimestamp(time.time(), UTC),
        nonce=NONCE,
        tag=http_signature.TAG,
        covered_component_ids=covered,
        body=None if left_out == "content-digest" else BODY,
    )
    refuse(message.headers)


@given(st.dictionaries(st.sampled_from(["signature", "signature-input", "content-digest"]), st.text(max_size=80)))
@settings(deadline=None)
def test_random_headers_give_our_errors_only(noise: Headers) -> None:
    made = {name.lower(): value for name, value in headers().items()}
    if noise:
        refuse(made | noise)


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_mutated_headers_give_our_errors_only(data: st.DataObject) -> None:
    made = {name.lower(): value for name, value in headers().items()}
    name = data.draw(st.sampled_from(["signature", "signature-input", "content-digest"]))
    at = data.draw(st.integers(0, len(made[name]) - 1))
    value = made[name][:at] + data.draw(st.text(max_size=5)) + made[name][at + data.draw(st.integers(0, 5)) :]
    try:
        found = check(made | {name: value})
    except RequestSignatureError:
        return
    assert found.key == fingerprint(RAW)
