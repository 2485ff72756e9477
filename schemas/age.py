"""Sealed files: reader and writer of age v1 with post-quantum recipients, on `cryptography` alone.

Format: the C2SP age specification (https://c2sp.org/age), binary form, `mlkem768x25519` recipients only. A
batch must outlive an attacker who stores today and decrypts with a quantum computer later, so a stanza of any
other type makes the whole file refused: one classic stanza would undo the protection of all the others. The
specification tells readers to ignore other stanzas "unless they wish to require that the recipient type they
implement is not mixed with other types": we do wish it. ASCII armour is not read either.

Where entropy comes from: file key and payload nonce are chosen by us, so `encrypt` takes them as arguments
and `seal` draws them from the caller's source. The encapsulation inside each stanza is HPKE's, which draws from
the operating system inside `cryptography`: two calls with equal arguments differ in their headers.

age does not tell who wrote a file. The envelope's signed header does, and binds the file's SHA-256.
"""

import binascii
import hmac
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, product
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas._age_keys import (
    ENC_BYTES,
    PUBLIC_KEY_BYTES,
    SEED_BYTES,
    AgeError,
    Identity,
    MalformedKey,
    Recipient,
)

__all__ = [
    "CHUNK_BYTES",
    "FILE_KEY_BYTES",
    "MAX_HEADER_BYTES",
    "MAX_RECIPIENTS",
    "NONCE_BYTES",
    "PUBLIC_KEY_BYTES",
    "SEED_BYTES",
    "AgeError",
    "Identity",
    "MalformedAgeFile",
    "MalformedKey",
    "NoMatchingIdentity",
    "PayloadTampered",
    "PayloadTooLarge",
    "Recipient",
    "RefusedRecipients",
    "decrypt",
    "encrypt",
    "seal",
]

FILE_KEY_BYTES: Final = 16
NONCE_BYTES: Final = 16
CHUNK_BYTES: Final = 64 * 1024
"""Plaintext in every chunk of the payload but the last."""
MAX_RECIPIENTS: Final = 20
"""Stanzas in one file. Each costs 1.6 KB, and a reader 0.1 ms; a study has three to five recipients."""
MAX_HEADER_BYTES: Final = 32 * 1024
"""Twenty stanzas make a header of 31,210 bytes: none of ours is longer, and no more is looked at."""

_TAG_BYTES: Final = 16
_BODY_BYTES: Final = FILE_KEY_BYTES + _TAG_BYTES
_MAC_BYTES: Final = 32
_VERSION_LINE: Final = b"age-encryption.org/v1"
_STANZA_MARK: Final = b"-> "
_STANZA_TYPE: Final = b"mlkem768x25519"
_MAC_MARK: Final = b"---"


class MalformedAgeFile(AgeError):  # noqa: N818 - the fault is in the file, and the name says which
    """The bytes are not a canonical age v1 file with post-quantum recipients only."""

    remedy = "Fetch the file again; if it stays so, it was cut short or not sealed by this software."


class NoMatchingIdentity(AgeError):  # noqa: N818
    """None of the identities opens any stanza of the file."""

    remedy = "Open the file with the identity of one of the recipients that the participant agreed to."


class PayloadTampered(AgeError):  # noqa: N818
    """The file key is right, but header or payload is not what was sealed."""

    remedy = "Do not use the file. Fetch it again; if it stays so, treat the store as tampered with."


class PayloadTooLarge(AgeError):  # noqa: N818
    """The plaintext would exceed the caller's limit; nothing was decrypted."""

    remedy = "Raise the limit only if a file of this size is expected here."


class RefusedRecipients(AgeError):  # noqa: N818
    """Nobody, too many, or the same recipient twice."""

    remedy = f"Name between 1 and {MAX_RECIPIENTS} different recipients."


def seal(plaintext: bytes, recipients: Sequence[Recipient], entropy: Callable[[int], bytes]) -> bytes:
    """Encrypt with a file key and a nonce drawn from `entropy(size)`, which must be cryptographically secure.

    Raises:
        RefusedRecipients: as `encrypt`.
    """
    file_key, nonce = entropy(FILE_KEY_BYTES), entropy(NONCE_BYTES)
    return encrypt(plaintext, recipients, file_key=file_key, nonce=nonce)


