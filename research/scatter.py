"""From the columns of several kinds of event to one Arrow column over all events, null where a kind has it not."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from research.columnar import Ints, Things, Words, plain

WORDS: Final = pa.dictionary(pa.int32(), pa.string())
"""How words are kept: each once, rows by number."""
_NUMPY: Final[dict[Any, Any]] = {pa.int64(): np.int64, pa.float64(): np.float64, pa.bool_(): np.bool_}

Part = tuple[Ints, Any]
"""Places of rows, and a column of :mod:`research.columnar` for them."""


def column(parts: Sequence[Part], kind: Any, size: int) -> Any:
    """One Arrow array of ``size`` rows.

    Args:
        parts: for each kind of event that has the column, where its rows go and what they are.
        kind: the Arrow type.
        size: rows of all kinds together.

    Raises:
        pa.ArrowException: a value that the type cannot hold.
    """
    if not parts:
        return pa.nulls(size, WORDS if kind == pa.string() else kind)
    if kind == pa.string():
        return _words(parts, size)
    if kind in _NUMPY:
        return _scalars(parts, kind, size)
    return _nested(parts, kind, size)


def repeated(value: Any, kind: Any, size: int) -> Any:
    """The same value in each row."""
    if kind == pa.string():
        return _dictionary(np.zeros(size, np.int32), [value])
    return pa.array(np.full(size, value), type=kind)


def fitted(array: Any, kind: Any) -> Any:
    """A ready-made array as its column is kept."""
    return array.dictionary_encode() if kind == pa.string() else array


def names(places: Mapping[str, Ints], size: int) -> Any:
    """The name of each row's kind."""
    codes = np.zeros(size, np.int32)
    for code, rows in enumerate(places.values()):
        codes[rows] = code
    return _dictionary(codes, list(places))


def _words(parts: Sequence[Part], size: int) -> Any:
    codes, table = np.full(size, -1, np.int32), dict[str, int]()
    for places, found in parts:
        renamed = [-1 if word is None else table.setdefault(str(plain(word)), len(table)) for word in found.words]
        codes[places] = np.array(renamed, np.int32)[found.codes]
    return _dictionary(codes, list(table))


def _dictionary(codes: NDArray[np.int32], words: list[str]) -> Any:
    missing = codes < 0
    indices = pa.array(codes, mask=missing) if missing.any() else pa.array(codes)
    return pa.DictionaryArray.from_arrays(indices, pa.array(words, type=pa.string()))


def _scalars(parts: Sequence[Part], kind: Any, size: int) -> Any:
    values, known = np.zeros(size, _NUMPY[kind]), np.zeros(size, np.bool_)
    for places, found in parts:
        if isinstance(found, Words):
            values[places] = np.array([word or 0 for word in found.words], values.dtype)[found.codes]
            known[places] = np.array([word is not None for word in found.words])[found.codes]
        else:
            values[places], known[places] = found, True
    return pa.array(values, type=kind) if known.all() else pa.array(values, type=kind, mask=~known)


def _nested(parts: Sequence[Part], kind: Any, size: int) -> Any:
    rows: list[Any] = []
    index = np.full(size, -1, np.int64)
    for places, found in parts:
        values = found.values if isinstance(found, Things) else []
        if values.count(None) < len(values):
            index[places] = np.arange(len(rows), len(rows) + len(values))
            rows += [plain(value) for value in values]
    if not rows:
        return pa.nulls(size, kind)
    return pa.array(rows, type=kind).take(pa.array(index, mask=index < 0))
