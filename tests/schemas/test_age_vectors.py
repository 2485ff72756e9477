"""Sealed files of other implementations: frozen ones, and the npm package itself where it is installed."""

import base64
import hashlib
import json
import os
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest

from schemas import age

REPOSITORY = Path(__file__).resolve().parents[2]
VECTORS = REPOSITORY / "tests" / "vectors" / "age"
BRIDGE = REPOSITORY / "scripts" / "age_vectors.mjs"
FROZEN = json.loads((VECTORS / "vectors.json").read_text())
TESTKIT = json.loads((VECTORS / "testkit.json").read_text())
INSTALL = "npm install --prefix . --no-save age-encryption@0.3.1"
BIG = 1 << 25


def identity(name: str) -> age.Identity:
    return age.Identity.from_seed(bytes.fromhex(FROZEN["seeds"][name]))


@pytest.mark.parametrize("entry", FROZEN["files"], ids=lambda e: e["name"])
def test_frozen_files_open_for_their_recipients_only(entry: dict[str, Any]) -> None:
    data = (VECTORS / f"{entry['name']}.age").read_bytes()
    expected = hashlib.shake_256(entry["name"].encode()).digest(entry["size"])
    for name in FROZEN["seeds"]:
        if name in entry["recipients"]:
            assert age.decrypt(data, [identity(name)], limit=entry["size"]) == expected
        else:
            with pytest.raises(age.NoMatchingIdentity):
                age.decrypt(data, [identity(name)], limit=entry["size"])


@pytest.mark.parametrize("name", FROZEN["recipients"])
def test_our_recipient_strings_are_those_of_the_npm_package(name: str) -> None:
    assert str(identity(name).recipient) == FROZEN["recipients"][name]
    assert age.Recipient.parse(FROZEN["recipients"][name]) == identity(name).recipient


def test_the_example_key_of_the_specification() -> None:
    # C2SP age, "The MLKEM768-X25519 … recipient type"; the last six characters check all of the string.
    example = age.Identity.from_seed(bytes.fromhex("31bda90fbf9fccdde5cfc0ed5a0378c5ea67ea193d7938b03b8c5dabb9a67de3"))
    assert example.encode().endswith("XX76JRALNLXDMEW0CRK45QMCCH4X06SE84UN3VPM33W6HWDX0H3SK3ZQFR")
    assert str(example.recipient).startswith("age1pq1x34nzsvr0rxjsgdn8zgyhfe8j7ceq5r9rdelkjuh3y235jzxshfg87pzf5")
    assert str(example.recipient).endswith("0d3fzv49zc0k")


# What the age project's own vectors expect, in our errors. Where we differ, we refuse more.
EXPECTED: dict[str, tuple[type[age.AgeError], ...]] = {
    "no match": (age.NoMatchingIdentity,),
    "header failure": (age.MalformedAgeFile,),
    "payload failure": (age.PayloadTampered, age.MalformedAgeFile),
}
STRICTER: dict[str, tuple[type[age.AgeError], ...]] = {
    "armor_hybrid": (age.MalformedAgeFile,),  # text armour is not read
    "hybrid_and_x25519": (age.MalformedAgeFile,),  # never mixed with classic recipients
    "hybrid_grease": (age.MalformedAgeFile,),  # nor with what we cannot tell from one
    "hybrid_uppercase": (age.MalformedAgeFile,),
    "hybrid_identity": (age.NoMatchingIdentity,),  # the library refuses the point, without saying why
    "hybrid_low_order": (age.NoMatchingIdentity,),
}


def kit_file(entry: dict[str, Any]) -> bytes:
    data = base64.b64decode(entry["file"])
    return zlib.decompress(data) if entry["zlib"] else data


def judge(entry: dict[str, Any], data: bytes, identities: list[age.Identity]) -> None:
    refusals = STRICTER.get(entry["name"]) or EXPECTED.get(entry["expect"])
    if refusals is None:
        plaintext = age.decrypt(data, identities, limit=BIG)
        assert hashlib.sha256(plaintext).hexdigest() == entry["payload_sha256"]
    else:
        with pytest.raises(refusals):
            age.decrypt(data, identities, limit=BIG)


@pytest.mark.parametrize("entry", [e for e in TESTKIT if e["seeds"]], ids=lambda e: e["name"])
def test_published_hybrid_files(entry: dict[str, Any]) -> None:
    identities = [age.Identity.from_seed(bytes.fromhex(seed)) for seed in entry["seeds"]]
    judge(entry, kit_file(entry), identities)


@pytest.mark.parametrize("entry", [e for e in TESTKIT if not e["seeds"]], ids=lambda e: e["name"])
def test_published_payloads_behind_a_header_of_ours(entry: dict[str, Any]) -> None:
    ada = identity("ada")
    ours = age.encrypt(b"", [ada.recipient], file_key=bytes.fromhex(entry["file_key"]), nonce=bytes(16))
    theirs = kit_file(entry)
    payload = theirs[theirs.index(b"\n", theirs.index(b"\n--- ") + 1) + 1 :]
    judge(entry, ours[: -16 - 16] + payload, [ada])


def node_modules() -> Path:
    """Return the folder that holds the package; skip only where nobody installed or named one."""
    named = os.environ.get("OVERT_NODE_MODULES")
    folder = Path(named) if named else REPOSITORY / "node_modules"
    if not (folder / "age-encryption" / "package.json").is_file():
        if named:
            pytest.fail(f"OVERT_NODE_MODULES names a folder without age-encryption; install it: {INSTALL}")
        pytest.skip(f"the npm package age-encryption is not installed; in the repository, run: {INSTALL}")
    return folder


def ask(folder: Path, **request: Any) -> dict[str, Any]:
    run = subprocess.run(
        ["node", str(BRIDGE), str(folder)],
        input=json.dumps(request).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def test_the_npm_package_and_we_open_each_others_files() -> None:
    folder = node_modules()
    people = [age.Identity.from_seed(os.urandom(32)) for _ in range(3)]
    stranger = age.Identity.from_seed(os.urandom(32))
    for size in (0, 1, 64 * 1024, 64 * 1024 + 1, 300_000):
        plaintext = os.urandom(size)
        ours = age.seal(plaintext, [each.recipient for each in people], os.urandom)
        for each in people:
            answer = ask(folder, op="decrypt", identities=[each.encode()], file=base64.b64encode(ours).decode())
            assert base64.b64decode(answer["plaintext"]) == plaintext
        answer = ask(
            folder,
            op="encrypt",
            recipients=[str(each.recipient) for each in people],
            plaintext=base64.b64encode(plaintext).decode(),
        )
        theirs = base64.b64decode(answer["file"])
        assert all(age.decrypt(theirs, [each], limit=size) == plaintext for each in people)
    shut = ask(folder, op="decrypt", identities=[stranger.encode()], file=base64.b64encode(ours).decode())
    assert "no identity matched" in shut["error"]
