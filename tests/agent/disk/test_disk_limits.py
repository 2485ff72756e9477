"""Policy files on this machine: believed only where they cannot be anybody's but IT's; else refused, in clear words."""

import json
import os
import plistlib
from pathlib import Path

import pytest

from agent.disk.guarded import GuardedError, _check
from agent.disk.limits import Managed, read_limits, stamps
from agent.disk.places import MACHINE_POLICY, Places
from schemas.limits import Limits
from schemas.policy_keys import Source
from schemas.signed import sign
from schemas.status import ClosedReason as R
from tests.agent.disk.disk_rig import Machine
from tests.support.limit_files import HOSTILE, put


class Managed_(Machine):  # noqa: N801  # the fixture's type
    """A machine on which IT may put a file."""

    @property
    def file(self) -> Path:
        return self.places.machine_policies[-1]

    def read(self) -> Managed:
        return read_limits(self.places, self.enrolment().asked(), self.world.trust)


@pytest.fixture
def machine(tmp_path: Path) -> Managed_:
    made = Managed_.make(tmp_path)
    made.places = Places(made.places.state, made.places.runtime, (tmp_path / "etc" / "policy.json",))
    return made


def test_no_file_is_no_limit_and_no_problem(machine: Managed_) -> None:
    found = machine.read()
    assert (found.sources, found.problem) == ((), None)
    asked = machine.enrolment().asked()
    assert found.over(asked) is asked


def test_plain_limits_narrow(machine: Managed_) -> None:
    put(machine.file, b'{"apps": ["mail"], "consent_days": 7, "timing": "order"}')
    put(machine.places.own_limits, b'{"modalities": ["pointer"], "consent_days": 9}', 0o600)
    found = machine.read()
    assert found.problem is None
    assert [(s.source, s.where) for s in found.sources] == [
        (Source.MACHINE, str(machine.file)),
        (Source.USER, str(machine.places.own_limits)),
    ]
    policy = found.over(machine.enrolment().asked()).policy
    assert ([rule.id for rule in policy.apps], policy.apps[0].modalities) == (["mail"], ("pointer",))
    assert (policy.consent_days, policy.timing.value) == (7, "order")


def test_a_signed_policy_narrows_too(machine: Managed_) -> None:
    newer = machine.world.policy.model_copy(update={"version": 5, "blocked": True})
    put(machine.file, sign(newer, machine.world.org_key).to_bytes())
    found = machine.read()
    assert found.problem is None
    assert found.sources[0].source is Source.ORGANISATION
    assert found.over(machine.enrolment().asked()).policy.blocked


def test_the_digest_that_batches_cite_stays_that_of_the_signed_policy(machine: Managed_) -> None:
    put(machine.file, b'{"consent_days": 7}')
    asked = machine.enrolment().asked()
    assert machine.read().over(asked).policy_digest == asked.policy_digest


def test_a_property_list_is_read_as_macos_writes_it(machine: Managed_, tmp_path: Path) -> None:
    file = tmp_path / "etc" / "org.overt.agent.plist"
    machine.places = Places(machine.places.state, machine.places.runtime, (file,))
    put(file, plistlib.dumps({"blocked": True, "PayloadUUID": "x"}, fmt=plistlib.FMT_BINARY))
    assert machine.read().sources[0].limits == Limits(blocked=True)
    put(file, b"<plist>")
    assert machine.read().problem is not None


@pytest.mark.parametrize("name", [name for name, (_, reason, _) in HOSTILE.items() if reason is not R.POLICY_EXPIRED])
def test_a_hostile_file_is_refused_with_a_clear_word(machine: Managed_, name: str) -> None:
    write, reason, words = HOSTILE[name]
    write(machine.file, machine.world)
    found = machine.read()
    assert found.sources == ()
    assert found.problem is not None
    assert found.problem.reason is reason
    assert words in found.problem.words
    assert str(machine.file) in found.problem.words
    assert "colour" not in found.problem.words


def test_the_first_problem_is_told_and_the_other_files_still_narrow(machine: Managed_) -> None:
    put(machine.file, b"{")
    put(machine.places.own_limits, b'{"blocked": true}', 0o600)
    found = machine.read()
    assert found.problem is not None
    assert [s.source for s in found.sources] == [Source.USER]


def test_somebody_else_s_file_is_refused(tmp_path: Path) -> None:
    mine = os.stat_result((0o100644, 1, 1, 1, os.geteuid(), 0, 0, 0, 0, 0))
    theirs = os.stat_result((0o100644, 1, 1, 1, 4_242_424, 0, 0, 0, 0, 0))
    _check(mine, tmp_path.stat())
    with pytest.raises(GuardedError, match="another person than root"):
        _check(theirs, tmp_path.stat())
    with pytest.raises(GuardedError, match="lies in a folder that is owned by another person"):
        _check(mine, theirs)


def test_a_fifo_does_not_hang(machine: Managed_) -> None:
    machine.file.parent.mkdir(mode=0o755)
    os.mkfifo(machine.file, 0o644)
    found = machine.read()
    assert found.problem is not None
    assert "is not a plain file" in found.problem.words


def test_every_change_changes_the_stamps(machine: Managed_) -> None:
    seen = {stamps(machine.places)}
    put(machine.file, b"{}")
    seen.add(stamps(machine.places))
    machine.file.chmod(0o600)
    seen.add(stamps(machine.places))
    put(machine.places.own_limits, b"{}")
    seen.add(stamps(machine.places))
    assert len(seen) == 4


def test_a_variable_adds_a_file_and_takes_none_away() -> None:
    usual = Places.from_environ({}).machine_policies
    assert usual == (MACHINE_POLICY["linux"],)
    more = Places.from_environ({"OVERT_POLICY_FILE": "/opt/more.json"}).machine_policies
    assert more == (*usual, Path("/opt/more.json"))


def test_json_is_the_form(machine: Managed_) -> None:
    put(machine.file, json.dumps({"blocked": False}).encode())
    assert machine.read().sources[0].limits == Limits(blocked=False)
