"""A batch's events as columns, from the delta columns straight to numpy arrays: no object an event is made.

What :func:`schemas.payload.unpack` refuses is refused here too, and for the same reasons: a property test holds the
two against each other.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final, get_origin, get_type_hints

import msgspec
import numpy as np
from msgspec import Meta, Raw, Struct
from numpy.typing import NDArray

from schemas.columns import FORMS_OF, MAX_EVENTS, ColumnsError, Form, Shape, decode
from schemas.events import EVENT_TYPES, Event, FrameEvent, LossAccount, Stamp, kind_of
from schemas.payload import Parts, check_frames, take_apart

Ints = NDArray[np.int64]

SURE: Final = 2.0**62
"""Sums whose double stays below this cannot have left 64 bits, whatever the double's rounding."""
_ARRAY_HEADS: Final = {0xDC: 3, 0xDD: 5}
"""msgpack's array 16 and array 32: bytes of the head."""


class Words(Struct, frozen=True):
    """A column of few distinct values: ``words[codes[row]]``."""

    codes: Ints
    words: list[Any]


class Things(Struct, frozen=True):
    """A column of lists and structs, as they are."""

    values: list[Any]


Column = Ints | Words | Things
"""Numbers without null are plain arrays of 64-bit integers or doubles."""


class Kind(Struct, frozen=True):
    """All events of one kind in a batch. ``places`` says where each stands among all events, by sequence."""

    places: Ints
    columns: dict[str, Any]


class Columnar(Struct, frozen=True):
    """An opened batch."""

    parts: Parts
    size: int
    seq: Ints
    kinds: dict[str, Kind]
    pictures: list[FrameEvent]

    def __repr__(self) -> str:
        """How much it holds, without any of it: a repr may end in a log."""
        return f"Columnar({self.size} events, {len(self.pictures)} pictures)"

    @property
    def account(self) -> LossAccount:
        """What was not kept."""
        return self.parts.account

    @property
    def episode(self) -> str:
        """Random id of the stretch of work."""
        return self.parts.episode

    @property
    def events(self) -> list[Event]:
        """The events as objects, made anew: slow, for when a few are wanted."""
        return decode(self.parts.columns, self.parts.version)

    def image(self, frame: FrameEvent) -> bytes:
        """The undecoded image of a frame of this batch."""
        return self.parts.frames[frame.offset : frame.offset + frame.size]

    def rows(self, kind: str, names: Sequence[str], keep: NDArray[np.bool_] | None = None) -> list[tuple[Any, ...]]:
        """Some fields of some events of a kind, as plain values.

        Args:
            kind: the tag of the event type.
            names: the fields.
            keep: which of the kind's rows; None for all.
        """
        found = self.kinds.get(kind)
        if found is None:
            return []
        chosen = np.arange(len(found.places)) if keep is None else np.flatnonzero(keep)
        return list(zip(*(_values(found.columns.get(name), chosen) for name in names), strict=True))

    def numbers(self, name: str) -> Ints:
        """A column of numbers that every kind has, in the order of sequence."""
        out = np.zeros(self.size, np.int64)
        for kind in self.kinds.values():
            out[kind.places] = kind.columns[name]
        return out


def _values(column: Any, chosen: Ints) -> list[Any]:
    if isinstance(column, Words):
        return [column.words[code] for code in column.codes[chosen].tolist()]
    if isinstance(column, Things):
        return [column.values[row] for row in chosen.tolist()]
    return [None] * len(chosen) if column is None else list(column[chosen].tolist())


