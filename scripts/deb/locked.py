"""What the agent needs, out of the lock that holds what everybody here needs: with its hashes, and nothing else."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
_ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==", re.MULTILINE)


def needed() -> list[str]:
    """Names of every distribution that the agent needs on this system, sorted."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return sorted(_closure(project["dependencies"]))


def lock_of_agent() -> str:
    """The lines of ``requirements.lock`` about them."""
    entries = _entries((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    return "".join(entries[name] for name in needed())


def _entries(lock: str) -> dict[str, str]:
    starts = list(_ENTRY.finditer(lock))
    ends = [*(match.start() for match in starts[1:]), len(lock)]
    found: dict[str, str] = {}
    for match, end in zip(starts, ends, strict=True):  # a name may stand there once for each version of Python
        name = canonicalize_name(match["name"])
        found[name] = found.get(name, "") + lock[match.start() : end]
    return found


def _closure(lines: Iterable[str]) -> set[str]:
    """Names of all distributions that these requirements lead to, by what is installed here (from the same lock)."""
    found: set[str] = set()
    queue = [Requirement(line) for line in lines]
    while queue:
        one = queue.pop()
        if one.marker is not None and not one.marker.evaluate({"extra": ""}):
            continue
        name = canonicalize_name(one.name)
        if name not in found:
            found.add(name)
            queue.extend(_needed(name, one.extras))
    return found


def _needed(name: str, extras: set[str]) -> Iterator[Requirement]:
    for line in requires(name) or ():
        one = Requirement(line)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            one.marker = None
            yield one
