"""Keys, consent records and the enrolment on disk."""

import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.backends.null import Keyring as ForgetfulKeyring

from agent.disk import keys as module
from agent.disk.consent_store import ConsentStore
from agent.disk.enrolment import Enrolment, load_enrolment, save_enrolment
from agent.disk.keys import DEVICE_KEY, REVIEW_KEY, FileKeys, KeyringKeys, open_keys
from schemas.base import SchemaError
from schemas.consent import read_ledger
from schemas.signed import SignatureError, SignedDocument, public_bytes, sign
from tests.agent.disk.disk_rig import Machine
from tests.support.devices import World

ROOT = Path(__file__).parents[3]
SECRET = bytes(range(32))


class MemoryKeyring(KeyringBackend):  # type: ignore[misc,unused-ignore]  # keyring ships no types
    """A keyring that works."""

    priority = 1  # keyring picks the highest

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


class RaisingKeyring(MemoryKeyring):
    """A keyring whose every call raises something of its own."""

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError(f"locked: {service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"locked: {service} {username} {len(password)}")


class HangingKeyring(MemoryKeyring):
    """A keyring that waits for a person who is not there."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.let_go.wait()
        return super().get_password(service, username)


@pytest.fixture(autouse=True)
def _own_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine.make(tmp_path)


def test_keys_in_files_are_the_owners_alone(machine: Machine) -> None:
    keys = FileKeys(machine.places)
    assert keys.get(DEVICE_KEY) is None
    keys.put(DEVICE_KEY, SECRET)
    machine.places.keys.chmod(0o755)
    keys.put(REVIEW_KEY, SECRET[::-1])
    assert (keys.get(DEVICE_KEY), keys.get(REVIEW_KEY)) == (SECRET, SECRET[::-1])
    assert stat.S_IMODE(machine.places.keys.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in machine.places.keys.iterdir()} == {0o600}
    for _ in range(2):
        keys.forget(DEVICE_KEY)
    assert keys.get(DEVICE_KEY) is None


def test_a_working_keyring_is_used(machine: Machine) -> None:
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    keys = open_keys(machine.places)
    assert isinstance(keys, KeyringKeys)
    keys.put(DEVICE_KEY, SECRET)
    assert open_keys(machine.places).get(DEVICE_KEY) == SECRET
    assert not machine.places.keys.exists()
    assert [user for _, user in backend.held] == [f"{machine.places.state}:{DEVICE_KEY}"]
    for _ in range(2):
        keys.forget(DEVICE_KEY)
    assert backend.held == {}


def test_keys_that_lie_in_files_stay_there(machine: Machine) -> None:
    FileKeys(machine.places).put(DEVICE_KEY, SECRET)
    keyring.set_keyring(MemoryKeyring())
    assert isinstance(open_keys(machine.places), FileKeys)


@pytest.mark.parametrize("backend", [NoKeyring, ForgetfulKeyring, RaisingKeyring])
def test_without_a_usable_keyring_keys_go_to_files(machine: Machine, backend: type[KeyringBackend]) -> None:
    keyring.set_keyring(backend())
    keys = open_keys(machine.places)
    keys.put(DEVICE_KEY, SECRET)
    assert (machine.places.keys / DEVICE_KEY).read_bytes() == SECRET
    assert "no usable keyring" in keys.where


def test_a_keyring_that_hangs_is_given_up(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEYRING_TIMEOUT_S", 0.05)
    backend = HangingKeyring()
    keyring.set_keyring(backend)
    assert isinstance(open_keys(machine.places), FileKeys)
    with pytest.raises(OSError, match="keyring cannot be used"):
        KeyringKeys(machine.places).get(DEVICE_KEY)
    backend.let_go.set()


def test_a_keyring_with_rubbish_in_it_is_an_os_error(machine: Machine) -> None:
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    backend.set_password("overt", f"{machine.places.state}:{DEVICE_KEY}", "not base64 at all")
    with pytest.raises(OSError, match="keyring cannot be used"):
        KeyringKeys(machine.places).get(DEVICE_KEY)
    assert isinstance(open_keys(machine.places), FileKeys)


def test_errors_of_a_keyring_say_nothing_of_the_key(machine: Machine) -> None:
    keyring.set_keyring(RaisingKeyring())
    with pytest.raises(OSError, match="the keyring cannot be used") as caught:
        KeyringKeys(machine.places).put(DEVICE_KEY, SECRET)
    assert str(caught.value) == "the keyring cannot be used"
    assert caught.value.__cause__ is None


HANGS = """
import sys, threading
from pathlib import Path
import keyring
from agent.disk import keys
from agent.disk.places import Places
from tests.agent.disk.test_disk_keys import HangingKeyring
keys.KEYRING_TIMEOUT_S = 0.05
keyring.set_keyring(HangingKeyring())
print(type(keys.open_keys(Places(Path(sys.argv[1]), Path(sys.argv[1])))).__name__)
"""


def test_a_keyring_that_hangs_does_not_keep_the_program_from_ending(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGS, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "FileKeys\n"


# --- the consent ledger ---


def test_the_ledger_reads_back_and_verifies(machine: Machine) -> None:
    store, device = ConsentStore(machine.places.consents), machine.device
    for entry in (device.grant(), device.withdraw()):
        before = store.stamp()
        store.append(entry)
        assert store.stamp() != before
    assert store.entries() == device.ledger
    assert len(read_ledger(store.entries(), public_bytes(device.key))) == 2


def test_two_programs_that_append_at_once_cannot_break_the_chain(machine: Machine) -> None:
    """Both made their entry after the same one; whoever comes second is told, and nothing is replaced."""
    store, device = ConsentStore(machine.places.consents), machine.device
    store.append(device.grant())
    first = device.withdraw()
    second = sign(device.records[-1].model_copy(update={"record_id": "urn:uuid:other"}), device.key)
    store.append(first)
    with pytest.raises(FileExistsError):
        store.append(second)
    assert store.entries()[-1] == first
    assert len(read_ledger(store.entries(), public_bytes(device.key))) == 2


def test_many_threads_that_append_the_same_number(machine: Machine) -> None:
    store, device = ConsentStore(machine.places.consents), machine.device
    entry, gate, lost = device.grant(), threading.Barrier(8), []

    def append() -> None:
        gate.wait()
        try:
            store.append(entry)
        except FileExistsError:
            lost.append(1)

    threads = [threading.Thread(target=append) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lost) == 7
    assert [p.name for p in machine.places.consents.iterdir()] == ["000000.json"]


def test_only_consent_records_are_appended(machine: Machine) -> None:
    store = ConsentStore(machine.places.consents)
    with pytest.raises(SchemaError):
        store.append(machine.world.signed_policy)
    (machine.places.consents / "000000.json").write_bytes(b"{}")
    with pytest.raises(SchemaError):
        store.entries()


# --- the enrolment ---


def test_an_enrolment_reads_back(machine: Machine) -> None:
    assert load_enrolment(machine.places.enrolment) is None
    save_enrolment(machine.places.enrolment, machine.enrolment())
    loaded = load_enrolment(machine.places.enrolment)
    assert loaded == machine.enrolment()
    asked = loaded.asked()
    assert asked.manifest == machine.world.manifest
    assert asked.policy == machine.world.policy
    assert loaded.public_key == public_bytes(machine.device.key)
    machine.places.enrolment.write_bytes(b"{}")
    with pytest.raises(SchemaError, match="enrolment file"):
        load_enrolment(machine.places.enrolment)


def tampered(document: SignedDocument) -> SignedDocument:
    """The same words under a signature whose last byte is another."""
    (signature,) = document.signatures
    other = ("A" if signature.sig[0] != "A" else "B") + signature.sig[1:]
    return document.model_copy(update={"signatures": (signature.model_copy(update={"sig": other}),)})


@pytest.mark.parametrize("field", ["manifest", "policy", "registration"])
def test_a_tampered_document_is_a_signature_error(machine: Machine, field: str) -> None:
    stranger = World.make("stranger", codes=2)
    genuine: Enrolment = machine.enrolment()
    by_others = {
        "manifest": stranger.signed_manifest,
        "policy": stranger.signed_policy,
        "registration": sign(machine.world.policy, machine.device.key),
    }
    for document in (tampered(getattr(genuine, field)), by_others[field]):
        with pytest.raises(SchemaError) as caught:
            machine.enrolment(**{field: document}).asked()
        assert isinstance(caught.value, SignatureError) or field == "registration"


def test_documents_of_two_studies_do_not_go_together(machine: Machine) -> None:
    other = machine.world.policy.model_copy(update={"study": "other-study"})
    with pytest.raises(SchemaError, match="different studies"):
        machine.enrolment(policy=sign(other, machine.world.org_key)).asked()