def read(data: bytes) -> Columnar:
    """Read a payload into columns.

    Raises:
        PayloadError: as :func:`schemas.payload.unpack`.
        ColumnsError: the same.
    """
    parts = take_apart(data)
    try:
        tables = _tables(parts)
        pictures = _pictures(parts)
    except (msgspec.MsgspecError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        if isinstance(error, ColumnsError):
            raise
        raise ColumnsError("columns hold values of a wrong type") from None
    check_frames(pictures, parts)
    seq = np.concatenate([t["seq"] for t in tables.values()]) if tables else np.zeros(0, np.int64)
    order = np.argsort(seq, kind="stable")
    ranked = seq[order]
    if np.any(ranked[1:] == ranked[:-1]):
        raise ColumnsError("a sequence number is used twice")
    places = np.empty(len(seq), np.int64)
    places[order] = np.arange(len(seq))
    kinds, begin = {}, 0
    for name, table in tables.items():
        end = begin + len(table["seq"])
        kinds[name] = Kind(places[begin:end], table)
        begin = end
    return Columnar(parts, len(seq), ranked, kinds, pictures)


def _pictures(parts: Parts) -> list[FrameEvent]:
    column = parts.columns.get("frame")
    found = [] if column is None else decode({"frame": column}, parts.version)
    return [event for event in found if isinstance(event, FrameEvent)]


def _tables(parts: Parts) -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {}
    room = MAX_EVENTS
    for kind, raw in parts.columns.items():
        forms = FORMS_OF[parts.version].get(kind)
        if forms is None or raw.keys() != forms.keys():
            raise ColumnsError("unknown kind of event, or fields of another version")
        found = [_column(form, _FIELDS[kind][name], raw[name]) for name, form in forms.items()]
        lengths = {length for length, _ in found}
        if len(lengths) != 1 or max(lengths) > room:
            raise ColumnsError("columns have unequal or excessive length")
        room -= max(lengths)
        if max(lengths):
            tables[kind] = dict(zip(forms, (column for _, column in found), strict=True))
    return tables


class _Field(Struct, frozen=True):
    hint: Any
    least: int | None  # smallest number that may stand there


def _field(plain: Any, noted: Any) -> _Field:
    metas = [m for m in getattr(noted, "__metadata__", ()) if isinstance(m, Meta)]
    least = next((m.ge for m in metas if m.ge is not None), None)
    others = ("gt", "le", "lt", "multiple_of", "pattern", "min_length", "max_length")
    if any(getattr(m, name) is not None for m in metas for name in others):
        raise TypeError(noted)  # a limit that the check of columns does not know: it must learn it first
    return _Field(plain, None if least is None else int(least))


def _fields(kind: type[Stamp]) -> dict[str, _Field]:
    plain, noted = get_type_hints(kind), get_type_hints(kind, include_extras=True)
    return {name: _field(plain[name], noted[name]) for name in kind.__struct_fields__}


_FIELDS: Final = {kind_of(t): _fields(t) for t in EVENT_TYPES}


def _column(form: Form, field: _Field, raw: Raw) -> tuple[int, Column]:
    if form.shape is Shape.DELTA:
        numbers = _sums(form, raw)
        if field.least is not None and len(numbers) and int(numbers.min()) < field.least:
            raise ColumnsError("a number is too small")
        return len(numbers), numbers
    if form.shape is Shape.WORDS:
        words = _words(form, field, raw)
        return len(words.codes), words
    values = form.reader.decode(raw)
    if field.hint is float:
        return len(values), np.array(values, np.float64)
    if _of_names(field.hint):
        table = {word: code for code, word in enumerate(dict.fromkeys(values))}
        return len(values), Words(np.fromiter(map(table.__getitem__, values), np.int64, len(values)), list(table))
    return len(values), Things(values)


def _of_names(hint: Any) -> bool:
    return get_origin(hint) is not None and all(isinstance(a, str) for a in getattr(hint, "__args__", ()))


def _sums(form: Form, raw: Raw) -> Ints:
    """The values of a delta column. Adding is done in 64 bits where that is sure to hold, else in Python's integers."""
    try:
        deltas = _integers(form.reader, raw)
    except OverflowError:
        return np.array(form.read(raw), np.int64)
    if len(deltas) and float(np.abs(np.cumsum(deltas, dtype=np.float64)).max()) >= SURE:
        return np.array(form.read(raw), np.int64)
    return np.cumsum(deltas, dtype=np.int64)


def _integers(reader: msgspec.msgpack.Decoder[Any], raw: Raw) -> Ints:
    """An array of integers; elements that all have one width are not decoded one by one."""
    data = memoryview(raw)
    head, length = _array_head(data)
    found = _single_bytes(data[head:], length)
    if found is None:
        found = _four_bytes(data[head:], length)
    if found is not None:
        return found
    return np.fromiter(values := reader.decode(raw), np.int64, len(values))


def _array_head(data: memoryview) -> tuple[int, int]:
    """Bytes of a msgpack array's head, and its number of elements; one that no array has, if it is none."""
    if len(data) and data[0] in _ARRAY_HEADS:
        head = _ARRAY_HEADS[data[0]]
        return head, int.from_bytes(data[1:head], "big")
    fixarray = len(data) and 0x90 <= data[0] <= 0x9F  # noqa: PLR2004  # the length is in the byte
    return (1, data[0] & 0x0F) if fixarray else (0, MAX_EVENTS + 1)


def _single_bytes(body: memoryview, length: int) -> Ints | None:
    """Elements that are all of msgpack's "fixint", -32 to 127; None for any other."""
    if len(body) != length or length > MAX_EVENTS:
        return None
    found = np.frombuffer(body, np.int8)
    return None if length and int(found.min()) < -32 else found.astype(np.int64)  # noqa: PLR2004


def _four_bytes(body: memoryview, length: int) -> Ints | None:
    """A first number of eight bytes, the others of four, as times are; None for any other."""
    if not 1 < length <= MAX_EVENTS or len(body) != 9 + 5 * (length - 1) or body[0] != _UINT64:
        return None
    rest = np.frombuffer(body, _UINT32_ROW, offset=9)
    if not np.all(rest["head"] == _UINT32):
        return None
    first = int.from_bytes(body[1:9], "big")
    return np.concatenate([np.array([first], np.int64), rest["value"].astype(np.int64)])


_UINT64: Final = 0xCF
_UINT32: Final = 0xCE
_UINT32_ROW: Final = np.dtype([("head", "u1"), ("value", ">u4")])


def _words(form: Form, field: _Field, raw: Raw) -> Words:
    table, rows = _split(raw)
    words: list[Any] = form.reader.decode(b"\x92" + bytes(table) + b"\x90")[0]
    codes = _integers(_ROWS, rows)
    if len(codes) > MAX_EVENTS:
        raise ColumnsError("columns have unequal or excessive length")
    if not len(codes):
        return Words(codes, [])
    if int(codes.min()) < 0:
        raise ColumnsError("negative index")
    if int(codes.max()) >= len(words):
        raise ColumnsError("an index without a word")
    used = np.flatnonzero(np.bincount(codes, minlength=len(words)))
    return _compact(codes, words, used, field)


def _split(raw: Raw) -> tuple[Raw, Raw]:
    table, rows = _PAIR.decode(raw)
    return table, rows


_PAIR: Final = msgspec.msgpack.Decoder(tuple[Raw, Raw])
_ROWS: Final = msgspec.msgpack.Decoder(list[int])


def _compact(codes: Ints, words: list[Any], used: Ints, field: _Field) -> Words:
    """Only words that occur, each once, each of the field's type."""
    places: dict[Any, int] = {}
    renamed = np.zeros(len(words), np.int64)
    for index in used.tolist():
        value = msgspec.convert(words[index], field.hint)
        if isinstance(value, int) and not isinstance(value, bool):
            _check_least(value, field)
        renamed[index] = places.setdefault(words[index], len(places))
    return Words(renamed[codes], list(places))


def _check_least(value: int, field: _Field) -> None:
    if field.least is not None and value < field.least:
        raise ColumnsError("a number is too small")


def plain(value: Any) -> Any:
    """A value as data that Arrow and JSON take."""
    return msgspec.to_builtins(value) if isinstance(value, list | tuple | Enum | Struct) else value
