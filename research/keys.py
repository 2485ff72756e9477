"""A researcher's two keys, in one secret (:mod:`research.key_stores`): one opens batches, one signs requests.

The secret is JSON: ``age_seed`` is the 32-byte seed of the age identity (mlkem768x25519), ``signing_seed`` that of the
Ed25519 key (RFC 8032), both base64url. The card is what the organisation puts into the manifest; it holds no secret.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct
from pydantic import ValidationError

from research import key_stores
from research.disk import write_whole
from research.errors import KeyFileError, NotEnrolledError
from research.key_stores import PHRASE_VARIABLE, Store
from schemas.age import Identity
from schemas.base import Bytes32, Document, SchemaError, Sensitivity, Slug, base64url, note, unbase64url
from schemas.signed import public_key_text
from schemas.study import Researcher

__all__ = ["PHRASE_VARIABLE", "Keys", "Pin", "Store", "create", "exist", "load", "load_pin", "save_pin"]

KEY_FILE = key_stores.FILES[Store.FILE]
PIN_FILE = "study.json"


class _KeyFile(Document):
    name: str = note("the researcher's name", min_length=1, max_length=200)
    age_seed: Bytes32 = note("seed of the age identity", sensitivity=Sensitivity.CONTENT)
    signing_seed: Bytes32 = note("Ed25519 seed", sensitivity=Sensitivity.CONTENT)


class Keys(Struct, frozen=True):
    """A researcher's keys. The repr shows no secret."""

    name: str
    identity: Identity
    signing: Ed25519PrivateKey

    def card(self) -> Researcher:
        """What others may know: the manifest's entry."""
        recipient = self.identity.recipient
        return Researcher(
            name=self.name,
            recipient=str(recipient),
            recipient_fingerprint=recipient.fingerprint,
            signing_key=public_key_text(self.signing),
        )

    def __repr__(self) -> str:
        return f"Keys({self.name!r}, {self.identity.recipient.fingerprint[:16]})"


class Pin(Document):
    """The collector and the organisation's key that a researcher goes by, as they once compared them."""

    collector: str = note("address", max_length=500)
    organisation: Bytes32 = note("the organisation's Ed25519 key, base64url")
    study: Slug = note("the study")
    collector_key: Bytes32 | None = note("the collector's Ed25519 key: it signs checkpoints and the feed", default=None)


def create(  # two seeds, and where they go
    home: Path,
    name: str,
    age_seed: bytes,
    signing_seed: bytes,
    store: Store = Store.FILE,
    phrase: str | None = None,
) -> Keys:
    """Store new keys.

    Args:
        home: folder, made with mode 0700 if it is missing.
        name: the researcher's name, as the notice will show it.
        age_seed: 32 bytes from a secure source.
        signing_seed: 32 others.
        store: where they shall lie.
        phrase: for :attr:`Store.PASSPHRASE`.

    Raises:
        KeyFileError: there are keys already (they are never overwritten), or the folder cannot be used.
    """
    try:
        stored = _KeyFile(name=name, age_seed=base64url(age_seed), signing_seed=base64url(signing_seed))
    except ValidationError:
        raise KeyFileError("a name has 1 to 200 characters") from None
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        key_stores.check_mode(home.stat(), "folder")
        for path in (home / name for name in key_stores.FILES.values()):
            if path.exists() or path.is_symlink():
                raise KeyFileError(f"{path} exists already", "Keep it: without it, its batches never open again.")
        key_stores.put(home, store, stored.model_dump_json().encode(), phrase)
    except OSError as error:
        raise KeyFileError(f"cannot write keys to {home}: {error.strerror}", "Choose another --home.") from None
    return load(home)


def load(home: Path) -> Keys:
    """Read the keys.

    Raises:
        KeyFileError: missing, usable by others, or not a key file.
    """
    try:
        key_stores.check_mode(home.stat(), "folder")
        secret, path = key_stores.get(home)
    except FileNotFoundError:
        raise KeyFileError(f"no keys in {home}") from None
    except OSError as error:
        raise KeyFileError(f"cannot read the keys in {home}: {error.strerror}") from None
    try:
        stored = _KeyFile.model_validate_json(secret)
        identity = Identity.from_seed(unbase64url(stored.age_seed))
        signing = Ed25519PrivateKey.from_private_bytes(unbase64url(stored.signing_seed))
    except (ValidationError, SchemaError):
        raise KeyFileError(f"{path} is not a key file", "Restore it from a backup.") from None
    return Keys(stored.name, identity, signing)


def exist(home: Path) -> bool:
    """True if there are keys, usable or not."""
    return key_stores.find(home) is not None


def save_pin(home: Path, pin: Pin) -> None:
    """Remember whom to go by."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(home / PIN_FILE, pin.model_dump_json().encode())


def load_pin(home: Path) -> Pin:
    """Whom to go by.

    Raises:
        NotEnrolledError: nothing was ever pinned, or the file is damaged.
    """
    try:
        return Pin.model_validate_json((home / PIN_FILE).read_bytes())
    except OSError:
        raise NotEnrolledError(f"no study is known in {home}") from None
    except ValidationError:
        raise NotEnrolledError(f"{home / PIN_FILE} is damaged") from None
