"""Clock epochs: a sleep or a step is noticed, slewing and slow reading are not taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.clocks import READ_NS, STEP_NS, Reading, stepped

MS = 1_000_000
S = 1_000 * MS
NOW = 1_800_000_000 * S


def reading(mono_ns: int, wall_ns: int, took_ns: int = 1_000) -> Reading:
    return Reading(mono_ns, wall_ns, mono_ns + took_ns)


@pytest.mark.parametrize("by_ns", [-3_600 * S, -128 * MS, 128 * MS, 3_600 * S])
def test_a_step_either_way_is_one(by_ns: int) -> None:
    before = reading(5 * S, NOW)
    assert stepped(before.offset_ns, reading(6 * S, NOW + S + by_ns))


def test_a_sleep_is_one() -> None:
    """The wall clock went on for a minute, in which the monotonic one stood still."""
    before = reading(5 * S, NOW)
    assert stepped(before.offset_ns, reading(5 * S + 20 * MS, NOW + 60 * S))


@given(st.integers(0, 3_600 * S), st.integers(-500, 500))
def test_slewing_between_two_looks_is_none(at_ns: int, parts_per_million: int) -> None:
    passed = 250 * MS
    before = reading(at_ns, NOW)
    slewed = passed * parts_per_million // 1_000_000
    assert not stepped(before.offset_ns, reading(at_ns + passed, NOW + passed + slewed))


@given(st.integers(READ_NS + 1, 60 * S), st.integers(0, 1))
def test_a_reading_that_was_interrupted_says_nothing(took_ns: int, early: int) -> None:
    """Under load any time may pass between the looks, before or after the wall clock was read."""
    before = reading(5 * S, NOW)
    now = Reading(6 * S, NOW + S + (0 if early else took_ns), 6 * S + took_ns)
    assert not now.exact
    assert not stepped(before.offset_ns, now)


def test_the_limit() -> None:
    before = Reading(0, NOW, 0)
    assert not stepped(before.offset_ns, Reading(S, NOW + S + STEP_NS, S))
    assert stepped(before.offset_ns, Reading(S, NOW + S + STEP_NS + 1, S))
