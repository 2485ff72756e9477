"""Limits as Windows' registry holds them, as a table of keys. Whatever is odd is refused, never guessed.

Single values are REG_SZ or REG_DWORD below the agent's key; a list is a subkey whose values are its texts, as policy
templates write it (ADMX ``<list>``). Source: Microsoft, "Registry value types" and "list element". Case does not
tell names apart there. What reads them is pure and gets
a :class:`Key`; the few lines that open the real registry never ran: no Windows was at hand.
"""

import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Protocol, get_args

from agent.disk.guarded import MAX_BYTES, GuardedError, Stamp
from schemas.limits import LIMIT_KEYS

MACHINE_KEY = r"Software\Policies\Overt\Agent"
"""Below HKEY_LOCAL_MACHINE: only administrators write there."""
REG_SZ, REG_DWORD = 1, 4
MAX_VALUES = 4096
"""Values in all. The longest list that limits may have is far below."""
_KIND = "holds a value of a kind that no key has"
_NAMES = {name.casefold(): name for name in LIMIT_KEYS}


class Key(Protocol):
    """A key of the registry that is open, as ``winreg`` lists one."""

    def values(self) -> Iterable[tuple[str, object, int]]:
        """Name, data and type of each value."""

    def subkeys(self) -> "Iterable[tuple[str, Key]]":
        """Name and content of each key right below."""


def table_of(key: Key) -> dict[str, Any]:
    """The table that :class:`schemas.limits.Limits` is read from.

    Raises:
        GuardedError: with what is wrong, and never with what stands there.
    """
    reader = _Reader()
    found: dict[str, Any] = {}
    for name, data, kind in key.values():
        _put(found, name, _single(_known(name), reader.checked(data, kind)))
    for name, below in key.subkeys():
        if not get_args(LIMIT_KEYS[_known(name)].type):
            raise GuardedError("holds a list where a single value belongs")
        _put(found, name, reader.texts(below))
    return found


class _Reader:
    """Counts what was read, so that a huge key ends early."""

    def __init__(self) -> None:
        self._values = self._bytes = 0

    def checked(self, data: object, kind: int) -> str | int:
        self._values += 1
        if kind == REG_DWORD and isinstance(data, int) and 0 <= data < 1 << 32:
            self._count(4)
            return data
        if kind != REG_SZ or not isinstance(data, str):
            raise GuardedError(_KIND)
        self._count(2 * len(data))
        return data

    def texts(self, key: Key) -> list[str]:
        for _ in key.subkeys():
            raise GuardedError("is nested deeper than a list")
        read = [(name, self.checked(data, kind)) for name, data, kind in key.values()]
        texts = [text for _, text in sorted(read, key=lambda item: (len(item[0]), item[0])) if isinstance(text, str)]
        if len(texts) != len(read):
            raise GuardedError(_KIND)
        return texts

    def _count(self, size: int) -> None:
        self._bytes += size
        if self._values > MAX_VALUES or self._bytes > MAX_BYTES:
            raise GuardedError(f"is larger than {MAX_BYTES >> 10} KiB, or has more than {MAX_VALUES} values")


def _known(name: str) -> str:
    try:
        return _NAMES[name.casefold()]
    except KeyError:
        raise GuardedError("holds a key that is none of Overt's") from None


def _put(found: dict[str, Any], name: str, value: object) -> None:
    if _known(name) in found:
        raise GuardedError("says one key twice")
    found[_known(name)] = value


def _single(name: str, value: str | int) -> str | int | bool:
    """As JSON would have it: yes and no are 1 and 0 there, and numbers above 32 bits are texts."""
    kind = LIMIT_KEYS[name].type
    if kind is bool:
        if isinstance(value, str) or value > 1:
            raise GuardedError(_KIND)
        return bool(value)
    if kind is int and isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) <= len(str(1 << 63))):
            raise GuardedError(_KIND)
        return int(value)
    return value


if sys.platform == "win32":
    import winreg

    class _Opened:
        def __init__(self, path: str) -> None:
            self._path = path
            self._key = winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY)

        def values(self) -> Iterable[tuple[str, object, int]]:
            return (winreg.EnumValue(self._key, number) for number in range(winreg.QueryInfoKey(self._key)[1]))

        def subkeys(self) -> "Iterable[tuple[str, _Opened]]":
            for number in range(winreg.QueryInfoKey(self._key)[0]):
                name = winreg.EnumKey(self._key, number)
                yield name, _Opened(f"{self._path}\\{name}")

        def written(self) -> int:
            return winreg.QueryInfoKey(self._key)[2]

    def machine_table() -> dict[str, Any] | None:
        """What IT's key says; ``None`` where there is none.

        Raises:
            GuardedError: it is there and must not be believed.
        """
        try:
            return table_of(_Opened(MACHINE_KEY))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise GuardedError(f"cannot be read: {error.strerror}") from None

    def machine_stamp() -> Stamp:
        """Changes with the key or one of its lists."""
        with suppress(OSError):
            key = _Opened(MACHINE_KEY)
            return key.written(), *(below.written() for _, below in key.subkeys())
        return ()

else:

    def machine_table() -> dict[str, Any] | None:
        """Nothing: only Windows has a registry."""
        return None

    def machine_stamp() -> Stamp:
        """Never changes."""
        return ()
