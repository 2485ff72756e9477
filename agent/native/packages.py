"""Which of the system's packages a program belongs to, by dpkg's own lists of files (dpkg(1), ``info/NAME.list``).

Only root writes those lists; where somebody else could, they are not believed. A list is read when a policy names its
package, and again when it has changed. No list, no package, no match.
"""

import os
import stat
from collections.abc import Collection
from pathlib import Path

from msgspec import Struct

DPKG = Path("/var/lib/dpkg/info")
DEBIAN = "deb:"
"""How a policy spells a Debian package: ``deb:mousepad``."""
MAX_LIST_BYTES = 8 << 20
"""Bytes of one list: the longest of Debian's have a tenth of that."""
MERGED = ("/bin/", "/sbin/", "/lib")
"""Where lists still name places that are links into ``/usr`` today; the kernel tells the resolved one."""
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class _Known(Struct, frozen=True):
    """A list as it was read."""

    stamp: tuple[int, int, int]  # inode, time of change, size
    paths: frozenset[str]


class Packages:
    """Looks packages up. For one thread.

    Args:
        folder: where dpkg keeps its lists.
        owner: user id that must own them.
    """

    def __init__(self, folder: Path = DPKG, owner: int = 0) -> None:
        self._folder, self._owner = folder, owner
        self._known: dict[str, _Known] = {}

    def owning(self, executable: str, names: Collection[str]) -> frozenset[str]:
        """Those of some packages that a program came with.

        Args:
            executable: its resolved path.
            names: packages as a policy spells them.
        """
        return frozenset(name for name in names if executable in self._paths(name))

    def _paths(self, name: str) -> frozenset[str]:
        found = self._list(name.removeprefix(DEBIAN)) if name.startswith(DEBIAN) else None
        if found is None:
            self._known.pop(name, None)
            return frozenset()
        path, stamp = found
        known = self._known.get(name)
        if known is None or known.stamp != stamp:
            known = self._known[name] = _Known(stamp, _read(path))
        return known.paths

    def _list(self, package: str) -> tuple[Path, tuple[int, int, int]] | None:
        """A package's list, if it is root's alone; with what tells whether it has changed."""
        if "/" in package or not self._trusted(self._folder):
            return None
        # Of a package for several architectures each has a list of its own, NAME:ARCH.list.
        for path in (self._folder / f"{package}.list", *sorted(self._folder.glob(f"{package}:*.list"))):
            if self._trusted(path):
                seen = path.stat()
                return path, (seen.st_ino, seen.st_mtime_ns, seen.st_size)
        return None

    def _trusted(self, path: Path) -> bool:
        try:
            seen = path.lstat()
        except OSError:
            return False
        plain = stat.S_ISREG(seen.st_mode) or stat.S_ISDIR(seen.st_mode)
        return plain and seen.st_uid == self._owner and not seen.st_mode & OTHERS_WRITE


def _read(path: Path) -> frozenset[str]:
    try:
        with path.open("rb") as file:
            told = file.read(MAX_LIST_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(os.path.realpath(line) if line.startswith(MERGED) else line for line in told)
