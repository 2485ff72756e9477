"""Events in columns: delta for numbers, a dictionary for words. About 6 bytes an event after zstd.

A table a kind; a column a field, in the field's order. The form of a column follows from the field's type alone:

- ``int``: the first value, then the difference to the value before;
- ``str``, ``bool`` and optional fields: a list of distinct values and, for each row, its index there;
- all else (lists, floats): as it is.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from itertools import accumulate
from operator import sub
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Raw, Struct

from schemas.base import SchemaError
from schemas.events import EVENT_TYPES, Event, Stamp, kind_of

MAX_EVENTS = 1_000_000
"""Rows of one batch. An hour of typing and pointer moves is below 300,000."""

MAX_COLUMNS = 64
"""Columns of one kind of event: three times what the widest kind has."""

VERSION = 3
"""What is written. Versions 1 and 2 are read as well: they lack what :data:`_ADDED` names."""

_ADDED: dict[int, dict[str, frozenset[str]]] = {
    2: {
        "clipboard": frozenset(),  # the kind itself
        "pointer": frozenset({"element"}),
        "frame": frozenset({"press"}),
    },
    3: {"text_delta": frozenset()},
}
"""version → kind → fields that it was the first to have; each of them may be left out of its event."""

Columns = dict[str, dict[str, Any]]
"""kind → field → column, as written."""

RawColumns = Annotated[
    dict[str, Annotated[dict[str, Raw], Meta(max_length=MAX_COLUMNS)]], Meta(max_length=len(EVENT_TYPES))
]
"""kind → field → column, as read: each still in msgpack, to be decoded as what it must be and nothing else.

Decoded as *anything*, a byte could become a list of 64 bytes, and columns of 64 MiB several gigabytes.
"""


class ColumnsError(SchemaError):
    """Columns that do not fit together."""

    remedy = "Verify the envelope first; a verified one that fails here is a fault to report to Overt."


class Shape(Enum):
    """How a column is written."""

    DELTA = "delta"
    WORDS = "words"
    PLAIN = "plain"


class Form(Struct, frozen=True):
    """How one field's column is written and read."""

    shape: Shape
    encode: Callable[[list[Any]], Any]
    decode: Callable[[Any], list[Any]]
    reader: msgspec.msgpack.Decoder[Any]

    def read(self, column: Raw) -> list[Any]:
        """The values of a column, one a row."""
        return self.decode(self.reader.decode(column))


def _delta(values: list[int]) -> list[int]:
    _check_range(values)
    return [*values[:1], *map(sub, values[1:], values)]


def _undelta(column: list[int]) -> list[int]:
    values = list(accumulate(column))
    _check_range(values)
    return values


def _check_range(values: list[int]) -> None:
    if values and not -(2**63) <= min(values) <= max(values) < 2**63:
        raise ColumnsError("a number does not fit in 64 bits")


def _index(values: list[Any]) -> list[list[Any]]:
    table: dict[tuple[type, Any], int] = {}
    rows = [table.setdefault((type(v), v), len(table)) for v in values]
    return [[value for _, value in table], rows]


def _unindex(column: tuple[list[Any], list[int]]) -> list[Any]:
    table, rows = column
    if rows and min(rows) < 0:
        raise ColumnsError("negative index")
    return [table[row] for row in rows]


def _rows_of(hint: Any) -> Any:
    return Annotated[list[hint], Meta(max_length=MAX_EVENTS)]


def _form(hint: Any) -> Form:
    reader = msgspec.msgpack.Decoder
    if hint is int:
        return Form(Shape.DELTA, _delta, _undelta, reader(_rows_of(int)))
    origin, arguments = get_origin(hint), get_args(hint)
    scalar = not any(isinstance(a, type) and issubclass(a, Struct) for a in arguments) and (
        origin is None or all(isinstance(a, type) or a is None for a in arguments)
    )
    if hint is float or origin in (list, tuple) or not scalar:
        return Form(Shape.PLAIN, list, list, reader(_rows_of(hint)))
    words_and_rows: Any = tuple[_rows_of(bool | int | str | None), _rows_of(int)]  # type: ignore[misc]  # made here
    return Form(Shape.WORDS, _index, _unindex, reader(words_and_rows))


def _forms(event_type: type[Stamp]) -> dict[str, Form]:
    hints = get_type_hints(event_type)
    return {name: _form(hints[name]) for name in event_type.__struct_fields__}


_TYPES: dict[str, type[Stamp]] = {kind_of(t): t for t in EVENT_TYPES}
_FORMS: dict[str, dict[str, Form]] = {kind_of(t): _forms(t) for t in EVENT_TYPES}


def _forms_of(version: int) -> dict[str, dict[str, Form]]:
    forms = _FORMS
    for kind, fields in [added for later in range(version + 1, VERSION + 1) for added in _ADDED[later].items()]:
        kept = {name: form for name, form in forms[kind].items() if name not in fields} if fields else None
        forms = {k: f for k, f in forms.items() if k != kind} | ({kind: kept} if kept else {})
    return forms


FORMS_OF = {version: _forms_of(version) for version in range(1, VERSION + 1)}
"""version → kind → field → form, for readers that keep columns as columns."""


def encode(events: Sequence[Event]) -> Columns:
    """Columns of events. Only plain data (ints, strings, lists) comes out.

    Raises:
        ColumnsError: too many events, or a number beyond 64 bits.
    """
    if len(events) > MAX_EVENTS:
        raise ColumnsError("too many events for one batch")
    rows: dict[str, list[Event]] = {}
    for event in events:
        rows.setdefault(kind_of(type(event)), []).append(event)
    return {
        kind: {
            name: form.encode([msgspec.to_builtins(getattr(e, name)) for e in found])
            for name, form in _FORMS[kind].items()
        }
        for kind, found in rows.items()
    }


def decode(columns: RawColumns, version: int = VERSION) -> list[Event]:
    """The events of columns, in the order of their sequence.

    Args:
        columns: as read.
        version: of the payload that they are from.

    Raises:
        ColumnsError: unknown kind or field, columns of unequal or excessive length, values of a wrong type, or a
            sequence number used twice.
    """
    events: list[Event] = []
    try:
        for kind, table in columns.items():
            events += _rows(kind, table, FORMS_OF[version], MAX_EVENTS - len(events))
    except (msgspec.MsgspecError, TypeError, ValueError, LookupError, RecursionError) as error:
        if isinstance(error, ColumnsError):
            raise
        raise ColumnsError("columns hold values of a wrong type") from None
    events.sort(key=lambda e: e.seq)
    if len({e.seq for e in events}) != len(events):
        raise ColumnsError("a sequence number is used twice")
    return events


def _rows(kind: str, table: dict[str, Raw], known: dict[str, dict[str, Form]], room: int) -> list[Event]:
    forms = known.get(kind)
    if forms is None or table.keys() != forms.keys():
        raise ColumnsError("unknown kind of event, or fields of another version")
    columns = [form.read(table[name]) for name, form in forms.items()]
    lengths = {len(column) for column in columns}
    if len(lengths) != 1 or max(lengths) > room:
        raise ColumnsError("columns have unequal or excessive length")
    names = ("kind", *forms)
    return [
        msgspec.convert(dict(zip(names, (kind, *row), strict=True)), _TYPES[kind])  # type: ignore[misc]  # an Event
        for row in zip(*columns, strict=True)
    ]
