"""The command line: keys, exit codes, what is printed and what never is."""

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from research import keys, show
from research.cli import app, main
from research.errors import KeyFileError, NotEnrolledError
from schemas.age import Identity, decrypt
from schemas.envelope import MAGIC
from schemas.payload import unpack
from schemas.study import Researcher
from tests.research.bench import NOW_NS, Bench


def _run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    assert isinstance(end.value.code, int)
    return end.value.code, capsys.readouterr().out


# Keys ---------------------------------------------------------------------------------------------------------------


def test_keygen_makes_private_files_and_a_card_without_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, out = tmp_path / "home", tmp_path / "card.json"
    code, printed = _run(capsys, "keygen", "--name", "Alice", "--home", home, "--out", out)
    assert code == 0
    card = Researcher.model_validate_json(printed)
    assert card == Researcher.model_validate_json(out.read_bytes()) == keys.load(home).card()
    assert card.recipient.startswith("age1pq1")
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / keys.KEY_FILE).stat().st_mode) == 0o600
    stored = json.loads((home / keys.KEY_FILE).read_text())
    for secret in (stored["age_seed"], stored["signing_seed"]):
        assert secret not in printed
        assert secret not in repr(keys.load(home))


def test_keys_are_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    _run(capsys, "keygen", "--name", "Alice", "--home", home)
    before = (home / keys.KEY_FILE).read_bytes()
    assert _run(capsys, "keygen", "--name", "Bob", "--home", home)[0] == 2
    assert (home / keys.KEY_FILE).read_bytes() == before


def test_keys_that_others_can_use_are_refused(tmp_path: Path) -> None:
    keys.create(tmp_path / "home", "Alice", bytes(32), bytes(32))
    (tmp_path / "home" / keys.KEY_FILE).chmod(0o644)
    with pytest.raises(KeyFileError, match="used by others"):
        keys.load(tmp_path / "home")
    (tmp_path / "home" / keys.KEY_FILE).chmod(0o600)
    (tmp_path / "home").chmod(0o755)
    with pytest.raises(KeyFileError, match="used by others"):
        keys.load(tmp_path / "home")


@pytest.mark.parametrize("content", [b"", b"{}", b'{"name":"x","age_seed":"AA","signing_seed":"AA"}'])
def test_damaged_key_files_and_pins_are_refused(tmp_path: Path, content: bytes) -> None:
    home = tmp_path / "home"
    keys.create(home, "Alice", bytes(32), bytes(32))
    (home / keys.KEY_FILE).write_bytes(content)
    (home / keys.PIN_FILE).write_bytes(content)
    with pytest.raises(KeyFileError, match="not a key file"):
        keys.load(home)
    with pytest.raises(NotEnrolledError, match="damaged"):
        keys.load_pin(home)


# Verify -------------------------------------------------------------------------------------------------------------


