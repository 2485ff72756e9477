"""Keys under a passphrase and in a keyring; `test_research_cli.py` has those in a file."""

import json
import shutil
import stat
import subprocess
from pathlib import Path

import keyring
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend

from research import cli, key_stores, keys, phrase
from research.errors import KeyFileError
from research.key_stores import PHRASE_VARIABLE, Store

ROOT = Path(__file__).parents[2]
CHEAP = 2
"""Binary logarithm of scrypt's work in these tests."""


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    key_stores.remember(None)


def counted(size: int) -> bytes:
    return bytes(range(size))


@given(st.binary(max_size=600), st.text(max_size=20))
def test_what_is_locked_opens_with_its_passphrase_only(secret: bytes, words: str) -> None:
    locked = phrase.lock(secret, words, counted, CHEAP)
    assert phrase.unlock(locked, words) == secret
    with pytest.raises(KeyFileError, match="does not open"):
        phrase.unlock(locked, words + "x")


@given(st.data())
def test_an_altered_file_is_refused_whatever_was_altered(data: st.DataObject) -> None:
    locked = bytearray(phrase.lock(b"secret", "words", counted, CHEAP))
    work = locked.index(b" 2\n") + 1  # another work factor is another key, and may take minutes
    place = data.draw(st.integers(0, len(locked) - 1).filter(lambda n: n != work))
    locked[place] ^= data.draw(st.integers(1, 255).filter(lambda n: not chr(locked[place] ^ n).isdigit()))
    with pytest.raises(KeyFileError):
        phrase.unlock(bytes(locked), "words")


@given(st.binary(max_size=300))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(KeyFileError):
        phrase.unlock(noise, "words")


def test_an_independent_age_opens_what_we_lock_and_we_what_it_locks(tmp_path: Path) -> None:
    node = shutil.which("node")
    if not node or not (ROOT / "node_modules" / "age-encryption").is_dir():
        pytest.skip("node or the npm package age-encryption is not installed")
    (tmp_path / "ours.age").write_bytes(phrase.lock(b"ours", "two words", counted, 10))
    script = """
    import {Decrypter, Encrypter} from "age-encryption";
    import {readFileSync, writeFileSync} from "node:fs";
    const d = new Decrypter(); d.addPassphrase("two words");
    process.stdout.write(await d.decrypt(readFileSync(process.argv[1] + "/ours.age"), "text"));
    const e = new Encrypter(); e.setPassphrase("two words"); e.setScryptWorkFactor(10);
    writeFileSync(process.argv[1] + "/theirs.age", await e.encrypt("theirs"));
    """
    command = [node, "--input-type=module", "--eval", script, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == b"ours"
    assert phrase.unlock((tmp_path / "theirs.age").read_bytes(), "two words") == b"theirs"


def test_keygen_under_a_passphrase_shows_no_secret_and_asks_for_it_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phrase, "WORK_LOG2", CHEAP)
    monkeypatch.setattr(phrase.lock, "__defaults__", (CHEAP,))
    monkeypatch.setenv(PHRASE_VARIABLE, "correct horse")
    home = tmp_path / "home"
    with pytest.raises(SystemExit) as end:
        cli.main(["keygen", "--name", "Alice", "--store", "passphrase", "--home", str(home), "--json"])
    assert end.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["format"], told["store"], told["card"]["name"]) == (1, "passphrase", "Alice")
    path = home / key_stores.FILES[Store.PASSPHRASE]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    seed = keys.load(home).identity._seed
    assert seed not in path.read_bytes()
    key_stores.remember(None)
    monkeypatch.setenv(PHRASE_VARIABLE, "another horse")
    with pytest.raises(KeyFileError, match="does not open"):
        keys.load(home)
    monkeypatch.delenv(PHRASE_VARIABLE)
    with pytest.raises(KeyFileError, match="nobody can be asked"):
        keys.load(home)
    with pytest.raises(KeyFileError, match="exists already"):
        keys.create(home, "Bob", bytes(32), bytes(32))


class _InMemory(KeyringBackend):  # type: ignore[misc]
    priority = 1

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


def test_keys_in_a_keyring_leave_no_secret_in_a_file(tmp_path: Path) -> None:
    before, ring = keyring.get_keyring(), _InMemory()
    keyring.set_keyring(ring)
    try:
        made = keys.create(tmp_path / "home", "Alice", bytes(range(32)), bytes(32), Store.KEYRING)
        assert keys.load(tmp_path / "home").card() == made.card()
        assert all(b"seed" not in path.read_bytes() for path in (tmp_path / "home").iterdir())
        ring.held.clear()
        with pytest.raises(KeyFileError, match="does not hold"):
            keys.load(tmp_path / "home")
    finally:
        keyring.set_keyring(before)
