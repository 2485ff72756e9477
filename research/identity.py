"""Names that follow from content, never from a position, and the split that a participant falls into."""

import hashlib
import json
from typing import Any, Final

from schemas.base import digest

SPLITS: Final = ("train", "validation", "test")
_SHARES: Final = (8, 1, 1)
"""Of ten participants, on average."""


def sample_uid(kind: str, *parts: Any) -> str:
    """SHA-256 over what a sample consists of.

    Args:
        kind: ``episode``, ``frame`` or ``step``.
        parts: plain JSON data: the digests of batches or images, sequence numbers, values.
    """
    return digest(json.dumps(["overt-sample/v1", kind, *parts], separators=(",", ":"), ensure_ascii=False).encode())


def split_of(study: str, participant: str) -> str:
    """The split that all data of a participant falls into, whoever exports it and whoever else takes part."""
    drawn = hashlib.sha256(f"overt-split/v1\n{study}\n{participant}".encode()).digest()
    place = int.from_bytes(drawn[:8], "big") % sum(_SHARES)
    for name, share in zip(SPLITS, _SHARES, strict=True):
        if place < share:
            return name
        place -= share
    raise AssertionError(place)
