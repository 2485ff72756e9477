"""The organisation's signing key: a 0600 file in a 0700 folder. Whoever has it can sign studies and policies.

It signs, and no more: it opens no batch. The file is JSON with the 32-byte Ed25519 seed (RFC 8032) in base64url.
"""

import contextlib
import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct
from pydantic import ValidationError

from admin.errors import KeyFileError
from schemas.base import Bytes32, Document, SchemaError, Sensitivity, base64url, note, unbase64url
from schemas.signed import fingerprint, public_bytes, public_key_text

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag, and no symbolic links without a privilege
KEY_FILE = "organisation.key.json"
MAX_KEY_FILE_BYTES = 10_000
"""Bytes. A real one is below 300."""


class _KeyFile(Document):
    organisation: str = note("name of the organisation", min_length=1, max_length=200)
    seed: Bytes32 = note("Ed25519 seed, base64url", sensitivity=Sensitivity.CONTENT)


class Organisation(Struct, frozen=True):
    """The organisation's name and key. Its repr shows the fingerprint only."""

    name: str
    key: Ed25519PrivateKey

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the raw public key, hexadecimal."""
        return fingerprint(public_bytes(self.key))

    @property
    def public_key(self) -> str:
        """The public key as documents spell it, base64url."""
        return public_key_text(self.key)

    def trusted(self) -> dict[str, bytes]:
        """The key set with which this organisation's own documents verify."""
        return {self.fingerprint: public_bytes(self.key)}

    def __repr__(self) -> str:
        return f"Organisation({self.name!r}, {self.fingerprint[:16]})"


def create(home: Path, name: str, seed: bytes) -> Organisation:
    """Store a new key.

    Args:
        home: folder to put it in; made with mode 0700 if it is missing.
        name: the organisation's name.
        seed: 32 bytes from a secure source.

    Raises:
        KeyFileError: there is a key already (it is never overwritten), or the folder cannot be used.
    """
    try:
        body = _KeyFile(organisation=name, seed=base64url(seed)).model_dump_json().encode()
    except ValidationError:
        raise KeyFileError("the organisation's name must have 1 to 200 characters") from None
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        _check_mode(home.stat(), "folder")
        _write_new(home / KEY_FILE, body)
    except FileExistsError:
        raise KeyFileError(
            f"{home / KEY_FILE} exists already", "Keep it: documents signed with it would no longer verify."
        ) from None
    except OSError as error:
        raise KeyFileError(f"cannot write {home}: {error.strerror}", "Choose another --home.") from None
    return load(home)


def load(home: Path) -> Organisation:
    """Read the key.

    Raises:
        KeyFileError: missing, readable by others, or not a key file.
    """
    path = home / KEY_FILE
    try:
        _check_mode(home.stat(), "folder")
        with os.fdopen(os.open(path, os.O_RDONLY | _NO_FOLLOW), "rb") as file:
            _check_mode(os.fstat(file.fileno()), "file")
            stored = _KeyFile.model_validate_json(file.read(MAX_KEY_FILE_BYTES))
            seed = unbase64url(stored.seed)
    except FileNotFoundError:
        raise KeyFileError(f"no signing key in {home}") from None
    except OSError as error:
        raise KeyFileError(f"cannot read {path}: {error.strerror}") from None
    except (ValidationError, SchemaError):
        raise KeyFileError(f"{path} is not a key file", "Restore it from a backup.") from None
    return Organisation(stored.organisation, Ed25519PrivateKey.from_private_bytes(seed))


def _check_mode(status: os.stat_result, what: str) -> None:
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(f"the key's {what} can be used by others", "Take their access: chmod go= on it.")


def _write_new(path: Path, body: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()  # half a key would stand in the way of a whole one
        raise
