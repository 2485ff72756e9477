"""Events as Arrow tables. The columns follow from the event types in :mod:`schemas.events`, so none is forgotten.

``events`` is wide: one row an event of any kind, one column for each field that any kind has, null where a kind has it
not. ``text`` and ``frames`` hold one kind each; ``frames`` carries the undecoded image bytes beside.
"""

import types
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
import pyarrow as pa

from research import scatter
from research.columnar import Columnar, Kind
from research.identity import sample_uid
from research.scatter import WORDS
from schemas.events import EVENT_TYPES, FrameEvent, Rect, Stamp, TextEvent

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
FRAMES: dict[str, Any] = {**ORIGIN, "sample_uid": pa.string(), **_fields([FrameEvent]), "image": pa.binary()}
EPISODES: dict[str, Any] = {
    "participant": pa.string(),
    "device": pa.string(),
    "episode": pa.string(),
    "sample_uid": pa.string(),
    "split": pa.string(),
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
    """An Arrow schema of columns as they are written: words as a dictionary, so that equal ones are stored once."""
    return pa.schema([(name, WORDS if kind == pa.string() else kind) for name, kind in columns.items()])


def events_table(opened: Columnar, origin: Mapping[str, Any]) -> Any:
    """All events of a batch, in the order of sequence.

    Args:
        opened: the batch.
        origin: a value for each of :data:`ORIGIN`.
    """
    return _table(EVENTS, opened.kinds, opened.size, origin)


def text_table(opened: Columnar, origin: Mapping[str, Any]) -> Any:
    """The text segments of a batch."""
    return _one(TEXT, opened, "text", origin)


def frames_table(opened: Columnar, origin: Mapping[str, Any]) -> Any:
    """Frames with their undecoded images."""
    images = pa.array([opened.image(frame) for frame in opened.pictures], type=pa.binary())
    uids = [sample_uid("frame", origin["device"], frame.seq, frame.sha256) for frame in opened.pictures]
    return _one(FRAMES, opened, "frame", origin, {"image": images, "sample_uid": pa.array(uids, pa.string())})


def rows_table(columns: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Any:
    """A table of plain rows."""
    return pa.Table.from_pylist(list(rows), schema=pa.schema(list(columns.items()))).cast(schema(columns))


def _one(
    columns: Mapping[str, Any],
    opened: Columnar,
    name: str,
    origin: Mapping[str, Any],
    given: Mapping[str, Any] | None = None,
) -> Any:
    kind = opened.kinds.get(name)
    if kind is None:
        return pa.table([pa.array([], type=f.type) for f in schema(columns)], schema=schema(columns))
    rank = np.empty(len(kind.places), np.int64)  # rows of one kind are not always written in the order of sequence
    rank[np.argsort(kind.places)] = np.arange(len(rank))
    return _table(columns, {name: Kind(rank, kind.columns)}, len(rank), origin, given)


def _table(
    columns: Mapping[str, Any],
    kinds: Mapping[str, Kind],
    size: int,
    origin: Mapping[str, Any],
    given: Mapping[str, Any] | None = None,
) -> Any:
    arrays = [_array(name, kind, kinds, size, {**origin, **(given or {})}) for name, kind in columns.items()]
    return pa.table(arrays, schema=schema(columns))


def _array(name: str, kind: Any, kinds: Mapping[str, Kind], size: int, given: Mapping[str, Any]) -> Any:
    if name == "kind":
        return scatter.names({k: each.places for k, each in kinds.items()}, size)
    if name in given:
        return (
            scatter.fitted(given[name], kind)
            if isinstance(given[name], pa.Array)
            else scatter.repeated(given[name], kind, size)
        )
    parts = [(each.places, each.columns[name]) for each in kinds.values() if name in each.columns]
    return scatter.column(parts, kind, size)
