"""The consent ledger on disk: a file an entry, numbered, never changed."""

from pathlib import Path

from agent.disk.durable import write_new
from schemas.signed import SignedDocument, parse_signed

MAX_ENTRIES = 100_000
"""Entries: a person who changes their mind every minute for two months."""


class ConsentStore:
    """Append-only. Two programs that append at once: one of them gets ``FileExistsError`` and must read again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entries(self) -> list[SignedDocument]:
        """All entries, oldest first. Not verified: :func:`schemas.consent.read_ledger` does that.

        Raises:
            SchemaError: a file is not a signed document.
        """
        return [parse_signed(path.read_bytes()) for path in self._paths()]

    def append(self, entry: SignedDocument) -> None:
        """Add an entry durably.

        Raises:
            FileExistsError: another program appended first.
        """
        write_new(self._folder / f"{len(self._paths()):06d}.json", entry.to_bytes())

    def stamp(self) -> int:
        """Changes when an entry is added; cheap to ask."""
        return len(self._paths())

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.json"))[:MAX_ENTRIES]
