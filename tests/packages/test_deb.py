"""The package, on a fresh Debian 12 with nothing of ours but it and one policy file. Wants root and a network."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.support import live
from tests.support.fresh import PERSON, FreshMachine, overt_of, why_not
from tests.support.live import Organisation
from tests.support.processes import Process
from tests.support.waiting import until

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(why_not() is not None, reason=why_not() or ""),
]
ROOT = Path(__file__).parents[2]
STATE = ".local/state/overt"


def build(folder: Path) -> Path:
    command = [sys.executable, "-m", "scripts.deb", "--quick", "--out", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, deb: Path) -> Iterator[FreshMachine]:
    made = FreshMachine.make(tmp_path_factory.mktemp("fresh") / "root")
    (made.root / "tmp" / "overt.deb").write_bytes(deb.read_bytes())
    yield made
    made.end()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organisation]:
    folder, running = tmp_path_factory.mktemp("office"), list[Process]()

    def begin(command: list[str], name: str) -> Process:
        log = folder / f"{name}.log"
        with log.open("wb") as out:
            popen = subprocess.Popen(command, env=env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        running.append(Process(popen, name, log))
        return running[-1]

    env = live.base_env() | {"HOME": str(folder)}
    made = Organisation(folder, env, begin)
    made.found()
    made.serve()
    made.study(batch_s=2)
    yield made
    for process in running:
        process.stop()


def test_lintian_has_nothing_to_say(deb: Path) -> None:
    done = subprocess.run(["lintian", "--no-cfg", deb], capture_output=True, text=True, check=False, timeout=500)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_same_commit_gives_the_same_bytes(deb: Path, tmp_path: Path) -> None:
    first, second = (hashlib.sha256(path.read_bytes()).hexdigest() for path in (deb, build(tmp_path)))
    assert first == second


def test_from_installing_to_purging(machine: FreshMachine, office: Organisation) -> None:
    installed_it_captures_nothing(machine)
    env = machine.log_in()
    me = Person(machine, env)
    me.overt("enrol", office.link())
    assert "another" not in me.overt("start")
    me.agree()
    captures_what_was_agreed_to(me)
    one_policy_file_closes_the_gate(me)
    an_upgrade_loses_nothing(me)
    removing_keeps_and_purging_erases(me, office)


class Person:
    """Somebody at the machine."""

    def __init__(self, machine: FreshMachine, env: dict[str, str]) -> None:
        self.machine = machine
        self.env = env

    def overt(self, *arguments: str, code: int | None = 0) -> str:
        return self.machine.do("overt", *arguments, user=PERSON, env=self.env, code=code).stdout

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.overt("status", "--json", code=None) or "{}")
        return found

    def agree(self) -> None:
        command, *rest = self.machine.enter("overt", "on", "--terminal", user=PERSON, env=self.env)
        child = pexpect.spawn(command, rest, encoding="utf-8", timeout=90, dimensions=(50, 100), cwd="/")
        live.answer(child, {"mousepad": ("keyboard",)})
        child.close(force=True)

    def type(self, text: str) -> None:
        for words in (("search", "--sync", "--class", "mousepad", "windowactivate", "--sync"), ("type", text)):
            self.machine.do("xdotool", *words, user=PERSON, env=self.env)

    def batches(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.overt("batches", "--json"))["batches"]
        return found

    def agents(self) -> dict[str, int]:
        return overt_of(self.machine.commands())


def installed_it_captures_nothing(machine: FreshMachine) -> None:
    before = sorted(str(p) for p in machine.home.rglob("*"))
    machine.do("apt-get", "install", "-y", "--no-install-recommends", "/tmp/overt.deb")  # noqa: S108  # in the chroot
    assert not [line for line in machine.commands().values() if "overt" in line]
    assert machine.do("overt", "status", user=PERSON, code=3).stdout == ""
    assert "Nothing to start" in machine.do("overt", "start", "--at-login", user=PERSON).stdout
    assert sorted(str(p) for p in machine.home.rglob("*")) == before
    wants = machine.root / "etc/systemd/user/graphical-session.target.wants"
    assert {p.name for p in wants.iterdir()} == {"overt.service", "overt-indicator.service"}


def captures_what_was_agreed_to(me: Person) -> None:
    until(lambda: me.status().get("state") == "idle" or me.status().get("state") == "capturing", 60)
    me.type("hello fresh machine ")
    until(lambda: me.status()["state"] == "capturing", 30)
    until(lambda: (me.status()["counts"]["batches_sent"]) > 0, 60)


def one_policy_file_closes_the_gate(me: Person) -> None:
    file = me.machine.root / "etc/overt/policy.json"
    file.write_text('{"blocked": true}')
    until(lambda: me.status()["state"] == "blocked", 30)
    file.chmod(0o666)
    until(lambda: "can be written by others" in (me.status().get("policy_problem") or ""), 30)
    file.unlink()
    me.type("and on it goes ")
    until(lambda: me.status()["state"] == "capturing", 30)


def an_upgrade_loses_nothing(me: Person) -> None:
    state = me.machine.home / STATE
    consents = {p.name: p.read_bytes() for p in (state / "consents").iterdir()}
    before, sent = me.agents(), me.status()["counts"]["batches_sent"]
    me.type("typed just before the upgrade ")
    me.machine.do("dpkg", "-i", "/tmp/overt.deb")  # noqa: S108  # in the chroot
    until(lambda: me.status().get("state") == "capturing", 60)
    assert me.agents() == before  # the same processes, as the program that lies there now
    assert {p.name: p.read_bytes() for p in (state / "consents").iterdir()} == consents
    until(lambda: sum(b["state"] == "sent" for b in me.batches()) > sent, 60)


def removing_keeps_and_purging_erases(me: Person, office: Organisation) -> None:
    state = me.machine.home / STATE
    blobs = office.data / "blobs"
    assert [p for p in blobs.rglob("*") if p.is_file()]
    me.machine.do("apt-get", "remove", "-y", "overt")
    assert me.agents() == {}
    assert (state / "enrolment.json").exists()
    assert not (me.machine.root / "usr/lib/overt").exists()
    me.machine.do("dpkg", "-i", "/tmp/overt.deb")  # noqa: S108  # in the chroot
    assert me.agents() == {}
    me.machine.do("apt-get", "purge", "-y", "overt")
    assert not state.exists()
    assert not [p for p in blobs.rglob("*") if p.is_file()]  # the collector was told, and did
    left = [p for p in me.machine.root.rglob("*overt*") if not p.is_relative_to(me.machine.root / "proc")]
    assert {str(p.relative_to(me.machine.root)) for p in left} <= {"tmp/overt.deb"}
