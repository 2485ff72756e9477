"""Events as Arrow tables. The columns follow from the event types in :mod:`schemas.events`, so none is forgotten.

``events`` is wide: one row an event of any kind, one column for each field that any kind has, null where a kind has it
not. ``text`` and ``frames`` hold one kind each; ``frames`` carries the undecoded image bytes beside.
"""

import types
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pyarrow as pa

from schemas.events import EVENT_TYPES, Event, FrameEvent, Rect, Stamp, TextEvent, kind_of

OMITTED = frozenset({"offset", "size"})
"""Where an image lies in its batch's frame section: means nothing outside of it."""
SCALARS: dict[Any, Any] = {int: pa.int64(), float: pa.float64(), bool: pa.bool_(), str: pa.string()}

ORIGIN: dict[str, Any] = {
    "participant": pa.string(),
    "device": pa.string(),
    "batch": pa.string(),
    "batch_sequence": pa.int64(),
    "episode": pa.string(),
}
"""Columns that say where a row comes from: pseudonyms, the envelope's digest and place, the stretch of work."""


def arrow_type(hint: Any) -> Any:
    """The Arrow type of an event field's Python type.

    Raises:
        TypeError: a type that events did not have when this was written.
    """
    if hint in SCALARS:
        return SCALARS[hint]
    if hint == Rect:
        return pa.list_(pa.int64())
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal or (isinstance(hint, type) and issubclass(hint, Enum)):
        return pa.string()
    if origin in {Union, types.UnionType}:
        return arrow_type(next(a for a in inner if a is not type(None)))
    if origin is list:
        return pa.list_(arrow_type(inner[0]))
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return pa.struct([pa.field(n, arrow_type(h)) for n, h in get_type_hints(hint).items()])
    raise TypeError(hint)


def _fields(kinds: Iterable[type[Stamp]]) -> dict[str, Any]:
    """Columns of some kinds of event, in the order of their declaration; equal names must have equal types."""
    found: dict[str, Any] = {}
    for kind in kinds:
        hints = get_type_hints(kind)
        for name in kind.__struct_fields__:
            if name in OMITTED:
                continue
            if found.setdefault(name, arrow_type(hints[name])) != arrow_type(hints[name]):
                raise TypeError(name)
    return found


EVENTS: dict[str, Any] = {**ORIGIN, "kind": pa.string(), **_fields(EVENT_TYPES)}
TEXT: dict[str, Any] = {**ORIGIN, **_fields([TextEvent])}
FRAMES: dict[str, Any] = {**ORIGIN, **_fields([FrameEvent]), "image": pa.binary()}
EPISODES: dict[str, Any] = {
    "participant": pa.string(),
    "device": pa.string(),
    "episode": pa.string(),
    "begin_ns": pa.int64(),
    "end_ns": pa.int64(),
    "batches": pa.int64(),
    "events": pa.int64(),
    "frames": pa.int64(),
    "apps": pa.list_(pa.string()),
    "account": pa.list_(
        pa.struct(
            [
                ("modality", pa.string()),
                ("seen", pa.int64()),
                ("kept", pa.int64()),
                ("dropped", pa.list_(pa.struct([("reason", pa.string()), ("count", pa.int64())]))),
            ]
        )
    ),
}


def schema(columns: Mapping[str, Any]) -> Any:
    """An Arrow schema of columns."""
    return pa.schema(list(columns.items()))


def events_table(events: Sequence[Event], origin: Mapping[str, Any]) -> Any:
    """All events of a batch.

    Args:
        events: in their order.
        origin: a value for each of :data:`ORIGIN`.
    """
    kinds = [kind_of(type(e)) for e in events]
    return _table(EVENTS, events, {**_repeat(origin, len(events)), "kind": kinds})


def text_table(events: Iterable[Event], origin: Mapping[str, Any]) -> Any:
    """The text segments among events."""
    rows = [e for e in events if isinstance(e, TextEvent)]
    return _table(TEXT, rows, _repeat(origin, len(rows)))


def frames_table(rows: Sequence[FrameEvent], images: Sequence[bytes], origin: Mapping[str, Any]) -> Any:
    """Frames with their undecoded images."""
    return _table(FRAMES, rows, {**_repeat(origin, len(rows)), "image": list(images)})


def rows_table(columns: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Any:
    """A table of plain rows."""
    return pa.Table.from_pylist(list(rows), schema=schema(columns))


def _table(columns: Mapping[str, Any], events: Sequence[Stamp], given: Mapping[str, list[Any]]) -> Any:
    arrays = [
        pa.array(given[name] if name in given else [_plain(getattr(e, name, None)) for e in events], type=kind)
        for name, kind in columns.items()
    ]
    return pa.table(arrays, schema=schema(columns))


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value) if isinstance(value, (list, tuple, Enum, msgspec.Struct)) else value


def _repeat(origin: Mapping[str, Any], count: int) -> dict[str, list[Any]]:
    return {name: [origin[name]] * count for name in ORIGIN}
