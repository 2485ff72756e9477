"""Columns read at once are what reading event by event gives: same values, same refusals, same faults."""

from typing import Any

import msgspec
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from research import columnar, content, table
from research.headers import Terms
from schemas import payload as payloads
from schemas.base import SchemaError
from schemas.columns import FORMS_OF, Shape, encode
from schemas.events import Element, Event, LossAccount, Span
from schemas.payload import Payload, pack, unpack
from tests.research import oracle
from tests.research.bench import NOW_NS, Bench, filmed
from tests.support.device_events import account_of
from tests.support.devices import Device

ORIGIN = {"participant": "p", "device": "d", "batch": "b", "batch_sequence": 3, "episode": "e"}
zstd: Any = vars(payloads)["zstd"]  # the one that payloads are written with, whatever this Python has
BENCH = Bench.make()
DEVICE = BENCH.person()
TERMS = Terms(
    BENCH.trust().devices[DEVICE.fingerprint].intervals[DEVICE.consent], BENCH.world.policy, BENCH.world.manifest
)
HEADER = DEVICE.envelope([], keep=False).header
SPAN = Span(start=0, end=9, cls="EMAIL", detector="email", version=1, ordinal=1, length_bucket=16)
BUTTON = Element(role="push button", name="To ⟨EMAIL#1⟩", spans=[SPAN], rect=(1, 2, 3, 4))
KINDS = ("key", "hidden", "text", "move", "press", "scroll", "focus", "frame", "clipboard", "gap")


def _event(make: Any, kind: str, stamp: dict[str, Any]) -> Event:
    makers: dict[str, Any] = {
        "key": lambda: make.key("ä", **stamp),
        "hidden": lambda: make.key(None, **stamp),
        "text": lambda: make.text("⟨EMAIL#1⟩ hi", spans=[SPAN], **stamp),
        "move": lambda: make.pointer("move", 3, -4, **stamp),
        "press": lambda: msgspec.structs.replace(make.pointer("down", 700, 40_000, **stamp), element=BUTTON),
        "scroll": lambda: make.scroll(-1.5, **stamp),
        "focus": lambda: make.focus(title="Ünïcode", **stamp),
        "frame": lambda: make.frame(b"picture", **stamp),
        "clipboard": lambda: make.clipboard("cut", **stamp),
        "gap": lambda: make.gap(**stamp),
    }
    found: Event = makers[kind]()
    return found


HOUR = 3_600 * 10**9
STAMPS = st.fixed_dictionaries(
    {},
    optional={
        "app": st.sampled_from(["mail", "editor", "bank", ""]),
        "at": st.sampled_from([NOW_NS - 2 * HOUR, NOW_NS, NOW_NS + 3 * HOUR, NOW_NS + 400 * 24 * HOUR, 0, 2**62]),
        "consent": st.sampled_from(["0" * 64, DEVICE.consent]),
        "window": st.integers(0, 2**62),
    },
)


def _events(drawn: list[tuple[str, dict[str, Any]]], device: Device) -> list[Event]:
    made = [_event(device.make, kind, dict(stamp)) for kind, stamp in drawn]
    return [msgspec.structs.replace(e, mono_ns=n, seq=n) for n, e in enumerate(made)]


@given(st.lists(st.tuples(st.sampled_from(KINDS), STAMPS), max_size=15), st.integers(-1, 6))
def test_columns_hold_and_check_what_objects_do(drawn: list[tuple[str, dict[str, Any]]], last_seq: int) -> None:
    events = _events(drawn, DEVICE)
    payload = Payload(events, b"picture", account_of(events), "e")
    opened = columnar.read(pack(payload))
    assert (opened.size, opened.events, opened.seq.tolist()) == (len(events), events, [e.seq for e in events])
    assert _strings(table.events_table(opened, ORIGIN)).equals(oracle.events_table(events, ORIGIN))
    found = content.check(opened, HEADER, TERMS, last_seq).faults
    slow = oracle.check(payload, HEADER, TERMS, last_seq).faults
    assert list(found.items()) == list(slow.items())


