"""The local socket: nothing that can be said there starts anything, and nothing else is understood."""

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.net.control import MAX_LINE_BYTES, MAX_TIME_NS, ProtocolError, Request, parse_request


def test_no_operation_grants_anything() -> None:
    """Look, show the sign, look again at the disk, off, stop, delete, a browser's site, seal, carry: that is all."""
    (hint,) = [f.type for f in _fields() if f.name == "op"]
    assert set(get_args(hint)) == {"status", "lease", "reload", "off", "stop", "delete", "site", "seal", "carry"}
    assert {f.name for f in _fields()} == {"v", "op", "shown", "badge", "site", "since_ns"}


def _fields() -> tuple[Any, ...]:
    return msgspec.structs.fields(Request)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_a_protocol_error(line: bytes) -> None:
    try:
        request = parse_request(line)
    except ProtocolError:
        return
    assert isinstance(request, Request)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


NAMES = ["v", "op", "shown", "badge", "since_ns", "grant", "force"]


@given(st.dictionaries(st.sampled_from(NAMES), JSON | st.sampled_from(["off", "delete", 1])))
def test_any_json_is_a_request_or_a_protocol_error(document: dict[str, Any]) -> None:
    try:
        request = parse_request(json.dumps(document).encode())
    except ProtocolError:
        return
    assert document.keys() <= {"v", "op", "shown", "since_ns"}
    assert (document.get("since_ns") is not None) is (request.op == "delete")
    assert document["v"] == 1
    assert request.op == document["op"]


@pytest.mark.parametrize(
    "line",
    [
        b'{"v":1,"op":"on"}',
        b'{"v":1,"op":"grant"}',
        b'{"v":1,"op":"resume"}',
        b'{"v":2,"op":"status"}',
        b'{"v":1,"op":"lease","shown":"yes"}',
        b'{"v":1,"op":"lease","shown":true,"scope":"all"}',
        b'{"v":1,"op":"delete"}',
        b'{"v":1,"op":"delete","since_ns":-1}',
        b'{"v":1,"op":"delete","since_ns":9223372036854775808}',
        b'{"v":1,"op":"delete","since_ns":1.5}',
        b'{"v":1,"op":"delete","since_ns":"0"}',
        b'{"v":1,"op":"off","since_ns":0}',
        b"[" * 100_000,
        b"",
        b"null",
    ],
)
def test_what_is_not_in_version_1_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_request(line)


@given(st.integers(0, MAX_TIME_NS))
def test_a_wish_to_delete_is_understood_and_says_since_when(since_ns: int) -> None:
    line = json.dumps({"v": 1, "op": "delete", "since_ns": since_ns}).encode()
    assert len(line) < MAX_LINE_BYTES
    assert parse_request(line) == Request(1, "delete", since_ns=since_ns)