def encrypt(plaintext: bytes, recipients: Sequence[Recipient], *, file_key: bytes, nonce: bytes) -> bytes:
    """Return an age v1 file that each of the recipients opens.

    Args:
        plaintext: what to seal; may be empty.
        recipients: 1 to 20 different ones. Their stanzas stand in this order.
        file_key: 16 secret bytes, never used for another file.
        nonce: 16 random bytes, new for each file.

    Raises:
        RefusedRecipients: if there are none, more than 20, or one twice.
        ValueError: if file key or nonce has a wrong length.
    """
    if not 1 <= len(recipients) <= MAX_RECIPIENTS or len(set(recipients)) != len(recipients):
        raise RefusedRecipients(f"{len(recipients)} recipients, {len(set(recipients))} of them different")
    if len(file_key) != FILE_KEY_BYTES or len(nonce) != NONCE_BYTES:
        raise ValueError("the file key and the nonce are 16 bytes each")
    signed = b"\n".join([_VERSION_LINE, *(_stanza(each, file_key) for each in recipients), _MAC_MARK])
    header = signed + b" " + _base64(_header_mac(file_key, signed)) + b"\n"
    return _joined(chain([header, nonce], _seal_chunks(plaintext, _hkdf(file_key, nonce, b"payload"))))


def decrypt(data: bytes, identities: Sequence[Identity], *, limit: int) -> bytes:
    """Return the plaintext of an age v1 file, whole and authenticated, or raise.

    Memory: the result and an eighth, and some 100 KiB for header and chunk. Nothing of the plaintext is given
    out unless all of it authenticates. Each identity tries each stanza, 0.1 ms a try.

    Args:
        data: the whole file.
        identities: the private keys to try, in order.
        limit: most bytes of plaintext to accept; told from the length of `data` before anything is decrypted.

    Raises:
        MalformedAgeFile: if the bytes are not a canonical file with post-quantum stanzas only.
        PayloadTooLarge: if the plaintext would be longer than `limit`.
        NoMatchingIdentity: if no identity opens any stanza.
        PayloadTampered: if header or payload does not authenticate.
    """
    header = _parse_header(data)
    size = _plaintext_size(len(data) - header.length - NONCE_BYTES)
    if size > limit:
        raise PayloadTooLarge(f"the plaintext is {size} bytes; the limit is {limit}")
    file_key = _unwrap(header.wrapped, identities)
    if not hmac.compare_digest(header.mac, _header_mac(file_key, header.signed)):
        raise PayloadTampered("the header does not authenticate")
    start = header.length + NONCE_BYTES
    key = _hkdf(file_key, data[header.length : start], b"payload")
    return _joined(_open_chunks(memoryview(data)[start:], key))


class _Header(NamedTuple):
    wrapped: list[bytes]  # encapsulation and body of each stanza: one HPKE ciphertext each
    signed: bytes  # what the MAC covers
    mac: bytes
    length: int  # bytes, with the line feed at its end


def _parse_header(data: bytes) -> _Header:
    """Split the header, accepting only the one spelling that `encrypt` writes."""
    lines = _lines(data[:MAX_HEADER_BYTES])
    if next(lines) != _VERSION_LINE:
        raise MalformedAgeFile("not an age v1 file in binary form")
    wrapped: list[bytes] = []
    length = len(_VERSION_LINE) + 1
    while (line := next(lines)).startswith(_STANZA_MARK):
        if len(wrapped) == MAX_RECIPIENTS:
            raise MalformedAgeFile(f"more than {MAX_RECIPIENTS} stanzas")
        body = next(lines)
        wrapped.append(_parse_stanza(line[len(_STANZA_MARK) :], body))
        length += len(line) + 1 + len(body) + 1
    if not wrapped or not line.startswith(_MAC_MARK + b" "):
        raise MalformedAgeFile("the header has no stanza, or something else than stanzas and a MAC")
    mac = _unbase64(line[len(_MAC_MARK) + 1 :], _MAC_BYTES)
    return _Header(wrapped, data[: length + len(_MAC_MARK)], mac, length + len(line) + 1)


