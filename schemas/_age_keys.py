"""The two halves of a post-quantum age key: `Recipient` seals, `Identity` opens. Import from `schemas.age`.

Sources: the C2SP age specification (https://c2sp.org/age) for the texts and for HPKE's parameters, and
draft-connolly-cfrg-xwing-kem for how a seed becomes the two private keys inside.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519

from schemas import _bech32

SEED_BYTES: Final = 32
PUBLIC_KEY_BYTES: Final = 1216
"""ML-KEM-768 encapsulation key (1184 bytes), then X25519 public key (32 bytes): X-Wing."""
ENC_BYTES: Final = 1120
"""What HPKE puts before its ciphertext: ML-KEM-768 ciphertext (1088 bytes), then X25519 share (32 bytes)."""

_MLKEM_BYTES: Final = 1184
_FIELD_PRIME: Final = 2**255 - 19
_CACHED_KEYS: Final = 128
"""Public keys kept ready, 1.2 KB each: more than any study has recipients."""
_HPKE_INFO: Final = b"age-encryption.org/mlkem768x25519"
_RECIPIENT_PREFIX: Final = "age1pq"
_IDENTITY_PREFIX: Final = "age-secret-key-pq-"

_SUITE: Final = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)


class AgeError(Exception):
    """A sealed file or a key was refused. `remedy` says what to do. Neither quotes any content."""

    remedy: str = "Report this with the file's name and size."


class MalformedKey(AgeError):  # noqa: N818
    """A recipient or identity string is not a valid post-quantum age key."""

    remedy = "Copy the whole key again: recipients start with age1pq1, identities with AGE-SECRET-KEY-PQ-1."


@dataclass(frozen=True, slots=True)
class Recipient:
    """A public key that files are sealed for; `raw` is its 1216 bytes. Plain data: safe to hash and pickle.

    Raises:
        MalformedKey: if the bytes are not an X-Wing public key, or its X25519 half is of low order or not
            canonical.
    """

    raw: bytes

    def __post_init__(self) -> None:
        _public_key(self.raw)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the recipient that `age1pq1…` encodes: lower case, nothing around it.

        Raises:
            MalformedKey: if it is anything else.
        """
        return cls(_decode_key(_RECIPIENT_PREFIX, text, PUBLIC_KEY_BYTES))

    def __str__(self) -> str:
        return _bech32.encode(_RECIPIENT_PREFIX, self.raw)

    def wrap(self, file_key: bytes) -> bytes:
        """Return HPKE's encapsulation and ciphertext for `file_key`. The entropy inside is HPKE's own."""
        return _SUITE.encrypt(file_key, _public_key(self.raw), _HPKE_INFO)

    @property
    def fingerprint(self) -> str:
        """Lower-case hexadecimal SHA-256 of the raw public key."""
        return hashlib.sha256(self.raw).hexdigest()


class Identity:
    """A private key that opens files; made by `from_seed` or `parse`, stored as its 32-byte seed.

    Its text is shown by `encode` alone: `repr` shows the fingerprint of its recipient. It cannot be pickled;
    hand another process the text.
    """

    __slots__ = ("_key", "_seed", "recipient")

    recipient: Recipient
    """The public half."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise MalformedKey(f"an identity's seed is {SEED_BYTES} bytes")
        # expandDecapsulationKey in the X-Wing draft: 64 bytes for ML-KEM, then 32 for X25519.
        expanded = hashlib.shake_256(seed).digest(96)
        pq = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        classic = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
        self._seed = bytes(seed)
        self._key = hpke.MLKEM768X25519PrivateKey(pq, classic)
        self.recipient = Recipient(
            pq.public_key().public_bytes_raw() + classic.public_key().public_bytes_raw(),
        )

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """Return the identity of a 32-byte seed that the caller drew from a secure source.

        Raises:
            MalformedKey: if the seed has another length.
        """
        return cls(seed)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the identity that `AGE-SECRET-KEY-PQ-1…` encodes: upper case, nothing around it.

        Raises:
            MalformedKey: if it is anything else; the error does not quote the text.
        """
        # Some letters outside ASCII have a lower case inside it: they would be second spellings.
        if not text.isascii() or text != text.upper():
            raise MalformedKey("an identity is written in upper case")
        return cls(_decode_key(_IDENTITY_PREFIX, text.lower(), SEED_BYTES))

    def encode(self) -> str:
        """Return the secret as `AGE-SECRET-KEY-PQ-1…`. Keep it out of logs."""
        return _bech32.encode(_IDENTITY_PREFIX, self._seed).upper()

    def __repr__(self) -> str:
        return f"Identity(secret hidden, recipient {self.recipient.fingerprint[:16]})"

    def unwrap(self, wrapped: bytes) -> bytes | None:
        """Return the file key inside one stanza's encapsulation and body, or None if it is not for us."""
        try:
            return _SUITE.decrypt(wrapped, self._key, _HPKE_INFO)
        except InvalidTag:
            return None


def _decode_key(prefix: str, text: str, size: int) -> bytes:
    # The length is fixed, so it is checked first: no work for a text of any size.
    if len(text) != _bech32.encoded_length(prefix, size):
        raise MalformedKey(f"a key of this type has {_bech32.encoded_length(prefix, size)} characters")
    try:
        return _bech32.decode(prefix, text)
    except ValueError as error:
        raise MalformedKey(str(error)) from None


@lru_cache(maxsize=_CACHED_KEYS)
def _public_key(raw: bytes) -> hpke.MLKEM768X25519PublicKey:
    """Check and build a public key. Cached, as each batch is sealed for the same few."""
    if len(raw) != PUBLIC_KEY_BYTES:
        raise MalformedKey(f"a recipient's public key is {PUBLIC_KEY_BYTES} bytes")
    if int.from_bytes(raw[_MLKEM_BYTES:], "little") >= _FIELD_PRIME:
        raise MalformedKey("the X25519 half is not canonical: one key would have two fingerprints")
    try:
        pq = mlkem.MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_BYTES])
        classic = x25519.X25519PublicKey.from_public_bytes(raw[_MLKEM_BYTES:])
        # Any exchange with a point of low order fails, and so would every seal: better to know it now.
        x25519.X25519PrivateKey.from_private_bytes(bytes(32)).exchange(classic)
    except ValueError:
        raise MalformedKey("the bytes are not an X-Wing public key") from None
    return hpke.MLKEM768X25519PublicKey(pq, classic)
