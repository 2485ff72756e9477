"""Looks for secrets on a disk in every form in which they might lie there. Its own positive control is a test.

Forms: UTF-8, UTF-16 (both orders), the three alignments of base64 (plain and URL-safe), hexadecimal, and each of the
first two reversed. Case is kept. A hit names the file and the form, never the secret.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

BLOCK = 1 << 20
"""Bytes read at a time."""
MIN_LENGTH = 6
"""Characters: anything shorter would be found by chance."""


@dataclass(frozen=True)
class Hit:
    """Where something was found, and in which form."""

    path: Path
    secret: str  # its name, not its value
    form: str


@dataclass(frozen=True)
class Swept:
    """What was looked at."""

    files: int
    size: int
    hits: tuple[Hit, ...]


def forms(value: str) -> dict[bytes, str]:
    """Every byte string that would give a value away, with the name of its form."""
    if len(value) < MIN_LENGTH:
        raise ValueError("too short to look for")
    plain = value.encode()
    found = {
        plain: "plain",
        plain[::-1]: "reversed",
        value.encode("utf-16-le"): "UTF-16 LE",
        value.encode("utf-16-be"): "UTF-16 BE",
        value.encode("utf-16-le")[::-1]: "UTF-16 reversed",
        plain.hex().encode(): "hexadecimal",
    }
    for shift in range(3):
        inner = base64.b64encode(b"\0" * shift + plain)
        # The first and last characters mix with what stands around the value; the middle is always the same.
        middle = inner[(4 if shift else 0) : -4]
        found[middle] = "base64"
        found[middle.replace(b"+", b"-").replace(b"/", b"_")] = "base64url"
    return found


def sweep(roots: Iterable[Path], secrets: Mapping[str, str], leave_out: Iterable[Path] = ()) -> Swept:
    """Read every regular file below the roots and look for each secret in each form."""
    needles = [(needle, name, form) for name, value in secrets.items() for needle, form in forms(value).items()]
    longest = max((len(needle) for needle, _, _ in needles), default=1)
    skipped = {path.resolve() for path in leave_out}
    hits: list[Hit] = []
    files = size = 0
    for path in _files(roots, skipped):
        files += 1
        found: set[tuple[str, str]] = set()
        for block in _blocks(path, longest):
            size += len(block)
            found |= {(name, form) for needle, name, form in needles if needle in block}
        hits += [Hit(path, name, form) for name, form in sorted(found)]
    return Swept(files, size, tuple(hits))


def _files(roots: Iterable[Path], skipped: set[Path]) -> Iterator[Path]:
    for root in roots:
        for path in sorted(root.rglob("*")):
            inside = path.resolve()
            if (
                path.is_file()
                and not path.is_symlink()
                and not any(s == inside or s in inside.parents for s in skipped)
            ):
                yield path


def _blocks(path: Path, overlap: int) -> Iterator[bytes]:
    """The file in blocks that overlap, so that nothing hides across an edge. A file that vanishes is at its end."""
    tail = b""
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                yield tail + block
                tail = block[-overlap:]
    except OSError:
        return