def _parse_stanza(arguments: bytes, body: bytes) -> bytes:
    kind, *rest = arguments.split(b" ")
    if kind != _STANZA_TYPE:
        raise MalformedAgeFile("a stanza for another type of recipient than mlkem768x25519")
    if len(rest) != 1:
        raise MalformedAgeFile("a stanza without exactly one encapsulated key")
    # The exact length of the body is checked before it is decrypted: C2SP age, partitioning oracle attacks.
    return _unbase64(rest[0], ENC_BYTES) + _unbase64(body, _BODY_BYTES)


def _lines(data: bytes) -> Iterator[bytes]:
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        yield data[start:end]
        start = end + 1
    raise MalformedAgeFile("the header has no end, or is too long")


def _stanza(recipient: Recipient, file_key: bytes) -> bytes:
    wrapped = recipient.wrap(file_key)
    enc, body = _base64(wrapped[:ENC_BYTES]), _base64(wrapped[ENC_BYTES:])
    return _STANZA_MARK + _STANZA_TYPE + b" " + enc + b"\n" + body


def _unwrap(wrapped: list[bytes], identities: Sequence[Identity]) -> bytes:
    for identity, each in product(identities, wrapped):
        if (file_key := identity.unwrap(each)) is not None:
            return file_key
    raise NoMatchingIdentity(f"{len(identities)} identities, {len(wrapped)} stanzas, no match")


def _plaintext_size(sealed: int) -> int:
    """Return how many bytes `sealed` bytes of chunks hold."""
    whole, rest = divmod(sealed, CHUNK_BYTES + _TAG_BYTES)
    # An empty last chunk is allowed only where it is the only one: else one plaintext had two spellings.
    if sealed < _TAG_BYTES or 0 < rest < _TAG_BYTES or (whole and rest == _TAG_BYTES):
        raise MalformedAgeFile("the payload is cut short")
    return sealed - _TAG_BYTES * (whole + (rest > 0))


def _seal_chunks(plaintext: bytes, key: bytes) -> Iterator[bytes]:
    cipher, view = ChaCha20Poly1305(key), memoryview(plaintext)
    for index, start in enumerate(range(0, max(len(view), 1), CHUNK_BYTES)):
        last = start + CHUNK_BYTES >= len(view)
        yield cipher.encrypt(_chunk_nonce(index, last=last), view[start : start + CHUNK_BYTES], None)


def _open_chunks(payload: memoryview, key: bytes) -> Iterator[bytes]:
    cipher, step = ChaCha20Poly1305(key), CHUNK_BYTES + _TAG_BYTES
    for index, start in enumerate(range(0, len(payload), step)):
        last = start + step >= len(payload)
        try:
            yield cipher.decrypt(_chunk_nonce(index, last=last), payload[start : start + step], None)
        except InvalidTag:
            raise PayloadTampered(f"chunk {index} of the payload does not authenticate") from None


def _joined(parts: Iterable[bytes]) -> bytes:
    # Unlike b"".join, this does not hold all parts beside the result: half the memory at its peak.
    out = io.BytesIO()
    out.writelines(parts)
    return out.getvalue()


def _chunk_nonce(index: int, *, last: bool) -> bytes:
    return index.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _header_mac(file_key: bytes, signed: bytes) -> bytes:
    return hmac.digest(_hkdf(file_key, b"", b"header"), signed, "sha256")


def _hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(key)


def _base64(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False).rstrip(b"=")


def _unbase64(text: bytes, size: int) -> bytes:
    """Decode unpadded base64 of exactly `size` bytes, accepting only its canonical spelling."""
    try:
        data = binascii.a2b_base64(text + b"=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error:
        data = b""
    if len(data) != size or _base64(data) != text:
        raise MalformedAgeFile(f"a field of the header is not canonical base64 of {size} bytes")
    return data
