"""What is inside the age file: round trip, padding, and refusal in bounded memory of whatever is not it."""

import struct
import sys
import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import columns, payload
from schemas.base import SchemaError
from schemas.events import LossAccount
from schemas.payload import MAGIC, MIN_PADDED_BYTES, Payload, PayloadError, pack, padded, unpack
from tests.schemas.material import CANARY, PAYLOAD, flipped, maker, mutated, packed, refused, tried, typed_payload

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

HEAD = len(MAGIC) + 16
LENGTHS = st.integers(0, 1 << 40)
NO_COUNTS: dict[str, dict[str, Any]] = {"seen": {}, "kept": {}, "dropped": {}}
EMPTY = {"columns": {}, "account": NO_COUNTS, "episode": ""}


def made(raw: bytes, *, declared: int | None = None, frames: int = 0, packed_raw: bytes | None = None) -> bytes:
    body = zstd.compress(raw) if packed_raw is None else packed_raw
    lengths = struct.pack(">IIQ", len(body), len(raw) if declared is None else declared, frames)
    data = MAGIC + lengths + body
    return data + bytes(padded(len(data) + frames) - len(data))


@given(PAYLOAD)
@settings(deadline=None)
def test_every_payload_comes_back(content: Payload) -> None:
    assert unpack(pack(content)) == content


@given(LENGTHS)
def test_padding_adds_little_and_settles(length: int) -> None:
    size = padded(length)
    assert size >= max(length, MIN_PADDED_BYTES)
    assert length <= MIN_PADDED_BYTES or size <= length * 1.12
    assert padded(size) == size


