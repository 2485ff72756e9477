"""What a browser may say to our program, byte by byte: its few messages in their order, and nothing else."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.browser.framing import MAX_MESSAGE_BYTES, FramingError, Reader, frame, parse

PATH = "inbox-of-ada"
HELLO: dict[str, Any] = {"v": 2, "seq": 0, "at": 1_800_000_000_000, "state": "elsewhere"}
PAGE = HELLO | {"state": "page", "origin": "https://mail.example:8443", "secret": False}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "message",
    [HELLO, PAGE, HELLO | {"state": "private"}, PAGE | {"origin": "http://[::1]:80"}, PAGE | {"secret": True}],
)
def test_messages(message: dict[str, Any]) -> None:
    assert parse(json.dumps(message).encode()) == message


@pytest.mark.parametrize(
    "message",
    [
        *(None, 1, [], "page", {}, [HELLO], PAGE | {"title": "Inbox"}, PAGE | {"url": "https://mail.example/x"}),
        *(HELLO | {"v": 1}, HELLO | {"v": 3}, HELLO | {"v": True}, HELLO | {"v": "1"}),
        *(HELLO | {"seq": -1}, HELLO | {"seq": 1.0}),
        *(HELLO | {"at": None}, HELLO | {"at": 2**53}, HELLO | {"state": "Page"}, HELLO | {"state": None}),
        *({"seq": 0, "at": 1, "state": "elsewhere"}, HELLO | {"origin": "https://mail.example"}),
        *(HELLO | {"state": "page"}, HELLO | {"state": "private", "origin": "https://mail.example"}),
        *(PAGE | {"origin": f"https://mail.example/{PATH}"}, PAGE | {"origin": ""}, PAGE | {"origin": None}),
        *(
            PAGE | {"origin": "https://mail.example\n"},
            PAGE | {"origin": "file:///x"},
            PAGE | {"origin": ["https://a"]},
        ),
        *(PAGE | {"secret": None}, PAGE | {"secret": 1}, PAGE | {"secret": "no"}, PAGE | {"secret": PATH}),
        *(HELLO | {"secret": True}, {n: PAGE[n] for n in PAGE if n != "secret"}, PAGE | {"field": PATH}),
        *(PAGE | {"origin": "https://MAIL.example"}, PAGE | {"origin": "https://" + "a" * 500}),
    ],
    ids=str,
)
def test_anything_else_is_refused_and_never_repeated(message: Any) -> None:
    with pytest.raises(FramingError) as caught:
        parse(json.dumps(message).encode())
    assert PATH not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.binary(max_size=200))
def test_raw_bytes_end_the_conversation_or_wait_for_more(data: bytes) -> None:
    reader = Reader()
    try:
        assert reader.feed(data) == []
    except FramingError:
        pass
    else:
        assert len(data) < 4 or struct.unpack_from("=I", data)[0] + 4 > len(data)


@given(JSON)
def test_any_json_is_one_of_the_messages_or_refused(value: Any) -> None:
    try:
        found = parse(json.dumps(value).encode())
    except FramingError:
        return
    assert found.keys() <= {"v", "seq", "at", "state", "origin", "secret"}
    assert type(found.get("secret", False)) is bool


@given(st.dictionaries(st.sampled_from(["v", "seq", "at", "state", "origin", "secret", "x"]), JSON, max_size=6))
def test_near_misses(changes: dict[str, Any]) -> None:
    message = PAGE | changes
    try:
        found = parse(json.dumps(message).encode())
    except FramingError:
        return
    assert found == message
    assert "x" not in found
    assert ("secret" in found) is ("origin" in found) is (found["state"] == "page")
    assert "/" not in str(found.get("origin", "")).removeprefix("https://").removeprefix("http://")


@given(st.lists(st.sampled_from([HELLO, PAGE]), max_size=5), st.lists(st.integers(0, 400), max_size=6))
def test_however_the_bytes_are_cut(messages: list[dict[str, Any]], cuts: list[int]) -> None:
    told = [message | {"seq": number} for number, message in enumerate(messages)]
    data = b"".join(map(frame, told))
    reader, found, at = Reader(), [], 0
    for cut in [*sorted(c for c in cuts if c < len(data)), len(data)]:
        found += reader.feed(data[at:cut])
        at = cut
    assert found == told


@pytest.mark.parametrize("second", [0, 2, 5])
def test_a_message_that_is_missing_or_comes_twice_ends_it(second: int) -> None:
    reader = Reader()
    assert len(reader.feed(frame(HELLO))) == 1
    with pytest.raises(FramingError):
        reader.feed(frame(HELLO | {"seq": second}))


@pytest.mark.parametrize("length", [MAX_MESSAGE_BYTES + 1, 1 << 20, 0xFFFFFFFF])
def test_a_long_message_is_refused_before_it_comes(length: int) -> None:
    with pytest.raises(FramingError):
        Reader().feed(struct.pack("=I", length))


def test_deep_and_broken_json() -> None:
    for body in (b"[" * 1000, b"{", b"\xff\xfe", b"", b"nul", b'{"v":1,"v":1}', b'"\\ud800"'):
        with pytest.raises(FramingError):
            parse(body)
