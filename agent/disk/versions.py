"""The newest study and policy that were ever here: an older one that comes back, signed as it is, is refused.

Whoever keeps an old policy file that allowed more could otherwise put it back in its place.
"""

import json
from pathlib import Path

from agent.core.ceremony import Asked
from agent.disk.durable import write_over

Seen = dict[str, tuple[int, int]]
"""By study and organisation: the highest version of the study's manifest and of its policy."""


class Versions:
    """A small file that only ever counts up."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, asked: Asked, organisation_key: str) -> None:
        """These are here now. A damaged file is written anew.

        Raises:
            OSError: the disk refused.
        """
        try:
            seen = self._read()
        except ValueError:
            seen = {}
        name, now = _name(asked, organisation_key), (asked.manifest.version, asked.policy.version)
        before = seen.get(name, now)
        after = max(before[0], now[0]), max(before[1], now[1])
        if seen.get(name) != after:
            write_over(self._path, json.dumps(seen | {name: after}).encode())

    def rolled_back(self, asked: Asked, organisation_key: str) -> bool:
        """Whether a newer one of them was here before; also where that cannot be told."""
        try:
            manifest, policy = self._read().get(_name(asked, organisation_key), (0, 0))
        except (OSError, ValueError):
            return True
        return asked.manifest.version < manifest or asked.policy.version < policy

    def _read(self) -> Seen:
        try:
            found = json.loads(self._path.read_bytes())
            return {str(name): (int(manifest), int(policy)) for name, (manifest, policy) in found.items()}
        except FileNotFoundError:
            return {}
        except (TypeError, AttributeError, RecursionError):
            raise ValueError("not a file of versions") from None


def _name(asked: Asked, organisation_key: str) -> str:
    return f"{asked.manifest.study} {organisation_key}"
