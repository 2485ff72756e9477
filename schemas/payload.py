r"""What is inside the age file: events in columns, then pictures, then padding.

Bytes, in order (integers big-endian)::

    "overt-payload/v3\n"            17 bytes; versions 1 and 2 are read as well
    length of the columns           4 bytes, compressed
    their length uncompressed       4 bytes
    length of the frame section     8 bytes
    columns                         zstd (RFC 8878) of msgpack, see :mod:`schemas.columns`
    frame section                   the images, one after the other, undecoded
    padding                         zeros, to the size that :func:`padded` gives

Padding follows Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs",
PoPETs 2019): at most 12 % more, and only log log n sizes, so that a batch's length tells little of what was done.
"""

import struct
import sys
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from schemas.base import SchemaError
from schemas.columns import Columns, RawColumns, decode, encode
from schemas.events import Event, FrameEvent, LossAccount

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAGIC = b"overt-payload/v3\n"
VERSIONS = {b"overt-payload/v1\n": 1, b"overt-payload/v2\n": 2, MAGIC: 3}
"""What can be read. Version 1 has no clipboard events, no element under a press, no press of a frame; 1 and 2 have no
text changes."""
ZSTD_LEVEL = 6
"""Above 6 the columns shrink by less than 2 % and cost doubles."""
MAX_COLUMNS_BYTES = 64 << 20
"""Uncompressed bytes. A batch of 8 MiB holds far less; a zip bomb is refused before it grows past this."""
MIN_PADDED_BYTES = 64 << 10
"""Bytes. Below this, the length of a batch would tell how much was typed in a quiet minute."""

_LENGTHS = struct.Struct(">IIQ")
_WINDOW_LOG_MAX = MAX_COLUMNS_BYTES.bit_length() - 1
"""Binary logarithm of the memory, in bytes, that a zstd frame may ask its reader to set aside."""


class PayloadError(SchemaError):
    """Bytes that are not an intact payload."""

    remedy = "Verify the envelope first; a verified one that fails here is a fault to report to Overt."


class Payload(Struct, frozen=True):
    """A batch's content: events in the order of their sequence, their pictures, and what was not kept."""

    events: list[Event]
    frames: bytes
    account: LossAccount
    episode: str  # random id of the stretch of work; the same in all of its batches

    def __repr__(self) -> str:
        """How much it holds, without any of it: a repr may end in a log."""
        return f"Payload({len(self.events)} events, {len(self.frames)} bytes of frames)"

    def image(self, frame: FrameEvent) -> bytes:
        """The undecoded image of a frame of this payload."""
        return self.frames[frame.offset : frame.offset + frame.size]


class Parts(Struct, frozen=True):
    """A payload taken apart, its columns not yet decoded: for readers that keep columns as columns."""

    version: int
    columns: RawColumns
    frames: bytes
    account: LossAccount
    episode: str

    def __repr__(self) -> str:
        """How much it holds, without any of it: a repr may end in a log."""
        return f"Parts({len(self.columns)} kinds, {len(self.frames)} bytes of frames)"


class _Written(Struct):
    columns: Columns
    account: LossAccount
    episode: str


class _Read(Struct, forbid_unknown_fields=True):
    columns: RawColumns
    account: LossAccount
    episode: str


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Read)


def pack(payload: Payload) -> bytes:
    """The bytes of a payload, padded.

    Raises:
        PayloadError: too much for one batch, or a number beyond 64 bits.
        ColumnsError: as :func:`schemas.columns.encode`.
    """
    columns = encode(payload.events)
    try:
        raw = _ENCODER.encode(_Written(columns, payload.account, payload.episode))
    except OverflowError:
        raise PayloadError("a number does not fit in 64 bits") from None
    if len(raw) > MAX_COLUMNS_BYTES:
        raise PayloadError("too many events for one batch")
    packed = zstd.compress(raw, ZSTD_LEVEL)
    head = MAGIC + _LENGTHS.pack(len(packed), len(raw), len(payload.frames))
    body = head + packed + payload.frames
    return body + bytes(padded(len(body)) - len(body))


def unpack(data: bytes) -> Payload:
    """Read a payload.

    Memory is bounded whatever the bytes say: twice their own length, twice :data:`MAX_COLUMNS_BYTES` while they
    inflate, and below 1 KB for each of at most :data:`schemas.columns.MAX_EVENTS` events.

    Raises:
        PayloadError: truncated, altered, or a zip bomb.
        ColumnsError: columns that do not fit together.
    """
    parts = take_apart(data)
    events = decode(parts.columns, parts.version)
    check_frames((e for e in events if isinstance(e, FrameEvent)), parts)
    return Payload(events, parts.frames, parts.account, parts.episode)


def take_apart(data: bytes) -> Parts:
    """Read a payload but for its events.

    Raises:
        PayloadError: as :func:`unpack`.
    """
    start = len(MAGIC) + _LENGTHS.size
    version = VERSIONS.get(data[: len(MAGIC)])
    if version is None or len(data) < start:
        raise PayloadError("not a payload of version 1 to 3")
    packed_len, raw_len, frames_len = _LENGTHS.unpack_from(data, len(MAGIC))
    end = start + packed_len + frames_len
    if len(data) != padded(end) or any(data[end:]):
        raise PayloadError("lengths do not add up")
    try:
        body = _DECODER.decode(_inflate(data[start : start + packed_len], raw_len))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise PayloadError("columns are not of this version") from None
    return Parts(version, body.columns, data[start + packed_len : end], body.account, body.episode)


def padded(length: int) -> int:
    """The length that ``length`` is padded to (Padmé, with a floor)."""
    if length <= MIN_PADDED_BYTES:
        return MIN_PADDED_BYTES
    exponent = length.bit_length() - 1
    mantissa_bits = exponent.bit_length()
    mask = (1 << (exponent - mantissa_bits)) - 1
    return (length + mask) & ~mask


def _inflate(packed: bytes, raw_len: int) -> bytes:
    if raw_len > MAX_COLUMNS_BYTES:
        raise PayloadError("columns are too large")
    stream = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX})
    try:
        raw = stream.decompress(packed, max_length=raw_len + 1)
    except zstd.ZstdError:
        raise PayloadError("columns are not intact zstd") from None
    if len(raw) != raw_len or not stream.eof or stream.unused_data:
        raise PayloadError("columns do not have the length that was declared")
    return raw


def check_frames(frames: Iterable[FrameEvent], parts: Parts) -> None:
    """Check that each picture lies inside the frame section.

    Raises:
        PayloadError: one does not.
    """
    if any(e.offset + e.size > len(parts.frames) for e in frames):
        raise PayloadError("a frame lies outside the frame section")
