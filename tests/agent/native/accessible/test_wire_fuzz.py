"""Bytes from the bus come from programs that nobody vouches for: nothing but `BusBroken` comes out."""

import struct

import pytest
from dbus_fast import Message, MessageType, Variant
from hypothesis import given
from hypothesis import strategies as st

from agent.native.accessible.address import session_address, socket_paths
from agent.native.accessible.atspi import elements, has_state, number, returned
from agent.native.accessible.wire import MAX_MESSAGE_BYTES, BusBroken, Call, Frames, Heard, call_bytes, read_message
from tests.support.fake_bus import message_bytes


def event(body: tuple[object, ...] = ("focused", 1, 0)) -> bytes:
    message = Message(
        message_type=MessageType.SIGNAL,
        sender=":1.7",
        path="/org/a11y/atspi/accessible/3",
        interface="org.a11y.atspi.Event.Object",
        member="StateChanged",
        signature="siiva{sv}",
        body=[*body, Variant("(so)", (":1.7", "/x")), {}],
        serial=7,
    )
    return message_bytes(message)


EVENT = event()


def feed(*pieces: bytes) -> list[Heard]:
    frames = Frames()
    return [heard for piece in pieces for heard in frames.feed(piece)]


@given(st.integers(0, len(EVENT)))
def test_messages_are_whole_wherever_the_stream_is_cut(cut: int) -> None:
    (heard,) = feed(EVENT[:cut], EVENT[cut:])
    assert (heard.sender, heard.member, heard.body[:3]) == (":1.7", "StateChanged", ("focused", 1, 0))


@given(st.binary(max_size=400))
def test_any_bytes_are_messages_or_the_end(data: bytes) -> None:
    try:
        feed(data)
    except BusBroken:
        return


@given(st.lists(st.tuples(st.integers(0, len(EVENT) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_bent_message_is_read_or_dropped(bends: list[tuple[int, int]]) -> None:
    bent = bytearray(EVENT)
    for place, value in bends:
        bent[place] = value
    heard = read_message(bytes(bent))
    assert heard is None or isinstance(heard, Heard)


@given(st.recursive(st.sampled_from(list("ybnqiuxtdsogv")), lambda inner: inner.map(lambda s: f"a{s}") | inner.map(
    lambda s: f"({s})"), max_leaves=4), st.binary(max_size=120))  # fmt: skip
def test_any_body_under_any_signature_is_read_or_dropped(signature: str, body: bytes) -> None:
    answer = Message(message_type=MessageType.METHOD_RETURN, reply_serial=1, sender=":1.7", serial=2)
    plain = bytearray(message_bytes(answer))
    name = signature.encode()[:200]
    field = b"\x08\x01g\x00" + bytes([len(name)]) + name + b"\x00"
    fields = struct.unpack_from("<I", plain, 12)[0]
    head = bytes(plain[16 : 16 + fields])
    head += bytes(-len(head) % 8) + field
    frame = struct.pack("<4BIII", ord("l"), 2, 0, 1, len(body), 2, len(head)) + head
    heard = read_message(frame + bytes(-len(frame) % 8) + body)
    for limit in (0, 1, 8):
        assert len(elements(heard, limit)) <= limit
    assert isinstance(number(heard), int | None)
    assert isinstance(has_state(heard, 12), bool)


@pytest.mark.parametrize("order", ["l", "B"])
def test_a_message_that_is_too_large_ends_the_connection(order: str) -> None:
    end = "<" if order == "l" else ">"
    with pytest.raises(BusBroken):
        feed(struct.pack(f"{end}4BIII", ord(order), 4, 0, 1, MAX_MESSAGE_BYTES, 1, 8))


def test_a_message_that_makes_no_sense_does_not_hide_the_next() -> None:
    bent = bytearray(EVENT)
    bent[1] = 99  # no such kind
    assert len(feed(bytes(bent) + EVENT)) == 1


def test_a_call_to_nowhere_is_refused_before_it_is_sent() -> None:
    for path in ("", "x", "/a//b", "/\0"):
        with pytest.raises(BusBroken):
            call_bytes(Call(":1.7", path, "org.a11y.atspi.Accessible", "GetRole"), 1)


def test_what_a_message_says_is_never_printed() -> None:
    (heard,) = feed(event(("canary-in-an-event", 1, 0)))
    assert "canary" not in f"{heard} {heard!r} {[heard]}"


def test_an_answer_counts_in_its_one_shape_only() -> None:
    answer = Message(message_type=MessageType.METHOD_RETURN, reply_serial=1, signature="i", body=[40], serial=2)
    heard = read_message(message_bytes(answer))
    assert returned(heard, "i") == (40,)
    assert number(heard) is None
    error = Message(
        message_type=MessageType.ERROR, error_name="org.x.Y", reply_serial=1, signature="u", body=[40], serial=2
    )
    assert number(read_message(message_bytes(error))) is None


@given(st.text(max_size=200))
def test_any_address_is_read(address: str) -> None:
    for path in socket_paths(address) + socket_paths(f"unix:path={address}"):
        assert isinstance(path, bytes)


def test_addresses() -> None:
    assert socket_paths("unix:path=/run/user/1/bus,guid=ab;unix:abstract=/tmp/x%20y") == [
        b"/run/user/1/bus",
        b"\0/tmp/x y",
    ]
    assert socket_paths("tcp:host=example.org,port=1") == []
    assert session_address({"XDG_RUNTIME_DIR": "/run/user/1"}) == "unix:path=/run/user/1/bus"
    assert session_address({}) is None
