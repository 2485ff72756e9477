"""A folder of pulled batches: what lies where, so that it can be verified anywhere, offline.

::

    study.json              StudyReply, as the collector gave it
    ledger.json             LedgerReply
    batches.json            Listing: what the collector had at the time
    blobs/ab/abcd….overt    envelopes, by their SHA-256
    blobs/ab/abcd….part     one that is not whole yet
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from pydantic import ValidationError

from research.disk import write_whole
from research.errors import InputError
from schemas.base import Document, note
from schemas.envelope import MAX_ENVELOPE_BYTES
from schemas.wire import BatchRow, LedgerReply, StudyReply

SUFFIX = ".overt"
PART = ".part"

D = TypeVar("D", bound=Document)


class Listing(Document):
    """What the collector listed when the folder was last pulled."""

    rows: tuple[BatchRow, ...] = note("in the collector's order")
    fetched: int | None = note(
        "Unix time of asking, by this machine's clock; absent in folders of older versions",
        unit="s",
        default=None,
        ge=0,
    )


class Stored(Struct, frozen=True):
    """An envelope on disk and the digest that its name claims."""

    name: str
    path: Path

    def head(self, size: int) -> bytes:
        """Its first bytes. Raises: InputError."""
        try:
            with self.path.open("rb") as file:
                return file.read(size)
        except OSError as error:
            raise InputError(f"cannot read {self.path}: {error.strerror}") from None

    def read(self) -> bytes:
        """All of its bytes, or one more than any envelope has. Raises: InputError."""
        return self.head(MAX_ENVELOPE_BYTES + 1)


class Folder:
    """One folder of pulled batches."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def blob(self, digest: str) -> Path:
        """Where an envelope lies."""
        return self.root / "blobs" / digest[:2] / f"{digest}{SUFFIX}"

    def blobs(self) -> Iterator[Stored]:
        """All whole envelopes, by name."""
        for path in sorted((self.root / "blobs").glob(f"*/*{SUFFIX}")):
            yield Stored(path.stem, path)

    def save(self, study: StudyReply, ledger: LedgerReply, listing: Listing) -> None:
        """Write the documents, each in one step."""
        self.root.mkdir(parents=True, exist_ok=True)
        for name, document in (("study", study), ("ledger", ledger), ("batches", listing)):
            write_whole(self.root / f"{name}.json", document.model_dump_json(indent=1).encode())

    def study(self) -> StudyReply:
        """The study. Raises: InputError."""
        return self._read(StudyReply, "study.json")

    def ledger(self) -> LedgerReply:
        """The ledger. Raises: InputError."""
        return self._read(LedgerReply, "ledger.json")

    def listing(self) -> Listing | None:
        """The collector's listing, or None in a folder that came without. Raises: InputError."""
        return self._read(Listing, "batches.json") if (self.root / "batches.json").exists() else None

    def _read(self, model: type[D], name: str) -> D:
        path = self.root / name
        try:
            return model.model_validate_json(path.read_bytes())
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}", "Name a folder that was pulled.") from None
        except ValidationError:
            raise InputError(f"{path} is not a {model.__name__}", "Pull again.") from None
