"""Checkpoints: a log's signed size and root, in the text form of C2SP tlog-checkpoint and signed-note. Pure.

    overt-log/mail-study
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — overt-log/mail-study Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=

The key is the one that signs the collector's receipts. What a receipt's signature covers begins with `DSSEv1 `, which
no origin of ours does, so neither can be passed off as the other.
"""

import base64
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from schemas.base import SchemaError
from schemas.merkle import HASH_BYTES, MAX_LEAVES
from schemas.signed import public_bytes

MAX_CHECKPOINT_BYTES = 4096
"""Ours have 250 bytes; a witness's signature adds a hundred."""
_ED25519 = b"\x01"
_KEY_ID_BYTES = 4
_NAME = re.compile(r"[!-*,-~]{1,200}")  # printable, no space, no plus sign (signed-note)
_SIGNATURE = re.compile(r"— ([!-*,-~]{1,200}) ([A-Za-z0-9+/]{1,400}={0,2})")


class CheckpointError(SchemaError):
    """Not a checkpoint of this log, or not signed by its key."""

    remedy = "Ask the collector again; if it stays so, tell the study's contact: somebody else may be answering."


class Checkpoint(Struct, frozen=True):
    """A log at a moment."""

    origin: str
    size: int
    root: bytes

    def body(self) -> bytes:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


def origin_of(study: str) -> str:
    """The name of a study's log, which is also the name of its key."""
    return f"overt-log/{study}"


def key_id(name: str, public_key: bytes) -> bytes:
    """The first four bytes of ``SHA-256(name || 0x0A || 0x01 || key)`` (signed-note, Ed25519)."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:_KEY_ID_BYTES]


def sign_checkpoint(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> bytes:
    """The signed note. The same checkpoint and key give the same bytes."""
    body = checkpoint.body()
    raw = key_id(checkpoint.origin, public_bytes(key)) + key.sign(body)
    return body + f"\n— {checkpoint.origin} {base64.b64encode(raw).decode()}\n".encode()


def read_checkpoint(note: bytes, origin: str, public_key: bytes) -> Checkpoint:
    """The checkpoint in a signed note, if it is this log's and its key signed it. Other signatures may stand beside.

    Raises:
        CheckpointError: it is not.
    """
    if len(note) > MAX_CHECKPOINT_BYTES:
        raise CheckpointError("a checkpoint is too large")
    try:
        text = note.decode()
    except UnicodeDecodeError:
        raise CheckpointError("a checkpoint is not text") from None
    body, separator, tail = text.rpartition("\n\n")
    body += "\n"
    if not separator or not _signed(body.encode(), tail, origin, public_key):
        raise CheckpointError("a checkpoint is not signed by the collector's key")
    return _parse(body, origin)


def _signed(body: bytes, tail: str, name: str, public_key: bytes) -> bool:
    wanted = key_id(name, public_key)
    for line in tail.split("\n"):
        match = _SIGNATURE.fullmatch(line)
        raw = _unbase64(match[2]) if match and match[1] == name else None
        if raw is None or raw[:_KEY_ID_BYTES] != wanted:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(raw[_KEY_ID_BYTES:], body)
        except (InvalidSignature, ValueError):
            return False
        return True
    return False


def _parse(body: str, origin: str) -> Checkpoint:
    lines = body.split("\n")
    if len(lines) < 4 or lines[0] != origin or not _NAME.fullmatch(origin):  # noqa: PLR2004  # origin, size, root, ""
        raise CheckpointError("a checkpoint is about another log")
    size, root = lines[1], _unbase64(lines[2])
    if not re.fullmatch(r"0|[1-9][0-9]{0,15}", size) or int(size) > MAX_LEAVES:
        raise CheckpointError("a checkpoint has no size that a log can have")
    if root is None or len(root) != HASH_BYTES:
        raise CheckpointError("a checkpoint has no root hash")
    return Checkpoint(origin, int(size), root)


def _unbase64(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return raw if base64.b64encode(raw).decode() == text else None
