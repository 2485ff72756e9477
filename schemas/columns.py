"""Events in columns: delta for numbers, a dictionary for words. About 6 bytes an event after zstd.

A table a kind; a column a field, in the field's order. The form of a column follows from the field's type alone:

- ``int``: the first value, then the difference to the value before;
- ``str``, ``bool`` and optional fields: a list of distinct values and, for each row, its index there;
- all else (lists, floats): as it is.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate
from operator import sub
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from schemas.base import SchemaError
from schemas.events import EVENT_TYPES, Event, Stamp, kind_of

MAX_EVENTS = 1_000_000
"""Rows of one batch. An hour of typing and pointer moves is below 300,000."""

Columns = dict[str, dict[str, Any]]
"""kind → field → column."""


class ColumnsError(SchemaError):
    """Columns that do not fit together."""

    remedy = "Verify the envelope first; a verified one that fails here is a fault to report to Overt."


class _Form(Struct, frozen=True):
    encode: Callable[[list[Any]], Any]
    decode: Callable[[Any], list[Any]]


def _delta(values: list[int]) -> list[int]:
    return [*values[:1], *map(sub, values[1:], values)]


def _undelta(column: list[int]) -> list[int]:
    return list(accumulate(column))


def _index(values: list[Any]) -> list[list[Any]]:
    table: dict[tuple[type, Any], int] = {}
    rows = [table.setdefault((type(v), v), len(table)) for v in values]
    return [[value for _, value in table], rows]


def _unindex(column: list[list[Any]]) -> list[Any]:
    table, rows = column
    if rows and min(rows) < 0:
        raise ColumnsError("negative index")
    return [table[row] for row in rows]


_DELTA = _Form(_delta, _undelta)
_INDEX = _Form(_index, _unindex)
_PLAIN = _Form(list, list)


def _form(hint: Any) -> _Form:
    if hint is int:
        return _DELTA
    origin = get_origin(hint)
    if hint is float or origin in (list, tuple):
        return _PLAIN
    if origin is not None and not all(isinstance(a, type) or a is None for a in get_args(hint)):
        return _PLAIN
    return _INDEX


def _forms(event_type: type[Stamp]) -> dict[str, _Form]:
    hints = get_type_hints(event_type)
    return {name: _form(hints[name]) for name in event_type.__struct_fields__}


_TYPES: dict[str, type[Stamp]] = {kind_of(t): t for t in EVENT_TYPES}
_FORMS: dict[str, dict[str, _Form]] = {kind_of(t): _forms(t) for t in EVENT_TYPES}


def encode(events: Sequence[Event]) -> Columns:
    """Columns of events. Only plain data (ints, strings, lists) comes out."""
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


def decode(columns: Columns) -> list[Event]:
    """The events of columns, in the order of their sequence.

    Raises:
        ColumnsError: unknown kind or field, columns of unequal length, values of a wrong type, or a sequence number
            used twice.
    """
    try:
        rows = [event for kind, table in columns.items() for event in _rows(kind, table)]
    except (msgspec.ValidationError, TypeError, ValueError, LookupError, AttributeError) as error:
        if isinstance(error, ColumnsError):
            raise
        raise ColumnsError("columns hold values of a wrong type") from None
    rows.sort(key=lambda e: e.seq)
    if any(n > 1 for n in Counter(e.seq for e in rows).values()):
        raise ColumnsError("a sequence number is used twice")
    return rows


def _rows(kind: str, table: dict[str, Any]) -> list[Event]:
    forms = _FORMS.get(kind)
    if forms is None or table.keys() != forms.keys():
        raise ColumnsError("unknown kind of event, or fields of another version")
    columns = {name: form.decode(table[name]) for name, form in forms.items()}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1 or max(lengths) > MAX_EVENTS:
        raise ColumnsError("columns have unequal or excessive length")
    plain = [{"kind": kind, **dict(zip(columns, row, strict=True))} for row in zip(*columns.values(), strict=True)]
    return [msgspec.convert(row, _TYPES[kind]) for row in plain]  # type: ignore[misc]  # a member of Event
