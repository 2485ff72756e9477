"""The consent ledger on disk: a file an entry, numbered, never changed."""

from pathlib import Path

from agent.disk.durable import write_new
from schemas.consent import ConsentRecord
from schemas.signed import SignedDocument, parse_body, parse_signed

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
        """Add an entry durably, under the number that it bears: the next free one may follow another program's entry.

        Raises:
            FileExistsError: another program appended first.
            SchemaError: it is not a consent record.
        """
        number = parse_body(ConsentRecord, entry.body).overt.number
        write_new(self._folder / f"{number:06d}.json", entry.to_bytes())

    def stamp(self) -> int:
        """Changes when an entry is added; cheap to ask."""
        return len(self._paths())

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.json"))[:MAX_ENTRIES]