@given(LENGTHS, LENGTHS)
def test_padding_keeps_order(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert padded(low) <= padded(high)


def test_padding_leaves_few_sizes() -> None:
    assert len({padded(n) for n in range(1 << 16, 1 << 20, 64)}) <= 4 * 33


def test_a_quiet_minute_and_a_busy_one_have_the_same_length() -> None:
    assert len(packed("a")) == len(packed("a whole sentence and one more")) == MIN_PADDED_BYTES


def test_images_are_found_by_their_frames() -> None:
    content = typed_payload()
    frame = content.events[-1]
    assert unpack(pack(content)).image(frame) == content.frames  # type: ignore[arg-type]  # the last is a frame


def test_truncation_is_refused_anywhere() -> None:
    data = packed()
    for end in [*range(HEAD + 200), *range(HEAD + 200, len(data), 997), len(data) - 1]:
        refused(PayloadError, unpack, data[:end])
    refused(PayloadError, unpack, data + b"\0")


def test_no_flipped_bit_of_the_head_or_the_padding_passes() -> None:
    data = packed()
    for bit in range((HEAD - 8) * 8):  # the frame section's own length may grow into the padding, unread by any frame
        altered = flipped(data, bit)
        if payload.VERSIONS.get(altered[: len(MAGIC)]) == 2:  # a bit from 3: another version, the same content
            assert unpack(altered) == unpack(data)
            continue
        refused(SchemaError, unpack, altered)
    (size,) = struct.unpack_from(">I", data, len(MAGIC))
    end = HEAD + size + len(typed_payload().frames)
    for byte in (end, end + 1, (end + len(data)) // 2, len(data) - 1):
        refused(PayloadError, unpack, flipped(data, byte * 8 + 3))


def test_bombs_are_refused_before_they_grow() -> None:
    bomb = bytes(payload.MAX_COLUMNS_BYTES)
    small = zstd.compress(bomb, 1)
    del bomb
    cases = [
        made(b"", packed_raw=small, declared=100),  # says little, inflates to much
        made(b"", packed_raw=small, declared=payload.MAX_COLUMNS_BYTES + 1),
        made(b"", packed_raw=small, declared=2**32 - 1),
        made(msgspec.msgpack.encode(EMPTY), declared=payload.MAX_COLUMNS_BYTES),  # says much, inflates to little
        made(b"", packed_raw=b"", declared=payload.MAX_COLUMNS_BYTES),
        made(b"", packed_raw=small[: len(small) // 2], declared=100),
        made(b"")[:HEAD] + bytes(MIN_PADDED_BYTES - HEAD),
    ]
    tracemalloc.start()
    for data in cases:
        refused(PayloadError, unpack, data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 << 20


def test_a_bomb_of_the_length_it_declares_costs_twice_that_length() -> None:
    data = made(b"", packed_raw=zstd.compress(bytes(payload.MAX_COLUMNS_BYTES), 1), declared=payload.MAX_COLUMNS_BYTES)
    tracemalloc.start()
    refused(PayloadError, unpack, data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < payload.MAX_COLUMNS_BYTES * 2.1


def test_a_frame_that_asks_for_a_large_window_is_refused() -> None:
    # Magic number, no flags, a window of 2**n bytes (RFC 8878 §3.1.1.1.2), and one raw block, the last. Reading would
    # set the window's memory aside.
    raw = msgspec.msgpack.encode(EMPTY)
    block = (len(raw) << 3 | 1).to_bytes(3, "little") + raw
    frames = {n: bytes.fromhex("28b52ffd00") + bytes([(n - 10) << 3]) + block for n in (20, 27, 31)}
    assert unpack(made(b"", packed_raw=frames[20], declared=len(raw))).events == []
    for n in (27, 31):
        refused(PayloadError, unpack, made(b"", packed_raw=frames[n], declared=len(raw)))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x91" * 100_000 + b"\x90",
        b"\x81\xa1" * 100_000,
        b"\x81\xa7columns" + b"\x91" * 100_000,
        b"\xc1",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\x81\xa2\xff\xfe\x01",
        msgspec.msgpack.encode(EMPTY) + b"\x00",
        msgspec.msgpack.encode(EMPTY | {CANARY: 1}),
        msgspec.msgpack.encode(EMPTY | {"columns": {CANARY: {}}}),
        msgspec.msgpack.encode(EMPTY | {"columns": {f"{CANARY}{n}": {} for n in range(100)}}),
        msgspec.msgpack.encode(EMPTY | {"columns": {"keyboard": {f"{n}": 0 for n in range(1000)}}}),
        msgspec.msgpack.encode(EMPTY | {"account": NO_COUNTS | {"seen": {CANARY: CANARY}}}),
        msgspec.msgpack.encode(EMPTY | {"account": NO_COUNTS | {"seen": {str(n): n for n in range(99)}}}),
        msgspec.msgpack.encode(EMPTY | {"episode": 1}),
    ],
    ids=range(16),
)
def test_msgpack_that_is_not_ours_is_refused(raw: bytes) -> None:
    refused(SchemaError, unpack, made(raw))
    assert unpack(made(msgspec.msgpack.encode(EMPTY))).events == []


def test_a_frame_outside_the_frame_section_is_refused() -> None:
    make, account = maker(), LossAccount(seen={}, kept={}, dropped={})
    frame = make.frame(b"image", offset=1)
    refused(PayloadError, unpack, pack(Payload([frame], b"image", account, "e")))


def test_numbers_that_msgpack_cannot_hold_are_refused_by_the_writer() -> None:
    account = LossAccount(seen={"keyboard": 2**70}, kept={}, dropped={})
    refused(PayloadError, pack, Payload([], b"", account, "e"))


@given(st.binary(max_size=400))
def test_random_bytes_give_our_errors_only(noise: bytes) -> None:
    for data in (noise, MAGIC + noise, made(noise), made(b"", packed_raw=noise, declared=len(noise))):
        refused(SchemaError, unpack, data)


@given(mutated(packed()[:900]).map(lambda head: head + packed()[900:]) | mutated(packed()))
@settings(max_examples=150, deadline=None)
def test_mutated_payloads_give_our_errors_only(data: bytes) -> None:
    tried(unpack, data)


@given(mutated(msgspec.msgpack.encode(EMPTY | {"columns": columns.encode(typed_payload(CANARY).events)})))
@settings(max_examples=300, deadline=None)
def test_mutated_columns_give_our_errors_only(raw: bytes) -> None:
    tried(unpack, made(raw))
