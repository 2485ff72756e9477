"""Receipts, and the key that signs them.

The same thing received in the same hour gives the same bytes (Ed25519 is deterministic), so a receipt whose reply was
lost can be made again.
"""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector.errors import KeyFileError
from collector.files import sync_folder, write_new
from schemas.base import Document
from schemas.receipt import HOUR_S, Receipt, ReceiptKind
from schemas.signed import SignedDocument, public_key_text, sign

KEY_FILE = "receipt.key"
_KEY_BYTES = 32
DAY_S = 86_400


class ReceiptDesk:
    """Writes receipts with the collector's own key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = public_key_text(key)

    def __repr__(self) -> str:
        return f"ReceiptDesk({self.public_key})"

    def sign(self, document: Document) -> SignedDocument:
        """Any other word of the collector's."""
        return sign(document, self._key)

    def write(self, kind: ReceiptKind, study: str, subject: str, device: str, received_hour: int) -> SignedDocument:
        """A signed receipt. Call it only when what it names is durable."""
        receipt = Receipt(kind=kind, study=study, subject=subject, device=device, received_hour=received_hour)
        return sign(receipt, self._key)


def hour_of(now_s: float) -> int:
    """Unix time rounded down to the hour."""
    return int(now_s) // HOUR_S * HOUR_S


def due_hour(sealed_hour: int, period: str) -> int:
    """When a batch's time is over, Unix seconds: `period` (ISO 8601 days) after it was sealed, as its consent says."""
    return (sealed_hour + int(period[1:-1]) * DAY_S) // HOUR_S * HOUR_S


def load_key(path: Path) -> Ed25519PrivateKey:
    """The key in a file, made if there is none yet.

    Raises:
        KeyFileError: the file is not 32 bytes, or others can read it.
    """
    folder = path.parent
    if not path.exists():
        half = folder / f".{path.name}.half-written"
        half.unlink(missing_ok=True)
        write_new(half, os.urandom(_KEY_BYTES))
        half.replace(path)
        sync_folder(folder)
    if path.stat().st_mode & 0o077:
        raise KeyFileError(f"{path.name} can be read by others")
    raw = path.read_bytes()
    if len(raw) != _KEY_BYTES:
        raise KeyFileError(f"{path.name} is not {_KEY_BYTES} bytes long")
    return Ed25519PrivateKey.from_private_bytes(raw)
