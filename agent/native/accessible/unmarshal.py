"""Values out of a D-Bus message (D-Bus Specification 0.43, "Marshaling (Wire Format)").

Read here in plain Python since the bytes come from programs that nobody vouches for: compiled readers were seen to read
past the end of a message that lies about a length. Whatever is read consumes bytes, so that the work is bounded by the
size of the message and the depth that the specification allows.
"""

import struct
from functools import lru_cache
from typing import Any

from msgspec import Struct

MAX_SIGNATURE = 255
"""Characters of a signature, by the specification."""
MAX_DEPTH = 64
"""Levels of arrays, structures and variants in one another: the specification's 32 arrays in 32 structures."""
MAX_ARRAY_BYTES = 1 << 26
"""Bytes of an array, by the specification."""

_FIXED = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d", "h": "I"}
_ALIGNMENT = {"y": 1, "b": 4, "n": 2, "q": 2, "i": 4, "u": 4, "x": 8, "t": 8, "d": 8, "h": 4}
_ALIGNMENT |= {"s": 4, "o": 4, "g": 1, "v": 1, "a": 4, "(": 8, "{": 8}
_BASIC = frozenset("ybnqiuxtdhsog")


class Nonsense(ValueError):  # noqa: N818  # it tells what was found
    """Bytes or a signature that D-Bus does not allow. Never tells what they were."""


class Variant(Struct, frozen=True):
    """A value that brings its own type."""

    signature: str
    value: Any

    def __repr__(self) -> str:
        """Nothing of its content."""
        return f"<Variant {self.signature}>"

    __str__ = __repr__


@lru_cache(maxsize=256)
def types_of(signature: str) -> tuple[str, ...]:
    """The complete types that a signature is made of.

    Raises:
        Nonsense: it is not a signature.
    """
    if len(signature) > MAX_SIGNATURE:
        raise Nonsense("a signature is too long")
    found, at = [], 0
    while at < len(signature):
        end = _end_of(signature, at, MAX_DEPTH)
        found.append(signature[at:end])
        at = end
    return tuple(found)


def _end_of(signature: str, at: int, depth: int) -> int:
    """Where the complete type that begins at ``at`` ends."""
    code = signature[at : at + 1]
    if code in _BASIC or code == "v":
        return at + 1
    if not code or code not in "a(" or depth == 0:
        raise Nonsense("not a type")
    if code == "(":
        return _members_end(signature, at + 1, ")", depth)
    if signature[at + 1 : at + 2] != "{":
        return _end_of(signature, at + 1, depth - 1)
    end = _members_end(signature, at + 2, "}", depth)
    value = at + 3
    if signature[at + 2] not in _BASIC or value == end - 1 or _end_of(signature, value, depth) != end - 1:
        raise Nonsense("not an entry of a dictionary")
    return end


def _members_end(signature: str, at: int, close: str, depth: int) -> int:
    start = at
    while signature[at : at + 1] != close:
        at = _end_of(signature, at, depth - 1)
    if at == start:
        raise Nonsense("a structure without members")  # it would take no bytes, and an array of it no end
    return at + 1


class Reader:
    """Reads values from the bytes of one message, one after another.

    Args:
        data: the whole message, since alignment counts from its start.
        at: where to begin.
        order: ``<`` or ``>``, as in :mod:`struct`.
    """

    def __init__(self, data: bytes | bytearray, at: int, order: str) -> None:
        self._data, self.at, self._order = data, at, order

    def read(self, kind: str, depth: int = MAX_DEPTH) -> Any:
        """The next value, of one complete type: structures are tuples, dictionaries dicts, bytes ``bytes``.

        Raises:
            Nonsense: the bytes are no such value.
        """
        if depth == 0:
            raise Nonsense("too deep")
        code = kind[0]
        self.align(_ALIGNMENT[code])
        if code in _FIXED:
            return self._fixed(code)
        if code in "so":
            return self._text(self._fixed("u"))
        if code == "g":
            return self._text(self._fixed("y"))
        if code == "v":
            return self._variant(depth)
        if code == "a":
            return self._array(kind[1:], depth)
        return tuple(self.read(member, depth - 1) for member in types_of(kind[1:-1]))

    def align(self, step: int) -> None:
        """Go on to the next place that is a multiple of ``step``; what is skipped must be zeros."""
        if not self.at % step:
            return
        end = -(-self.at // step) * step
        if any(self._data[self.at : end]):
            raise Nonsense("padding that is not empty")
        self.at = end

    def _fixed(self, code: str) -> Any:
        try:
            (value,) = struct.unpack_from(self._order + _FIXED[code], self._data, self.at)
        except struct.error:
            raise Nonsense("a message ends too early") from None
        self.at += _ALIGNMENT[code]
        if code == "b" and value > 1:
            raise Nonsense("neither true nor false")
        return bool(value) if code == "b" else value

    def _text(self, size: int) -> str:
        end = self.at + size
        if self._data[end : end + 1] != b"\0":
            raise Nonsense("a text without an end")
        try:
            found = self._data[self.at : end].decode()
        except UnicodeDecodeError:
            raise Nonsense("not UTF-8") from None
        self.at = end + 1
        return found

    def _variant(self, depth: int) -> Variant:
        signature = self._text(self._fixed("y"))
        kinds = types_of(signature)
        if len(kinds) != 1:
            raise Nonsense("a variant is of one type")
        return Variant(signature, self.read(kinds[0], depth - 1))

    def _array(self, kind: str, depth: int) -> Any:
        size = self._fixed("u")
        self.align(_ALIGNMENT[kind[0]])
        end = self.at + size
        if size > MAX_ARRAY_BYTES or end > len(self._data):
            raise Nonsense("an array is longer than its message")
        if kind == "y":
            found, self.at = bytes(self._data[self.at : end]), end
            return found
        values = []
        while self.at < end:
            values.append(self._entry(kind, depth - 1) if kind[0] == "{" else self.read(kind, depth - 1))
        if self.at != end:
            raise Nonsense("the last element is longer than its array")
        return dict(values) if kind[0] == "{" else values

    def _entry(self, kind: str, depth: int) -> tuple[Any, Any]:
        self.align(_ALIGNMENT["{"])
        key, value = types_of(kind[1:-1])
        return self.read(key, depth), self.read(value, depth)
