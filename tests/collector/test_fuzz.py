"""Whatever is sent, the answer is a refusal: never a 5xx, never a stack trace, and the server lives on."""

import contextlib
import json
import socket
import struct
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.errors import Refused
from collector.intake import _open
from schemas.base import base64url, digest
from schemas.consent import ConsentRecord
from schemas.envelope import MAGIC
from schemas.signed import Signature, SignedDocument, _pae, fingerprint, media_type, public_bytes
from tests.support.collectors import Collector
from tests.support.devices import Device, World

MODEST = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
HUGE = st.sampled_from([2**53, 2**63, 2**64, -1, 10**30, 1e308, 0.5])
SCALARS = (
    st.none() | st.booleans() | st.integers() | HUGE | st.text(max_size=30) | st.binary(max_size=20).map(base64url)
)
JSON = st.recursive(
    SCALARS, lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=8), part, max_size=4)
)


@pytest.fixture(scope="module")
def device(collector: Collector, world: World) -> Device:
    return collector.join(world)


def plain(reply: httpx.Response) -> None:
    assert 200 <= reply.status_code < 500, reply.text
    assert "Traceback" not in reply.text


def mutate(document: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    """A copy of a JSON document with one place in it replaced, removed or added to."""
    if isinstance(document, dict) and document and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(document)))
        return document | {key: mutate(document[key], draw)}
    if isinstance(document, dict) and document and draw(st.booleans()):
        gone = draw(st.sampled_from(sorted(document)))
        return {k: v for k, v in document.items() if k != gone}
    if isinstance(document, list) and document and draw(st.booleans()):
        return [mutate(document[0], draw), *document[1:]]
    return draw(JSON)


@MODEST
@given(path=st.sampled_from(["/v1/publish", "/v1/enrol", "/v1/consents"]), body=st.binary(max_size=400))
def test_bytes_for_bodies(collector: Collector, path: str, body: bytes) -> None:
    plain(collector.call("POST", path, body))


@MODEST
@given(data=st.data())
def test_almost_right_documents(collector: Collector, world: World, data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(world.publications()))
    changed = mutate(json.loads(document.to_bytes()), data.draw)
    plain(collector.call("POST", "/v1/publish", json.dumps(changed).encode()))


@MODEST
@given(data=st.data())
def test_almost_right_enrolments(collector: Collector, device: Device, data: st.DataObject) -> None:
    request = json.loads(device.enrol_request().model_dump_json())
    plain(collector.call("POST", "/v1/enrol", json.dumps(mutate(request, data.draw)).encode()))


@MODEST
@given(data=st.data())
def test_almost_right_consents_rightly_signed(collector: Collector, device: Device, data: st.DataObject) -> None:
    record = json.loads(device.ledger[0].body)
    body = json.dumps(mutate(record, data.draw)).encode()
    kind = media_type(ConsentRecord)
    key = public_bytes(device.key)
    seal = Signature(keyid=fingerprint(key), sig=base64url(device.key.sign(_pae(kind, body))))
    signed = SignedDocument(payloadType=kind, payload=base64url(body), signatures=(seal,))
    reply = collector.signed(device, "POST", "/v1/consents", signed.to_bytes())
    assert 400 <= reply.status_code < 500, reply.text


def reseal(device: Device, header: Any) -> bytes:
    """An envelope with any JSON at all for its header, rightly signed."""
    payload = b"no age file"
    body = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
    signed = MAGIC + struct.pack(">I", len(body)) + body
    return signed + device.key.sign(signed) + payload


def right_header(device: Device) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(device.envelope(keep=False).header.model_dump_json(exclude_none=True))
    return header | {"payload_sha256": digest(b"no age file"), "payload_bytes": 11}


@MODEST
@given(data=st.data())
def test_almost_right_envelopes_rightly_signed(collector: Collector, device: Device, data: st.DataObject) -> None:
    body = reseal(device, mutate(right_header(device), data.draw))
    reply = collector.signed(device, "PUT", f"/v1/batches/{digest(body)}", body)
    assert 400 <= reply.status_code < 500, reply.text


@pytest.mark.parametrize("field", ["sequence", "sealed_hour", "payload_bytes", "version"])
@pytest.mark.parametrize("number", [2**53, 2**63 - 1, 2**63, 2**64, 10**30, -1])
def test_numbers_beyond_every_column(collector: Collector, device: Device, field: str, number: int) -> None:
    body = reseal(device, right_header(device) | {field: number // 3600 * 3600})
    reply = collector.signed(device, "PUT", f"/v1/batches/{digest(body)}", body)
    assert 400 <= reply.status_code < 500, reply.text


@settings(deadline=None)
@given(data=st.data(), cut=st.integers(0, 400), noise=st.binary(max_size=60))
def test_the_envelope_parser_only_refuses(device: Device, data: st.DataObject, cut: int, noise: bytes) -> None:
    whole = reseal(device, right_header(device))
    place = data.draw(st.integers(0, len(whole)))
    for broken in (whole[:cut], whole[:place] + noise + whole[place:], noise, MAGIC + noise):
        if broken != whole:
            with pytest.raises(Refused):
                _open(broken)


@MODEST
@given(
    given_input=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200),
    signature=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200),
    keep=st.integers(0, 300),
)
def test_odd_signature_headers(collector: Collector, world: World, given_input: str, signature: str, keep: int) -> None:
    right = world.researchers[0].headers("GET", collector.url + "/v1/batches")
    for odd in (
        {"Signature-Input": given_input},
        {"Signature-Input": right["Signature-Input"][:keep] + given_input},
        {"Signature": signature},
        {"Content-Digest": signature},
        {"Signature-Input": right["Signature-Input"] + ", " + given_input},
    ):
        with contextlib.suppress(httpx.LocalProtocolError):  # not sayable in HTTP
            plain(collector.call("GET", "/v1/batches", headers=right | odd))


@MODEST
@given(path=st.text(max_size=40), query=st.text(max_size=40))
def test_odd_addresses(collector: Collector, world: World, path: str, query: str) -> None:
    for prefix in ("/", "/v1/batches/"):
        target = (
            prefix + quote(path.encode("utf-8", "surrogatepass")) + "?" + quote(query.encode("utf-8", "surrogatepass"))
        )
        plain(collector.call("GET", target))
        plain(collector.get(world.researchers[0], target))


@MODEST
@given(value=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80))
def test_odd_ranges_and_reasons(collector: Collector, world: World, value: str) -> None:
    path = f"/v1/batches/{'0' * 64}"
    headers = world.researchers[0].headers("GET", collector.url + path)
    for name in ("range", "overt-reason", "if-range"):
        with contextlib.suppress(httpx.LocalProtocolError):
            odd: Any = {**headers, name: value.encode("latin-1")}
            plain(collector.call("GET", path, headers=odd))


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00" * 1000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"PUT /v1/batches/x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"PUT /v1/batches/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"PUT /v1/batches/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /v1/study HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET http://elsewhere.example/v1/study HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=range(8),
)
def test_what_is_hardly_http(collector: Collector, raw: bytes) -> None:
    address = urlsplit(collector.url)
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=20) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(4096)
        except OSError:  # cut off while still sending
            answer = b""
    assert not answer.startswith((b"HTTP/1.1 5", b"HTTP/1.0 5"))
    assert b"Traceback" not in answer
    assert collector.call("GET", "/healthz").status_code == 200


def test_nothing_unforeseen_was_logged(collector: Collector) -> None:
    """Runs last in this file: all of the above left not one fault in the server's log."""
    lines = [json.loads(line) for line in collector.log.read_text().splitlines()]
    assert [line for line in lines if "fault" in line] == []