def test_good_is_0_and_bad_is_1_with_a_table(busy: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = busy.home(tmp_path / "home")
    busy.save(tmp_path / "good")
    code, out = _run(capsys, "verify", tmp_path / "good", "--home", home)
    assert code == 0
    assert "Everything verifies." in out
    device = busy.world.devices[0]
    device.envelope([device.make.key("a", at=NOW_NS - 2 * 3600 * 10**9)])
    busy.save(tmp_path / "bad")
    code, out = _run(capsys, "verify", tmp_path / "bad", "--home", home)
    assert code == 1
    assert "What does not verify" in out
    code, out = _run(capsys, "verify", tmp_path / "bad", "--home", home, "--json")
    told = json.loads(out)
    assert code == 1
    assert [f["reason"] for f in told["findings"]] == ["event_outside_consent"]
    assert told["findings"][0]["meaning"]
    assert (told["batches"], told["verified"]) == (7, 6)


def test_a_sceptic_without_keys_checks_the_open_part_and_is_told_so(
    busy: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    busy.save(tmp_path / "data")
    nobody = ["--organisation", busy.world.trust, "--home", tmp_path / "none"]
    code, out = _run(capsys, "verify", tmp_path / "data", *nobody)
    assert code == 0
    assert "NOT checked" in " ".join(out.split())
    assert json.loads(_run(capsys, "verify", tmp_path / "data", *nobody, "--json")[1])["opened"] is False


def test_a_damaged_blob_and_a_lost_one_are_found(
    busy: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, folder = busy.home(tmp_path / "home"), busy.save(tmp_path / "data")
    first, second, *_ = folder.blobs()
    first.path.write_bytes(first.read()[:-1] + bytes([first.read()[-1] ^ 1]))
    second.path.unlink()
    code, out = _run(capsys, "verify", folder.root, "--home", home, "--json")
    assert code == 1
    told = {(f["reason"], f["batch"]) for f in json.loads(out)["findings"]}
    assert {("digest_mismatch", first.name), ("envelope_broken", first.name), ("missing", second.name)} <= told


def test_words_from_outside_do_not_steer_the_terminal(
    busy: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, folder = busy.home(tmp_path / "home"), busy.save(tmp_path / "data")
    made = busy.world.devices[0].envelopes[0]
    body = json.dumps({"version": 1, "\x1b[2J[red]": 1}).encode()
    hostile = MAGIC + len(body).to_bytes(4, "big") + body + made.signature + made.payload
    folder.blob(made.digest).write_bytes(hostile)
    code, out = _run(capsys, "verify", folder.root, "--home", home)
    assert code == 1
    assert "\x1b" not in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", "nowhere", "--organisation", "A" * 43],
        ["verify", "nowhere", "--organisation", "short"],
        ["verify", "nowhere"],
        ["export", "nowhere", "--out", "x", "--format", "csv"],
        ["pull", "--out", "x", "--reason", "y"],
        ["unseal", "abcd", "--out", "x"],
        ["age-identity"],
    ],
)
def test_wrong_input_is_2_with_a_remedy(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main([*arguments, "--home", str(tmp_path / "home")])
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert len(error.splitlines()) >= 2
    assert list(tmp_path.iterdir()) == []


# Opening ------------------------------------------------------------------------------------------------------------


def test_unseal_writes_one_private_payload(busy: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home, folder, out = busy.home(tmp_path / "home"), busy.save(tmp_path / "data"), tmp_path / "batch.payload"
    name = busy.world.devices[0].envelopes[0].digest
    code, printed = _run(capsys, "unseal", name[:12], "--dir", folder.root, "--out", out, "--home", home)
    assert (code, printed) == (0, "")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert any(getattr(e, "text", None) == "dear team" for e in unpack(out.read_bytes()).events)
    told = json.loads(
        _run(capsys, "unseal", name[:12], "--dir", folder.root, "--out", out, "--home", home, "--json")[1]
    )
    assert told == {"format": 1, "written": str(out), "bytes": out.stat().st_size}


def test_the_identity_is_never_printed_and_needs_a_file(
    busy: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, out = busy.home(tmp_path / "home"), tmp_path / "identity.txt"
    assert _run(capsys, "age-identity", "--export", "--home", home)[0] == 2
    code, printed = _run(capsys, "age-identity", "--export", "--out", out, "--home", home)
    assert code == 0
    assert "AGE-SECRET-KEY" not in printed
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert Identity.parse(out.read_text().strip()).recipient == busy.world.researchers[0].identity.recipient


def test_the_words_about_age_are_true(busy: Bench) -> None:
    made = busy.world.devices[0].envelopes[0]
    program = re.search(r'python3 -c "(.*?)" <', show.AGE_HOWTO, re.DOTALL)
    assert program
    script = program[1].replace("\\\n", "")
    done = subprocess.run([sys.executable, "-c", script], input=made.to_bytes(), capture_output=True, check=True)
    assert done.stdout == made.payload
    assert decrypt(done.stdout, [busy.world.researchers[0].identity], limit=1 << 26)


@pytest.mark.parametrize("command", sorted(typer.main.get_group(app).commands.keys() - {"version"}))
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = _run(capsys, command, "--help")
    assert code == 0
    assert re.search(rf"Examples:\n +overt-research {command}", out)
