"""The envelope: what was built can be parsed and verified, and nothing else can."""

import json
import struct
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import age, envelope
from schemas.base import MAX_INTEGER, canonical, digest
from schemas.envelope import MAGIC, MAX_HEADER_BYTES, SIGNATURE_BYTES, EnvelopeError, EnvelopeHeader
from schemas.payload import unpack
from schemas.signed import public_bytes
from tests.schemas.material import (
    CANARY,
    device,
    envelope_of,
    flipped,
    header_of,
    mutated,
    new_device,
    refused,
    small_envelope,
    tried,
    typed_payload,
    world,
)

HEX = st.binary(min_size=32, max_size=32).map(bytes.hex)
SLUG = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?", fullmatch=True)
HEADER_START = len(MAGIC) + 4
CHANGES = st.fixed_dictionaries(
    {
        "study": SLUG,
        "sequence": st.integers(0, MAX_INTEGER),
        "previous": HEX | st.none(),
        "consent": HEX,
        "policy": HEX,
        "notice": HEX,
        "recipients": st.sets(HEX, min_size=1, max_size=20).map(sorted).map(tuple),
        "sealed_hour": st.integers(0, MAX_INTEGER // 3600).map(lambda n: n * 3600),
    }
)


def check(data: bytes) -> envelope.Envelope:
    found = envelope.parse(data)
    envelope.verify(found, public_bytes(device().key))
    return found


def rebuilt(body: bytes, payload: bytes) -> bytes:
    """Correctly signed, whatever the header says: so that only the parser can object."""
    signed = MAGIC + struct.pack(">I", len(body)) + body
    return signed + device().key.sign(signed) + payload


@given(st.binary(min_size=1, max_size=200), CHANGES)
@settings(deadline=None)
def test_what_was_built_comes_back_and_verifies(payload: bytes, changes: dict[str, Any]) -> None:
    built = envelope_of(payload, **changes)
    found = check(built.to_bytes())
    assert found == built
    assert found.digest == digest(built.to_bytes())
    assert envelope.parse_head(built.to_bytes()[: len(built.signed) + 64]) == (built.header, len(built.signed) + 64)


def test_a_recipient_reads_what_was_sealed() -> None:
    maker, content = new_device(), typed_payload()
    maker.grant()
    sealed = maker.envelope(content.events, frames=content.frames, account=content.account)
    found = envelope.parse(sealed.to_bytes())
    for identity in (maker.review, *(r.identity for r in world().researchers)):
        opened = age.decrypt(found.payload, [identity], limit=1 << 20)
        assert unpack(opened) == content


def test_no_single_flipped_bit_passes() -> None:
    data = small_envelope().to_bytes()
    check(data)
    for bit in range(len(data) * 8):
        refused(EnvelopeError, check, flipped(data, bit))


def test_truncation_and_appended_bytes_are_refused() -> None:
    data = small_envelope().to_bytes()
    for end in range(len(data)):
        refused(EnvelopeError, check, data[:end])
    for more in (b"\0", b"\n", data):
        refused(EnvelopeError, check, data + more)


def test_another_device_is_refused() -> None:
    built = small_envelope()
    with pytest.raises(EnvelopeError, match="another device"):
        envelope.verify(built, public_bytes(Ed25519PrivateKey.from_private_bytes(bytes(32))))
    with pytest.raises(EnvelopeError, match="another device"):
        envelope.verify(built, b"short")


def test_oversized_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    refused(EnvelopeError, envelope.parse_head, MAGIC + struct.pack(">I", MAX_HEADER_BYTES + 1) + bytes(9000))
    refused(EnvelopeError, envelope.parse_head, MAGIC + struct.pack(">I", 2**32 - 1) + bytes(9000))
    data = small_envelope().to_bytes()
    monkeypatch.setattr(envelope, "MAX_ENVELOPE_BYTES", len(data) - 1)
    refused(EnvelopeError, envelope.parse, data)


def test_the_writer_refuses_what_does_not_belong_together() -> None:
    payload = b"age file"
    refused(EnvelopeError, envelope.build, header_of(payload), payload + b"!", device().key)
    refused(EnvelopeError, envelope.build, header_of(payload, payload_bytes=7), payload, device().key)
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    refused(EnvelopeError, envelope.build, header_of(payload), payload, stranger)


@pytest.mark.parametrize(
    "changes",
    [
        {CANARY: CANARY},
        {"version": 2},
        {"version": "1"},
        {"study": CANARY},
        {"sequence": -1},
        {"sequence": "0"},
        {"sequence": 2**53},  # beyond what canonical JSON can spell
        {"sequence": 10**400},
        {"sequence": 1.5},
        {"sealed_hour": 1800},
        {"sealed_hour": 3600 * 10**18},
        {"recipients": []},
        {"recipients": ["b" * 64, "a" * 64]},
        {"recipients": ["a" * 64, "a" * 64]},
        {"recipients": [f"{n:064x}" for n in range(21)]},
        {"payload_sha256": "A" * 64},
        {"payload_sha256": "a" * 64 + "\n"},
        {"payload_bytes": 2**40},
        {"previous": None},  # spelled out, where the canonical form leaves it out
        {"consent": [[[[[[CANARY]]]]]]},
    ],
    ids=str,
)
def test_a_header_that_breaks_a_rule_is_refused_though_signed(changes: dict[str, Any]) -> None:
    payload = b"age file"
    plain = json.loads(canonical(header_of(payload))) | changes
    body = json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()
    refused(EnvelopeError, envelope.parse, rebuilt(body, payload))


@pytest.mark.parametrize(
    "spelling",
    [
        lambda body: body.replace(b",", b", "),
        lambda body: body.replace(b'"version":1', b'"version":1.0'),
        lambda body: body.replace(b'"study"', b'"stud\\u0079"'),
        lambda body: body.replace(b'"version":1', b'"version":1,"version":1'),
        lambda body: body + b"\n",
        lambda _: b"[" * 4000,
        lambda _: b"",
        lambda _: b"\xff",
    ],
    ids=range(8),
)
def test_a_second_spelling_of_a_header_is_refused_though_signed(spelling: Any) -> None:
    payload = b"age file"
    refused(EnvelopeError, envelope.parse, rebuilt(spelling(canonical(header_of(payload))), payload))


def test_the_header_tells_no_more_than_admission_needs() -> None:
    assert set(EnvelopeHeader.model_fields) == {
        "version",
        "study",
        "device",
        "sequence",
        "previous",
        "consent",
        "policy",
        "notice",
        "recipients",
        "payload_sha256",
        "payload_bytes",
        "sealed_hour",
    }
    assert HEADER_START + SIGNATURE_BYTES == 86


@given(st.binary(max_size=300))
def test_random_bytes_give_our_errors_only(noise: bytes) -> None:
    for data in (noise, MAGIC + noise, MAGIC + struct.pack(">I", len(noise)) + noise + bytes(64), rebuilt(noise, b"x")):
        refused(EnvelopeError, envelope.parse, data)


@given(mutated(canonical(header_of(b"age file"))))
@settings(max_examples=300, deadline=None)
def test_mutated_headers_give_our_errors_only(body: bytes) -> None:
    data = rebuilt(body, b"age file")
    found = tried(envelope.parse, data)
    assert found is None or found.to_bytes() == data
