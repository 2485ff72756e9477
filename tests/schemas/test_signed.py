"""Signed documents: only the right type, by a trusted key, over these bytes; and errors that quote nothing."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.base import Document, SchemaError, base64url, canonical, digest, note
from schemas.consent import ConsentRecord
from schemas.policy import Policy
from schemas.signed import (
    MAX_SIGNED_BYTES,
    SignatureError,
    SignedDocument,
    fingerprint,
    media_type,
    parse_body,
    parse_signed,
    public_bytes,
    sign,
    verify,
)
from schemas.study import DeviceRegistration, StudyManifest
from schemas.wire import EnrolRequest
from tests.schemas.material import CANARY, device, flipped, mutated, refused, tried, world

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RAW = public_bytes(KEY)
TRUST = {fingerprint(RAW): RAW}


class Long(Document):
    """A document as long as one likes."""

    text: str = note("a text")


def signed() -> SignedDocument:
    return sign(device_registration(), KEY)


def device_registration() -> DeviceRegistration:
    return parse_body(DeviceRegistration, device().registration.body)


def check(data: bytes) -> DeviceRegistration:
    return verify(parse_signed(data), DeviceRegistration, TRUST)


def with_body(body: bytes, kind: type[Document] = DeviceRegistration) -> SignedDocument:
    """Signed by a trusted key, whatever the body is."""
    pae = b"DSSEv1 %d %s %d %s" % (len(media_type(kind)), media_type(kind).encode(), len(body), body)
    plain = {
        "payloadType": media_type(kind),
        "payload": base64url(body),
        "signatures": ({"keyid": fingerprint(RAW), "sig": base64url(KEY.sign(pae))},),
    }
    return SignedDocument.model_validate(plain)


def test_what_was_signed_comes_back() -> None:
    document = signed()
    assert check(document.to_bytes()) == device_registration()
    assert document.digest == digest(canonical(device_registration()))
    assert parse_signed(document.to_bytes()) == document


def test_the_type_is_signed_too() -> None:
    document = signed()
    refused(SignatureError, verify, document, Policy, TRUST)
    passed_off = document.model_copy(update={"payloadType": media_type(Policy)})
    refused(SignatureError, verify, passed_off, Policy, TRUST)
    assert media_type(ConsentRecord) == "application/vnd.overt.consent-record.v1+json"


def test_untrusted_and_mislabelled_keys_are_refused() -> None:
    document = signed()
    refused(SignatureError, verify, document, DeviceRegistration, {})
    other = public_bytes(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    refused(SignatureError, verify, document, DeviceRegistration, {fingerprint(other): other})
    refused(SignatureError, verify, document, DeviceRegistration, {fingerprint(RAW): other})
    renamed = document.signatures[0].model_copy(update={"keyid": fingerprint(other)})
    claimed = document.model_copy(update={"signatures": (renamed,)})
    refused(SignatureError, verify, claimed, DeviceRegistration, {fingerprint(other): RAW})


def test_one_trusted_signature_among_several_is_enough() -> None:
    document = signed()
    stranger = sign(device_registration(), Ed25519PrivateKey.from_private_bytes(bytes(32))).signatures[0]
    both = document.model_copy(update={"signatures": (stranger, document.signatures[0])})
    assert verify(both, DeviceRegistration, TRUST) == device_registration()


def test_no_flipped_bit_of_body_or_signature_passes() -> None:
    document = signed()
    for bit in range(len(document.body) * 8):
        changed = document.model_copy(update={"payload": base64url(flipped(document.body, bit))})
        refused(SchemaError, verify, changed, DeviceRegistration, TRUST)


def test_truncation_is_refused_anywhere() -> None:
    data = signed().to_bytes()
    for end in range(len(data)):
        refused(SchemaError, check, data[:end])


@pytest.mark.parametrize("model", [DeviceRegistration, StudyManifest, ConsentRecord])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff",
        json.dumps({CANARY: CANARY}).encode(),
        json.dumps({"study": CANARY, "version": CANARY, "overt": {CANARY: CANARY}}).encode(),
        b'{"study":1e999,"version":' + b"9" * 5000 + b"}",
    ],
    ids=range(10),
)
def test_a_body_that_is_no_document_is_refused_though_signed(model: type[Document], body: bytes) -> None:
    refused(SchemaError, verify, with_body(body, model), model, TRUST)


def test_errors_name_the_place_but_quote_neither_values_nor_names() -> None:
    plain = json.loads(canonical(world().manifest))
    places: dict[str, dict[str, Any]] = {
        "?: Extra inputs are not permitted": {CANARY: 1},
        "notices.?: Input should be a valid string": {"notices": {CANARY: 1}},
        "controller.party_id: Field required": {"controller": {CANARY: CANARY}},
        "researchers.0.name: Field required": {"researchers": [{CANARY: CANARY}]},
        "version: Input should be a valid integer": {"version": CANARY},
    }
    for expected, change in places.items():
        body = json.dumps(plain | change).encode()
        assert expected in refused(SchemaError, parse_body, StudyManifest, body)


def test_nothing_is_coerced() -> None:
    plain = json.loads(canonical(world().manifest))
    for change in ({"version": "1"}, {"version": 1.0}, {"retention_days": True}, {"title": 5}, {"created": 1}):
        refused(SchemaError, parse_body, StudyManifest, json.dumps(plain | change).encode())


def test_oversized_documents_are_refused_on_both_sides() -> None:
    refused(SchemaError, sign, Long(text="x" * MAX_SIGNED_BYTES), KEY)
    refused(SchemaError, parse_signed, b" " * (2 * MAX_SIGNED_BYTES + 1))
    assert sign(Long(text="x" * (MAX_SIGNED_BYTES - 100)), KEY)


def test_too_many_signatures_are_refused() -> None:
    plain = json.loads(signed().to_bytes())
    for count in (0, 9):
        refused(SchemaError, parse_signed, json.dumps(plain | {"signatures": plain["signatures"] * count}).encode())


def test_a_one_time_code_is_in_no_repr() -> None:
    request = EnrolRequest(code="one-time-code-" + CANARY, registration=signed())
    assert CANARY not in repr(request)


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_random_bytes_give_our_errors_only(noise: bytes) -> None:
    refused(SchemaError, parse_signed, noise)
    refused(SchemaError, parse_body, Policy, noise)


@given(mutated(signed().to_bytes()))
@settings(max_examples=300, deadline=None)
def test_mutated_documents_give_our_errors_only(data: bytes) -> None:
    assert tried(check, data) in (None, device_registration())


@given(mutated(canonical(world().manifest.model_copy(update={"title": CANARY}))))
@settings(max_examples=300, deadline=None)
def test_mutated_bodies_give_our_errors_only(body: bytes) -> None:
    tried(parse_body, StudyManifest, body)
