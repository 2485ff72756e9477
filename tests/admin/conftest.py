"""Researchers' cards and copies of the example files, made at test time."""

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.age import Identity
from schemas.signed import public_key_text
from schemas.study import Researcher

POLICIES = Path(__file__).parents[2] / "policies"


def card(name: str, seed: bytes) -> Researcher:
    recipient = Identity.from_seed(seed).recipient
    return Researcher(
        name=name,
        recipient=str(recipient),
        recipient_fingerprint=recipient.fingerprint,
        signing_key=public_key_text(Ed25519PrivateKey.from_private_bytes(seed)),
    )


@pytest.fixture
def cards(tmp_path: Path) -> list[Path]:
    paths = []
    for number, name in enumerate(("Alice", "Bob")):
        path = tmp_path / f"{name}.json"
        path.write_text(card(name, bytes([number]) * 32).model_dump_json())
        paths.append(path)
    return paths


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    for folder in ("studies", "notices"):
        shutil.copytree(POLICIES / folder, tmp_path / folder)
    return tmp_path / "studies"
