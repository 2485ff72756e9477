"""What the tests of the schemas share: strategies for events and payloads, and a small world with fixed keys."""

import hashlib
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_type_hints

import pytest
from hypothesis import strategies as st

from schemas import envelope
from schemas.base import SchemaError
from schemas.envelope import Envelope, EnvelopeHeader
from schemas.events import EVENT_TYPES, Element, Event, FrameEvent, LossAccount, Mask, MaskClass, Span, Stamp
from schemas.payload import Payload, pack
from tests.support.device_events import EventMaker
from tests.support.devices import Device, World, draw_identity, draw_key

Result = TypeVar("Result")
CANARY = "KANARIENVOGEL7"
"""Planted in inputs; must never turn up in an error's text."""
NOW_NS = 1_790_000_000_000_000_000
INT64 = st.integers(-(2**62), 2**62)
NATURAL = st.integers(0, 2**62)
TEXT = st.text(max_size=20)
RECT = st.tuples(INT64, INT64, INT64, INT64)
SPAN = st.builds(Span, NATURAL, NATURAL, TEXT, TEXT, INT64, INT64, INT64)
MASK = st.builds(Mask, RECT, st.sampled_from(MaskClass))
ELEMENT = st.builds(Element, role=TEXT, name=TEXT | st.none(), spans=st.lists(SPAN, max_size=2), rect=RECT)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
NOT_NEGATIVE = {"seq", "epoch", "window", "frame", "offset", "size", "count", "length"}
BY_HINT: dict[Any, st.SearchStrategy[Any]] = {
    int: INT64,
    bool: st.booleans(),
    str: TEXT,
    float: FLOAT,
    int | None: INT64 | st.none(),
    str | None: TEXT | st.none(),
    Element | None: ELEMENT | st.none(),
    list[Span]: st.lists(SPAN, max_size=3),
    list[Mask]: st.lists(MASK, max_size=3),
    tuple[int, int, int, int]: RECT,
    list[tuple[int, int, int, int]]: st.lists(RECT, max_size=3),
}


def _values(event_type: type[Stamp], name: str, hint: Any) -> st.SearchStrategy[Any]:
    if name in NOT_NEGATIVE or (event_type.__name__, name) in {("TextEvent", "segment"), ("TextDeltaEvent", "segment")}:
        return NATURAL
    if hint in BY_HINT:
        return BY_HINT[hint]
    return st.sampled_from(get_args(hint) or list(hint))


def _event(event_type: type[Stamp]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(event_type)
    names = event_type.__struct_fields__
    return st.builds(event_type, **{n: _values(event_type, n, hints[n]) for n in names})


EVENTS: dict[str, st.SearchStrategy[Event]] = {t.__name__: _event(t) for t in EVENT_TYPES}
BATCH: st.SearchStrategy[list[Event]] = st.lists(
    st.one_of(*EVENTS.values()), max_size=12, unique_by=lambda e: e.seq
).map(lambda events: sorted(events, key=lambda e: e.seq))
COUNTS = st.dictionaries(st.sampled_from(["keyboard", "pointer", "screen"]), NATURAL)
ACCOUNT = st.builds(LossAccount, seen=COUNTS, kept=COUNTS, dropped=st.dictionaries(TEXT, COUNTS, max_size=3))


def within(events: list[Event], frames: bytes) -> list[Event]:
    """Events whose images lie inside a frame section."""
    return [e for e in events if not isinstance(e, FrameEvent) or e.offset + e.size <= len(frames)]


PAYLOAD = st.builds(
    lambda events, frames, account, episode: Payload(within(events, frames), frames, account, episode),
    BATCH,
    st.binary(max_size=500),
    ACCOUNT,
    TEXT,
)


@cache
def world() -> World:
    """A study with fixed keys."""
    return World.make("schemas", now_ns=NOW_NS)


def new_device() -> Device:
    """A device of that study that nobody else uses, with nothing agreed to."""
    rng = random.Random("device")  # noqa: S311  # the same keys each time
    return Device(world(), draw_key(rng), draw_identity(rng), "p-0123456789abcdef", world().codes[0])


@cache
def device() -> Device:
    """A device that has agreed to everything. Do not change it."""
    made = new_device()
    made.grant()
    return made


def maker() -> EventMaker:
    """Makes that device's events, from number 0 on."""
    return EventMaker(NOW_NS, lambda: device().consent)


def small_envelope() -> Envelope:
    """An envelope around a short stand-in for an age file, so that every bit of it can be tried."""
    return envelope_of(b"stands for an age file " * 3)


def envelope_of(payload: bytes, **changes: Any) -> Envelope:
    """An envelope of the device around some bytes, with fields of the header as the caller wants them."""
    return envelope.build(header_of(payload, **changes), payload, device().key)


def header_of(payload: bytes, **changes: Any) -> EnvelopeHeader:
    """A header that describes some bytes."""
    fields = {
        "version": 1,
        "study": world().manifest.study,
        "device": device().fingerprint,
        "sequence": 0,
        "consent": device().consent,
        "policy": world().signed_policy.digest,
        "notice": world().manifest.notice_digest("en"),
        "recipients": tuple(sorted(r.fingerprint for r in device().readers())),
        "payload_sha256": hashlib.sha256(payload).hexdigest(),
        "payload_bytes": len(payload),
        "sealed_hour": NOW_NS // 10**9 // 3600 * 3600,
    }
    return EnvelopeHeader.model_validate(fields | changes)


def typed_payload(text: str = "hello") -> Payload:
    """A payload of some typing with a picture."""
    make, image = maker(), b"RIFF-stand-in"
    events = [*make.typing(text), make.pointer("down"), make.frame(image)]
    return Payload(events, image, LossAccount(seen={}, kept={}, dropped={}), "episode-1")


def packed(text: str = "hello") -> bytes:
    """Its bytes."""
    return pack(typed_payload(text))


def instants(*, within_days: int = 400) -> st.SearchStrategy[datetime]:
    """Points in time around now."""
    now = datetime.fromtimestamp(NOW_NS // 10**9, UTC)
    span = timedelta(days=within_days)
    low, high = (each.replace(tzinfo=None) for each in (now - span, now + span))
    return st.datetimes(low, high, timezones=st.just(UTC))


def refused(error: type[Exception], call: Any, *arguments: Any) -> str:
    """Assert that a call fails with an error of our tree that quotes no canary; its text."""
    with pytest.raises(error) as caught:
        call(*arguments)
    text = f"{caught.value} {caught.value!r} {getattr(caught.value, 'remedy', '')}"
    assert CANARY not in text
    return text


def tried(call: Callable[..., Result], *arguments: Any) -> Result | None:
    """What a call returns, or None if it fails with an error of our tree that quotes no canary."""
    try:
        return call(*arguments)
    except SchemaError as error:
        text = repr(error)
    assert CANARY not in text
    return None


def flipped(data: bytes, bit: int) -> bytes:
    """The bytes with one bit the other way."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


Mutation = Literal["flip", "cut", "insert", "repeat"]


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes with a few of them changed, cut, put in or repeated."""
    changed = data
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(changed) - 1, 0)))
        length = draw(st.integers(0, 40))
        how: Mutation = draw(st.sampled_from(get_args(Mutation)))
        middle = changed[at : at + length]
        parts = {
            "flip": bytes(byte ^ 0x55 for byte in middle),
            "cut": b"",
            "insert": draw(st.binary(max_size=40)) + middle,
            "repeat": middle * 2,
        }
        changed = changed[:at] + parts[how] + changed[at + length :]
    return changed
