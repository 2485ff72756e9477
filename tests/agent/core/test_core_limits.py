"""G4: further sources of policy only narrow, whatever they say, in whatever order, and however often."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.limits import Sourced, provenance, restrict
from agent.core.scope import narrow, offered
from schemas.events import Modality
from schemas.limits import LIMIT_KEYS, NO_LIMITS, Limits, limits_of, meet, meet_all
from schemas.policy import Policy
from schemas.policy_keys import Combine, Source, keys_of
from schemas.scope import ScreenMode, TimingTier
from tests.agent.core.test_core_scope import IDS, POLICIES, within

SCREEN = tuple(ScreenMode)
DATES = st.sampled_from([datetime(2026, month, 1, tzinfo=UTC) for month in (3, 6, 12)])


def _sorted(values: Any) -> Any:
    return st.frozensets(st.sampled_from(values)).map(lambda s: tuple(sorted(s)))


VALUES: dict[str, Any] = {
    "blocked": st.booleans(),
    "apps": _sorted((*IDS, "e")),
    "modalities": _sorted(Modality),
    "screen": st.sampled_from(ScreenMode),
    "timing": st.sampled_from(TimingTier),
    "consent_days": st.integers(1, 90),
    "review_s": st.integers(0, 10**6),
    "batch_s": st.integers(1, 10**6),
    "spool_bytes": st.integers(1 << 20, 1 << 40),
    "spool_days": st.integers(1, 10**6),
    "upload_bytes_s": st.integers(16 << 10, 1 << 40),
    "wait_metered": st.booleans(),
    "wait_battery_percent": st.integers(0, 100),
    "expires": DATES,
    "purge": st.booleans(),
}
LIMITS = st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()}).map(
    lambda told: Limits(**(told | ({"blocked": True} if told["purge"] else {})))  # one goes with the other only
)


def no_wider(small: Policy, large: Policy) -> bool:
    """True if a policy allows nothing that another does not: the order that every merge must respect."""
    scopes = within(offered(small), offered(large))
    limits = small.consent_days <= large.consent_days and small.review_s >= large.review_s
    more = small.batch_s <= large.batch_s and small.spool_bytes <= large.spool_bytes
    more = more and small.spool_days <= large.spool_days and small.upload_bytes_s <= large.upload_bytes_s
    more = more and small.wait_metered >= large.wait_metered
    more = more and small.wait_battery_percent >= large.wait_battery_percent
    rules = {rule.id: rule for rule in large.apps}
    same = all(rule.executables == rules[rule.id].executables for rule in small.apps)
    return scopes and limits and more and same and small.expires <= large.expires and small.blocked >= large.blocked


def test_every_key_has_values_here() -> None:
    assert VALUES.keys() == LIMIT_KEYS.keys()


@given(LIMITS, LIMITS, LIMITS)
def test_sources_combine_in_any_order_and_any_number_of_times(a: Limits, b: Limits, c: Limits) -> None:
    assert meet(a, b) == meet(b, a)
    assert meet(a, meet(b, c)) == meet(meet(a, b), c)
    assert meet(a, a) == meet(a, NO_LIMITS) == a
    assert meet(a, meet(a, b)) == meet(a, b)


@given(POLICIES, LIMITS, LIMITS)
def test_a_further_source_never_widens(policy: Policy, a: Limits, b: Limits) -> None:
    one, both = restrict(policy, a), restrict(policy, meet(a, b))
    assert no_wider(one, policy)
    assert no_wider(both, one)
    assert no_wider(both, restrict(policy, b))


@given(POLICIES, LIMITS, LIMITS)
def test_limits_can_be_laid_on_one_after_the_other_in_any_order(policy: Policy, a: Limits, b: Limits) -> None:
    assert restrict(restrict(policy, a), b) == restrict(restrict(policy, b), a) == restrict(policy, meet(a, b))
    assert restrict(restrict(policy, a), a) == restrict(policy, a)


@given(POLICIES, LIMITS)
def test_the_scope_of_a_restricted_policy_is_a_narrowed_scope(policy: Policy, limits: Limits) -> None:
    was, now = offered(policy), offered(restrict(policy, limits))
    assert narrow(was, now) == now
    for app in now.apps:
        assert limits.apps is None or app.app in limits.apps
        assert limits.modalities is None or set(app.modalities) <= set(limits.modalities)
        assert limits.screen is None or SCREEN.index(now.screen_of(app.app)) >= SCREEN.index(limits.screen)


@given(POLICIES)
def test_no_limits_change_nothing_that_can_be_captured(policy: Policy) -> None:
    open_ = restrict(policy, NO_LIMITS)
    assert offered(open_) == narrow(offered(policy), offered(policy))
    assert limits_of(open_).model_copy(update={"apps": None}) == limits_of(policy).model_copy(update={"apps": None})


@given(POLICIES, st.lists(LIMITS, max_size=3))
def test_provenance_names_a_source_for_every_value_in_force(policy: Policy, found: list[Limits]) -> None:
    sources = [Sourced(Source.MACHINE, f"file {n}", limits) for n, limits in enumerate(found)]
    merged = meet_all([limits_of(policy), *found])
    rows = {row.key: row for row in provenance(policy, "study", sources)}
    for name in LIMIT_KEYS:
        value = getattr(merged, name)
        assert (name in rows) is (value is not None)
        if value is not None:
            assert rows[name].value == value
            assert all(own != value for own in rows[name].narrowed.values())


def test_provenance_says_who_narrowed_whom() -> None:
    policy = Policy.model_validate(
        {"study": "s", "version": 1, "issued": datetime(2026, 1, 1, tzinfo=UTC), "apps": (), "timing": "exact"}
        | {"expires": datetime(2027, 1, 1, tzinfo=UTC)}
    )
    mine = Sourced(Source.USER, "mine", Limits(consent_days=7, timing=TimingTier.ORDER))
    its = Sourced(Source.MACHINE, "/etc/overt/policy.json", Limits(consent_days=30))
    rows = {row.key: row for row in provenance(policy, "the study's policy", [its, mine])}
    assert (rows["consent_days"].source, rows["consent_days"].where) == (Source.USER, "mine")
    assert rows["consent_days"].narrowed == {"study": 90, "machine": 30}
    assert rows["spool_bytes"].source is Source.STUDY
    assert rows["timing"].combine is Combine.RESTRICTIVE


@pytest.mark.parametrize("name", sorted(LIMIT_KEYS))
def test_limits_say_of_a_key_what_the_policy_says(name: str) -> None:
    key, of_policy = LIMIT_KEYS[name], keys_of(Policy).get(name)
    assert key.description
    assert set(key.scope) == set(Source)
    assert key.combine is not Combine.SINGLE
    assert not key.required
    if of_policy and name != "apps":
        same = ("type", "combine", "unit", "since", "description", "sensitivity", "least", "most")
        assert [getattr(key, part) for part in same] == [getattr(of_policy, part) for part in same]
