"""What holds here and why; what IT may be told; and leaving without a trace. By the real program."""

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from agent.browser import install as browsers
from agent.disk.places import Places
from tests.agent.ceremony.participant import Participant, enrolled
from tests.support.limit_files import put
from tests.support.waiting import until

OVERT = Path(sys.executable).with_name("overt")
CANARIES = ("Ada-Lovelace", "wonderland-host", "SECRETTITLE", "forms")
STARTERS = ("systemd/user/overt.service", "autostart/overt-indicator.desktop")


@pytest.fixture
def home() -> Iterator[Path]:
    """A home folder with things of the person's own in it; its path is short, since a socket lies in it."""
    with tempfile.TemporaryDirectory(prefix="overt-") as folder:
        yield furnished(Path(folder) / "Ada-Lovelace")


def furnished(made: Path) -> Path:
    (made / ".config" / "chromium").mkdir(parents=True)
    (made / ".config" / "chromium" / "Local State").write_text("{}")
    (made / "diary.txt").write_text("mine")
    return made


def env_of(me: Participant, home: Path, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), **me.env, **more}


def run(env: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([OVERT, *arguments], env=dict(env), capture_output=True, text=True, check=False, timeout=100)


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Everything below a folder: mode, and content of files."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }


def test_policy_show_prints_value_origin_and_what_was_narrowed(home: Path, tmp_path: Path) -> None:
    me, file = enrolled(home), tmp_path / "etc" / "limits.json"
    put(file, b'{"consent_days": 7, "modalities": ["keyboard"]}')
    env = env_of(me, home, OVERT_POLICY_FILE=str(file))
    found = json.loads(run(env, "policy", "show", "--json").stdout)
    rows = {row["key"]: row for row in found["rows"]}
    assert rows["consent_days"] == {
        "key": "consent_days",
        "value": 7,
        "source": "machine",
        "where": str(file),
        "narrowed": {"study": 30},
        "combine": "minimum",
    }
    assert rows["timing"]["source"] == "study"
    text = run(env, "policy", "show").stdout
    assert "consent_days = 7" in text
    assert "narrowed: study would allow 30" in text
    file.chmod(0o666)
    refused = run(env, "policy", "show")
    assert refused.returncode == 5
    assert "can be written by others" in refused.stdout


def test_policy_show_without_a_study(home: Path, tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "OVERT_STATE_DIR": str(tmp_path / "none")}
    done = run(env | {"OVERT_RUNTIME_DIR": str(tmp_path / "none")}, "policy", "show")
    assert done.returncode == 4
    assert "takes part in no study" in done.stderr


def test_a_support_bundle_says_nothing_about_its_person(home: Path) -> None:
    """The same for somebody who takes part and somebody who does not, whatever their machine is called."""
    me = enrolled(home)
    odd = {"XDG_CURRENT_DESKTOP": "SECRETTITLE:GNOME", "XDG_SESSION_TYPE": "wonderland-host", "USER": "Ada-Lovelace"}
    env = env_of(me, home, **odd)
    with_study = run(env, "support-bundle")
    me.places.enrolment.unlink()
    without = run(env, "support-bundle")
    assert with_study.returncode == 0
    assert with_study.stdout == without.stdout
    found = json.loads(with_study.stdout)
    assert (found["desktop"], found["session"]) == (["GNOME"], "other")
    assert found["checks"]["disk"] is True
    for canary in (*CANARIES, str(home), me.world.manifest.study, me.world.manifest.controller.party_name):
        assert canary not in with_study.stdout
    assert "/" not in with_study.stdout


def test_a_support_bundle_is_a_new_private_file(home: Path, tmp_path: Path) -> None:
    env, file = env_of(enrolled(home), home), tmp_path / "bundle.json"
    assert run(env, "support-bundle", str(file)).returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run(env, "support-bundle", str(file)).returncode == 1


def settle_in(me: Participant, env: Mapping[str, str], home: Path) -> None:
    """A daemon that runs, browsers that know the program, and files that start it."""
    browsers.install(me.places, env, ["https://mail.example.org"])
    for name in STARTERS:
        (home / ".config" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / ".config" / name).write_text("[Unit]\n")
    assert run(env, "start").returncode == 0


def ended(places: Places) -> bool:
    return not places.control_socket.exists()


def test_a_purge_leaves_nothing(home: Path) -> None:
    before = tree(home)
    me = enrolled(home / ".overt-test")
    env = env_of(me, home)
    settle_in(me, env, home)
    done = run(env, "uninstall", "--purge", "--json")
    assert done.returncode == 0, done.stderr
    until(lambda: ended(me.places))
    (home / ".overt-test").rmdir()
    assert tree(home) == before
    found = json.loads(done.stdout)
    assert found["left"] == []
    assert str(home / ".config" / STARTERS[0]) in found["removed"]


def test_an_uninstall_keeps_what_the_person_may_want_and_starts_nothing(home: Path) -> None:
    me = enrolled(home / ".overt-test")
    env = env_of(me, home)
    settle_in(me, env, home)
    done = run(env, "uninstall")
    assert done.returncode == 0, done.stderr
    until(lambda: ended(me.places))
    assert me.places.enrolment.exists()
    assert str(me.places.state) in done.stdout
    left = set(tree(home / ".config"))
    assert left == {"chromium", "chromium/Local State"}
    assert run(env, "status").returncode == 3
    assert "Nothing to start" in run(env, "start", "--at-login").stdout


def test_it_can_be_repeated_and_works_where_nothing_is(tmp_path: Path, home: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "OVERT_STATE_DIR": str(tmp_path / "s")}
    env |= {"OVERT_RUNTIME_DIR": str(tmp_path / "r"), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    for _ in range(2):
        assert run(env, "uninstall", "--purge", "--json").returncode == 0
        assert not (tmp_path / "s").exists()
        assert not (tmp_path / "r").exists()
