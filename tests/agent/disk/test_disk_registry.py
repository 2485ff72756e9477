"""Limits from a registry in memory. No Windows was at hand: that ``winreg`` lists keys like this is not shown here."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.mdm.facts import NOT_A_LIMIT, REGISTRY, values
from agent.disk import limits as disk_limits
from agent.disk.guarded import MAX_BYTES, GuardedError
from agent.disk.places import Places
from agent.disk.registry import MACHINE_KEY, MAX_VALUES, REG_DWORD, REG_SZ, table_of
from schemas.base import SchemaError
from schemas.limits import LIMIT_KEYS, Limits
from schemas.signed import parse_body
from schemas.status import ClosedReason
from tests.admin.mdm.rendered import FULL
from tests.agent.disk.disk_rig import Machine
from tests.support.devices import World

REG_BINARY, REG_MULTI_SZ, REG_QWORD = 3, 7, 11


@dataclass
class Memory:
    """A key in memory."""

    data: list[tuple[str, object, int]] = field(default_factory=list)
    below: "list[tuple[str, Memory]]" = field(default_factory=list)

    def values(self) -> Iterable[tuple[str, object, int]]:
        return iter(self.data)

    def subkeys(self) -> "Iterable[tuple[str, Memory]]":
        return iter(self.below)


def stored(limits: Limits) -> Memory:
    """As the registry file that IT renders has it."""
    key = Memory()
    for name, value in values(limits).items():
        if isinstance(value, list):
            key.below.append((name, Memory([(str(n), text, REG_SZ) for n, text in enumerate(value, 1)])))
        elif isinstance(value, int) and value <= NOT_A_LIMIT:
            key.data.append((name, int(value), REG_DWORD))
        else:
            key.data.append((name, str(value), REG_SZ))
    return key


def test_what_it_renders_is_what_is_read() -> None:
    assert parse_body(Limits, json.dumps(table_of(stored(FULL))).encode()) == FULL
    assert table_of(Memory()) == {}
    assert table_of(Memory([("BLOCKED", 1, REG_DWORD)])) == {"blocked": True}
    twelve = Memory([(str(n), f"app{n}", REG_SZ) for n in (10, 2, 1, 11)])
    assert table_of(Memory(below=[("apps", twelve)])) == {"apps": ["app1", "app2", "app10", "app11"]}


def test_it_narrows_and_what_is_odd_closes_the_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MACHINE_KEY == REGISTRY
    world = World.make("registry", codes=1)
    machine = Machine(Places(tmp_path / "state", tmp_path / "run", ()), world, world.device())

    def read(key: Memory) -> disk_limits.Managed:
        monkeypatch.setattr(disk_limits, "machine_table", lambda: table_of(key))
        enrolment = machine.enrolment()
        return disk_limits.read_limits(machine.places, enrolment.asked(), enrolment.organisation_key)

    assert [s.limits for s in read(stored(FULL)).sources] == [FULL]
    problem = read(Memory([("enable", 1, REG_DWORD)])).problem
    assert problem is not None
    assert (problem.reason, MACHINE_KEY in problem.words) == (ClosedReason.POLICY_REFUSED, True)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (Memory([("enable", 1, REG_DWORD)]), "none of Overt's"),
        (Memory([("blocked", 2, REG_DWORD)]), "kind"),
        (Memory([("blocked", "1", REG_SZ)]), "kind"),
        (Memory([("blocked", 1, REG_QWORD)]), "kind"),
        (Memory([("blocked", b"\1", REG_BINARY)]), "kind"),
        (Memory([("blocked", ["1"], REG_MULTI_SZ)]), "kind"),
        (Memory([("consent_days", "-1", REG_SZ)]), "kind"),
        (Memory([("consent_days", "9" * 5000, REG_SZ)]), "kind"),
        (Memory([("blocked", 1, REG_DWORD), ("Blocked", 0, REG_DWORD)]), "twice"),
        (Memory(below=[("blocked", Memory())]), "single value"),
        (Memory(below=[("apps", Memory(below=[("apps", Memory())]))]), "deeper"),
        (Memory(below=[("apps", Memory([("1", 1, REG_DWORD)]))]), "kind"),
        (Memory(below=[("apps", Memory([("1", "a" * MAX_BYTES, REG_SZ)]))]), "larger"),
        (Memory(below=[("apps", Memory([(str(n), "a", REG_SZ) for n in range(MAX_VALUES + 1)]))]), "larger"),
    ],
)
def test_what_is_odd_is_refused(key: Memory, why: str) -> None:
    with pytest.raises(GuardedError, match=why):
        table_of(key)


names = st.sampled_from([*LIMIT_KEYS, "Blocked", "enable"]) | st.text(max_size=8)
data = (
    st.integers() | st.text(max_size=20) | st.binary(max_size=8) | st.none() | st.lists(st.text(max_size=3), max_size=2)
)
kinds = st.sampled_from([REG_SZ, REG_DWORD, REG_BINARY, REG_MULTI_SZ, REG_QWORD])
held = st.lists(st.tuples(names, data, kinds), max_size=4)
keys = st.recursive(
    st.builds(Memory, held), lambda inner: st.builds(Memory, held, st.lists(st.tuples(names, inner), max_size=2))
)


@given(keys)
def test_anything_is_a_table_or_refused(key: Memory) -> None:
    """And the table is JSON, of which limits are made or refused by their own schema."""
    try:
        table = table_of(key)
        parse_body(Limits, json.dumps(table).encode())
    except (GuardedError, SchemaError):
        return
    assert set(table) <= set(LIMIT_KEYS)
