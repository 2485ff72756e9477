"""A secret under a passphrase: an age v1 file with one scrypt stanza (https://c2sp.org/age), which stock ``age`` opens.

Small secrets only: one chunk of 64 KiB at most.

scrypt is RFC 7914 with r = 8, p = 1 and N = 2^18: about 0.7 s and 256 MiB for each guess, and once for the owner.
"""

import binascii
import hmac
import re
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from research.errors import KeyFileError

WORK_LOG2: Final = 18
"""Binary logarithm of scrypt's N: what age itself writes."""
MAX_WORK_LOG2: Final = 22
"""More than that would take 4 GiB of memory: a file that asks for it was not made by us."""
MAX_BYTES: Final = 10_000
_LABEL: Final = b"age-encryption.org/v1/scrypt"
_FILE: Final = re.compile(
    rb"(age-encryption\.org/v1\n-> scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)\n([A-Za-z0-9+/]{43})\n---)"
    rb" ([A-Za-z0-9+/]{43})\n(.{16})(.{16,})",
    re.DOTALL,
)
_LAST_CHUNK: Final = bytes(11) + b"\x01"


def lock(secret: bytes, phrase: str, entropy: Callable[[int], bytes], work_log2: int = WORK_LOG2) -> bytes:
    """An age file that opens with the passphrase.

    Args:
        secret: at most 64 KiB.
        phrase: any text; its UTF-8 bytes count.
        entropy: gives that many secure random bytes.
        work_log2: see :data:`WORK_LOG2`; less is for tests only.
    """
    salt, file_key, nonce = entropy(16), entropy(16), entropy(16)
    body = ChaCha20Poly1305(_wrap_key(phrase, salt, work_log2)).encrypt(bytes(12), file_key, None)
    stanza = b"-> scrypt " + _text(salt) + b" %d\n" % work_log2 + _text(body)
    head = b"age-encryption.org/v1\n" + stanza + b"\n---"
    sealed = ChaCha20Poly1305(_hkdf(file_key, nonce, b"payload")).encrypt(_LAST_CHUNK, secret, None)
    return head + b" " + _text(_mac(file_key, head)) + b"\n" + nonce + sealed


def unlock(data: bytes, phrase: str) -> bytes:
    """The secret.

    Raises:
        KeyFileError: another passphrase, or not such a file.
    """
    parts = _FILE.fullmatch(data)
    if not parts or not 1 <= int(parts[3]) <= MAX_WORK_LOG2:
        raise KeyFileError("the keys' file is not an age file under a passphrase", "Restore it from a backup.")
    head, salt, work, body, mac, nonce, sealed = parts.groups()
    key = _wrap_key(phrase, _bytes(salt), int(work))
    try:
        file_key = ChaCha20Poly1305(key).decrypt(bytes(12), _bytes(body), None)
    except InvalidTag:
        raise KeyFileError("the passphrase does not open the keys", "Type it again.") from None
    altered = KeyFileError("the keys' file was altered", "Restore it from a backup.")
    if not hmac.compare_digest(mac, _text(_mac(file_key, head))):  # as text: one MAC has one spelling
        raise altered
    try:
        return ChaCha20Poly1305(_hkdf(file_key, nonce, b"payload")).decrypt(_LAST_CHUNK, sealed, None)
    except InvalidTag:
        raise altered from None


def _wrap_key(phrase: str, salt: bytes, work_log2: int) -> bytes:
    return Scrypt(salt=_LABEL + salt, length=32, n=1 << work_log2, r=8, p=1).derive(phrase.encode())


def _mac(file_key: bytes, head: bytes) -> bytes:
    return hmac.digest(_hkdf(file_key, b"", b"header"), head, "sha256")


def _hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(key)


def _text(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False).rstrip(b"=")


def _bytes(text: bytes) -> bytes:
    return binascii.a2b_base64(text + b"=" * (-len(text) % 4))
