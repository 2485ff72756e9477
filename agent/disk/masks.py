"""The file with a person's own masks: digests of words, and rectangles by app. No word of theirs stands in it."""

from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct

from agent.core.redact.personal import Personal
from agent.disk.durable import write_over
from schemas.events import Rect

MAX_RULES = 1_000
"""Rules of each kind: more than anybody marks by hand, and still quick."""
_INFO = b"overt/personal-masks/v1"


class Masks(Struct, frozen=True, forbid_unknown_fields=True):
    """What the person wants masked beyond the rules.

    Attributes:
        version: of this form.
        words: digests with the number of words that each is of (:mod:`agent.core.redact.personal`).
        regions: app and rectangle in its windows, in pixels.
    """

    version: int = 1
    words: tuple[tuple[str, int], ...] = ()
    regions: tuple[tuple[str, Rect], ...] = ()

    def of(self, app: str) -> tuple[Rect, ...]:
        """The rectangles to fill in an app's windows."""
        return tuple(rect for name, rect in self.regions if name == app)

    def finder(self, key: Ed25519PrivateKey) -> Personal:
        """What finds the words."""
        return Personal(mask_key(key), self.words)


class MasksError(OSError):
    """A file of masks that cannot be believed: without it, less would be masked than the person wants."""


def read_masks(path: Path) -> Masks:
    """The masks; none where there is no file.

    Raises:
        MasksError: it cannot be read, or is none.
    """
    try:
        masks = msgspec.json.decode(path.read_bytes(), type=Masks)
    except FileNotFoundError:
        return Masks()
    except (OSError, msgspec.MsgspecError, ValueError):
        raise MasksError("masks.json cannot be read") from None
    if masks.version != 1 or max(len(masks.words), len(masks.regions)) > MAX_RULES:
        raise MasksError("masks.json is not of this version")
    return masks


def write_masks(path: Path, masks: Masks) -> None:
    """Keep them durably.

    Raises:
        OSError: the disk refused; what was there stays.
    """
    write_over(path, msgspec.json.encode(masks))


def mask_key(key: Ed25519PrivateKey) -> bytes:
    """The key of the digests, derived from the device's own (HKDF, RFC 5869): there is no second secret to lose."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_INFO).derive(key.private_bytes_raw())