def _strings(rows: Any) -> Any:
    plain = pa.schema([(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in rows.schema])
    return rows.cast(plain)


NUMBERS = st.one_of(st.integers(-40, 200), st.integers(-(2**63), 2**64 - 1))
JUNK = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.floats(), st.text(max_size=3), st.lists(NUMBERS, max_size=3), st.just({})
)


def _first_columns() -> dict[str, Any]:
    device = Bench.make().person()
    make = device.make
    events = [*make.typing("ab"), make.pointer("down"), make.scroll(), make.focus(title="x"), make.clipboard()]
    frames, _ = filmed(device, 2)
    plain: dict[str, Any] = encode([*events, *frames])
    return plain


COLUMNS = _first_columns()


@settings(max_examples=300)
@given(st.data())
def test_what_one_refuses_the_other_refuses(data: st.DataObject) -> None:
    columns = {kind: dict(table_) for kind, table_ in COLUMNS.items()}
    kind = data.draw(st.sampled_from(sorted(columns)))
    name = data.draw(st.sampled_from(sorted(columns[kind])))
    rows = len(columns[kind]["seq"])
    own = _shaped(data, kind, name, rows) if data.draw(st.booleans()) else data.draw(JUNK)
    columns[kind][name] = own
    raw = _packed(columns)
    slow, fast = _or_refusal(unpack, raw), _or_refusal(columnar.read, raw)
    assert (slow is None) == (fast is None)
    if slow is not None and fast is not None:
        origin_free = oracle.events_table(slow.events, ORIGIN)
        assert _strings(table.events_table(fast, ORIGIN)).equals(origin_free) or "nan" in str(origin_free).lower()


def _shaped(data: st.DataObject, kind: str, name: str, rows: int) -> Any:
    """A column of the right form, and of any content."""
    if FORMS_OF[2][kind][name].shape is Shape.WORDS:
        words = data.draw(st.lists(JUNK.filter(lambda j: not isinstance(j, float)), min_size=1, max_size=3))
        return [words, data.draw(st.lists(st.integers(-1, 3), min_size=rows, max_size=rows))]
    return data.draw(st.lists(NUMBERS, min_size=rows, max_size=rows))


def _packed(columns: dict[str, Any]) -> bytes:
    account = LossAccount(seen={}, kept={}, dropped={})
    raw = payloads._ENCODER.encode(payloads._Written(columns, account, "e"))
    packed = zstd.compress(raw)
    section = bytes(100_000)
    head = payloads.MAGIC + payloads._LENGTHS.pack(len(packed), len(raw), len(section))
    body: bytes = head + packed + section
    return body + bytes(payloads.padded(len(body)) - len(body))


def _or_refusal(read: Any, raw: bytes) -> Any:
    try:
        return read(raw)
    except SchemaError:
        return None


def test_many_rows_with_long_gaps_and_every_width_of_number() -> None:
    make = Bench.make().person().make
    events = [make.pointer("move", (n * 37) % 70_000 - 9_000, 2 ** (n % 62)) for n in range(3_000)]
    opened = columnar.read(pack(Payload(list(events), b"", account_of(events), "e")))
    assert opened.kinds["pointer"].columns["y"].tolist() == [e.y for e in events]
    assert opened.kinds["pointer"].columns["x"].tolist() == [e.x for e in events]


def test_times_a_little_apart_are_read_without_decoding_each() -> None:
    make = Bench.make().person().make
    events = [make.key("a", at=NOW_NS + n * 70_000_000 + n * n) for n in range(500)]
    opened = columnar.read(pack(Payload(list(events), b"", account_of(events), "e")))
    assert opened.numbers("wall_ns").tolist() == [e.wall_ns for e in events]


def test_numbers_at_the_ends_of_64_bits_come_back() -> None:
    make, ends = Bench.make().person().make, [-(2**63), 2**63 - 1]
    events: list[Event] = [msgspec.structs.replace(make.key("a"), mono_ns=end) for end in ends]
    opened = columnar.read(_packed(encode(events)))
    assert opened.kinds["keyboard"].columns["mono_ns"].tolist() == ends


def test_a_repr_holds_nothing_that_was_recorded() -> None:
    make = Bench.make().person().make
    opened = columnar.read(pack(Payload([make.text("canary")], b"", account_of([]), "e")))
    assert "canary" not in repr(opened)
    assert "canary" not in repr(opened.parts)
