"""Events in columns: every event comes back, and nothing else comes out of bytes from outside."""

import struct
import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from schemas import columns
from schemas.columns import ColumnsError, RawColumns
from schemas.events import EVENT_TYPES, Event, KeyEvent, LossAccount, kind_of, to_builtins
from schemas.payload import Payload
from tests.schemas.material import BATCH, CANARY, EVENTS, maker, refused

READER = msgspec.msgpack.Decoder(RawColumns)


def read(plain: Any) -> list[Event]:
    return columns.decode(READER.decode(msgspec.msgpack.encode(plain)))


def some() -> dict[str, Any]:
    return columns.encode(maker().typing("abc"))


def changed(field: str, column: Any, kind: str = "keyboard") -> dict[str, Any]:
    plain = some()
    plain[kind] = plain[kind] | {field: column}
    return plain


@given(BATCH)
@settings(deadline=None)
def test_every_event_comes_back(events: list[Event]) -> None:
    assert read(columns.encode(events)) == events


@pytest.mark.parametrize("name", EVENTS)
def test_every_kind_of_event_comes_back(name: str) -> None:
    @given(EVENTS[name])
    @settings(max_examples=30, deadline=None)
    def comes_back(event: Event) -> None:
        (found,) = read(columns.encode([event]))
        assert found == event
        assert type(found) is type(event)
        assert to_builtins(found)["kind"] == kind_of(type(event))

    comes_back()


def test_events_come_back_in_the_order_of_their_sequence() -> None:
    make = maker()
    events: list[Event] = [make.key("a"), make.pointer(), make.key("b"), make.scroll(), make.key("c")]
    assert read(columns.encode(list(reversed(events)))) == events


def test_a_column_is_deltas_or_words_by_its_type_alone() -> None:
    make = maker()
    table = columns.encode([make.key("a", at=100), make.key("a", at=107), make.key("a", at=103)])["keyboard"]
    assert table["wall_ns"] == [100, 7, -4]
    assert table["text"] == [["a"], [0, 0, 0]]
    assert table["down"] == [[True], [0, 0, 0]]


@pytest.mark.parametrize(
    ("field", "column"),
    [
        ("seq", [0, 0, 1, 1, 1, 1]),  # twice the same
        ("seq", [-1, 1, 1, 1, 1, 1]),
        ("seq", [1, 1, 1]),
        ("seq", []),
        ("seq", None),
        ("seq", CANARY),
        ("seq", [CANARY] * 6),  # would be joined to ever longer texts
        ("seq", [[1]] * 6),
        ("seq", [True] * 6),
        ("seq", [1.5] * 6),
        ("wall_ns", [2**63, 1, 1, 1, 1, 1]),
        ("wall_ns", [2**63 - 1, 1, 1, 1, 1, 1]),
        ("text", [[CANARY], [0, 0, 0, 0, 0, 1]]),
        ("text", [[CANARY], [0, 0, 0, 0, 0, -1]]),
        ("text", [[CANARY], [CANARY] * 6]),
        ("text", [[CANARY]]),
        ("text", [[1], [0] * 6]),
        ("text", [[[CANARY]], [0] * 6]),
        ("text", {CANARY: 1}),
        ("clock", [[CANARY], [0] * 6]),
        ("down", [[1], [0] * 6]),
        (CANARY, [0] * 6),
    ],
)
def test_columns_that_do_not_fit_are_refused(field: str, column: Any) -> None:
    refused(ColumnsError, read, changed(field, column))


def test_missing_columns_and_unknown_kinds_are_refused() -> None:
    table = some()["keyboard"]
    table.pop("repeat")
    refused(ColumnsError, read, {"keyboard": table})
    refused(ColumnsError, read, {CANARY: table})
    refused(ColumnsError, read, {"keyboard": {}})


def test_a_sequence_number_used_by_two_kinds_is_refused() -> None:
    make = maker()
    refused(ColumnsError, read, columns.encode([make.key("a", seq=5), make.pointer(seq=5)]))


def test_writers_refuse_what_no_reader_could_read(monkeypatch: pytest.MonkeyPatch) -> None:
    make = maker()
    refused(ColumnsError, columns.encode, [make.key("a", at=2**63)])
    monkeypatch.setattr(columns, "MAX_EVENTS", 3)
    refused(ColumnsError, columns.encode, [make.key("a") for _ in range(4)])


def test_the_limit_is_on_all_kinds_together(monkeypatch: pytest.MonkeyPatch) -> None:
    make = maker()
    plain = columns.encode([make.key("a"), make.key("b"), make.pointer(), make.pointer()])
    assert len(read(plain)) == 4
    monkeypatch.setattr(columns, "MAX_EVENTS", 3)
    refused(ColumnsError, read, plain)


@pytest.mark.parametrize(
    ("what", "column"),
    [
        ("numbers", struct.pack(">BI", 0xDD, 8 << 20) + bytes(8 << 20)),
        ("empty lists", struct.pack(">BI", 0xDD, 8 << 20) + b"\x90" * (8 << 20)),
        ("texts to join", struct.pack(">BI", 0xDD, 4000) + (b"\xd9\xff" + b"x" * 255) * 4000),
        ("nested lists", b"\x91" * (1 << 20) + b"\x90"),
    ],
)
def test_columns_that_would_fill_memory_are_refused_before_they_do(what: str, column: bytes) -> None:
    table = {name: msgspec.Raw(column) for name in some()["keyboard"]}
    tracemalloc.start()
    refused(ColumnsError, columns.decode, {"keyboard": table})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20, what


def test_an_event_takes_a_bounded_amount_of_memory_to_read() -> None:
    make, count = maker(), 5_000
    raw = msgspec.msgpack.encode(columns.encode([make.key("a", seq=n) for n in range(count)]))
    tracemalloc.start()
    events = columns.decode(READER.decode(raw))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(events) == count
    assert peak / count < 1000  # bytes an event: a gigabyte for a batch of the largest size


def test_no_event_shows_its_content_in_a_repr() -> None:
    make = maker()
    shown: list[Event] = [make.key(CANARY, app=CANARY), make.text(CANARY), make.focus(title=CANARY)]
    assert CANARY not in repr(shown)
    assert CANARY not in repr(Payload(shown, CANARY.encode(), LossAccount(seen={}, kept={}, dropped={}), CANARY))
    kinds = ["keyboard", "text", "pointer", "scroll", "focus", "frame", "clipboard", "gap", "text_delta"]
    assert [kind_of(t) for t in EVENT_TYPES] == kinds
    assert repr(shown[0]).startswith(KeyEvent.__name__)
