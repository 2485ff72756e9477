"""Checkpoints: the form of the specification, and nobody else's word taken for the log's."""

import base64
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.checkpoint import Checkpoint, CheckpointError, key_id, origin_of, read_checkpoint, sign_checkpoint
from schemas.signed import public_bytes

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = public_bytes(KEY)
ORIGIN = origin_of("mail-study")
CHECKPOINT = Checkpoint(ORIGIN, 20852163, bytes(range(32)))
NOTE = sign_checkpoint(CHECKPOINT, KEY)
FROZEN = "overt-log/mail-study\n20852163\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n— overt-log/mail-study "


def test_the_form_is_the_specifications_and_does_not_change() -> None:
    assert NOTE.decode().startswith(FROZEN)
    raw = base64.b64decode(NOTE.decode().rsplit(" ", 1)[1])
    assert (len(raw), raw[:4]) == (4 + 64, key_id(ORIGIN, PUBLIC))
    KEY.public_key().verify(raw[4:], CHECKPOINT.body())
    assert sign_checkpoint(CHECKPOINT, KEY) == NOTE


def test_the_key_id_is_that_of_the_reference() -> None:
    """golang.org/x/mod/sumdb/note: PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW."""
    public = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]
    assert key_id("PeterNeumann", public).hex() == "c74f20a3"


def test_a_checkpoint_is_read_also_beside_a_witness() -> None:
    assert read_checkpoint(NOTE, ORIGIN, PUBLIC) == CHECKPOINT
    witness = "— witness.example " + base64.b64encode(b"x" * 76).decode() + "\n"
    assert read_checkpoint(NOTE + witness.encode(), ORIGIN, PUBLIC) == CHECKPOINT


@pytest.mark.parametrize(
    "note",
    [
        b"",
        NOTE[:-40],
        NOTE.replace(b"20852163", b"20852164"),
        NOTE.replace(b"\n\n", b"\n"),
        NOTE + b"x" * 5000,
        b"\xff" + NOTE,
        sign_checkpoint(Checkpoint(origin_of("other"), 1, bytes(32)), KEY),
        sign_checkpoint(CHECKPOINT, Ed25519PrivateKey.from_private_bytes(bytes(32))),
        sign_checkpoint(Checkpoint(ORIGIN, 1 << 49, bytes(32)), KEY),
        sign_checkpoint(Checkpoint(ORIGIN, 1, bytes(31)), KEY),
    ],
)
def test_anything_else_is_refused(note: bytes) -> None:
    with pytest.raises(CheckpointError):
        read_checkpoint(note, ORIGIN, PUBLIC)


@given(st.binary(max_size=300), st.integers(0, len(NOTE)))
@settings(max_examples=200, deadline=None)
def test_bytes_from_outside_are_read_or_refused(junk: bytes, at: int) -> None:
    for note in (junk, NOTE[:at] + junk + NOTE[at:]):
        with suppress(CheckpointError):
            assert read_checkpoint(note, ORIGIN, PUBLIC) == CHECKPOINT
