"""G4: policy only narrows."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from agent.core import scope
from agent.core.scope import app_of, narrow, offered, packages, reveals
from schemas.events import Modality
from schemas.policy import AppRule, Policy
from schemas.scope import AppScope, Scope, ScreenMode, TimingTier

IDS = ("a", "b", "c", "d")
MODALITIES = st.frozensets(st.sampled_from(Modality)).map(lambda s: tuple(sorted(s)))
APP_SCOPES = st.builds(AppScope, app=st.sampled_from(IDS), modalities=MODALITIES, screen=st.sampled_from(ScreenMode))
SCOPES = st.builds(
    lambda apps, timing: Scope(apps=tuple(sorted(apps, key=lambda a: a.app)), timing=timing),
    st.lists(APP_SCOPES, unique_by=lambda a: a.app, max_size=4),
    st.sampled_from(TimingTier),
)
RULES = st.builds(
    lambda name, modalities, screen: AppRule(
        id=name,
        name=name,
        category="other",
        executables=(f"/usr/bin/{name}",),
        modalities=modalities,
        screen=screen,
    ),
    st.sampled_from(IDS),
    MODALITIES,
    st.sampled_from(ScreenMode),
)
POLICIES = st.builds(
    lambda rules, timing: Policy(
        study="s",
        version=1,
        issued=datetime(2026, 1, 1, tzinfo=UTC),
        expires=datetime(2027, 1, 1, tzinfo=UTC),
        apps=tuple(rules),
        timing=timing,
    ),
    st.lists(RULES, unique_by=lambda r: r.id, max_size=4),
    st.sampled_from(TimingTier),
)
TIMING, SCREEN = tuple(TimingTier), tuple(ScreenMode)


def within(small: Scope, large: Scope) -> bool:
    """True if ``small`` allows nothing that ``large`` does not."""
    apps = all(small.of(app.app) <= large.of(app.app) for app in small.apps)
    pictures = all(SCREEN.index(small.screen_of(a.app)) >= SCREEN.index(large.screen_of(a.app)) for a in small.apps)
    return apps and pictures and TIMING.index(small.timing) >= TIMING.index(large.timing)


@given(SCOPES, SCOPES)
def test_narrow_is_commutative(a: Scope, b: Scope) -> None:
    assert narrow(a, b) == narrow(b, a)


@given(SCOPES, SCOPES, SCOPES)
def test_narrow_is_associative(a: Scope, b: Scope, c: Scope) -> None:
    assert narrow(narrow(a, b), c) == narrow(a, narrow(b, c))


@given(SCOPES, SCOPES)
def test_narrow_is_idempotent(a: Scope, b: Scope) -> None:
    once = narrow(a, b)
    assert narrow(once, once) == once
    assert narrow(once, b) == once


@given(SCOPES, SCOPES)
def test_narrow_is_within_both(a: Scope, b: Scope) -> None:
    assert within(narrow(a, b), a)
    assert within(narrow(a, b), b)


@given(SCOPES, SCOPES)
def test_narrow_keeps_all_that_both_allow(a: Scope, b: Scope) -> None:
    """It would be easy to be monotone by allowing nothing."""
    both = narrow(a, b)
    for app in IDS:
        expected = a.of(app) & b.of(app)
        if ScreenMode.NONE in {s.screen for scope in (a, b) for s in scope.apps if s.app == app}:
            expected -= {Modality.SCREEN}
        assert both.of(app) == expected


@given(SCOPES, POLICIES, POLICIES)
def test_adding_a_policy_never_adds(consent: Scope, policy: Policy, further: Policy) -> None:
    before = narrow(consent, offered(policy))
    after = narrow(before, offered(further))
    assert within(after, before)
    assert within(before, consent)


@given(SCOPES, POLICIES)
def test_a_wider_policy_gives_nothing_that_was_not_agreed_to(consent: Scope, policy: Policy) -> None:
    widest = policy.model_copy(
        update={
            "timing": TimingTier.EXACT,
            "apps": tuple(
                AppRule(
                    id=name,
                    name=name,
                    category="other",
                    executables=(f"/{name}",),
                    modalities=tuple(sorted(Modality)),
                    screen=ScreenMode.REVEAL,
                )
                for name in IDS
            ),
        }
    )
    assert within(narrow(consent, offered(widest)), consent)


@given(POLICIES)
def test_what_is_offered_is_what_the_rules_say(policy: Policy) -> None:
    scope = offered(policy)
    assert {a.app: frozenset(a.modalities) for a in scope.apps} == {r.id: frozenset(r.modalities) for r in policy.apps}
    assert {a.app: a.screen for a in scope.apps} == {r.id: r.screen for r in policy.apps}
    assert scope.timing is policy.timing


@given(POLICIES, st.text(max_size=20))
def test_an_app_is_its_resolved_path_and_nothing_like_it(policy: Policy, junk: str) -> None:
    for rule in policy.apps:
        path = rule.executables[0]
        assert app_of(policy, path) == rule
        for near in (path + junk + "x", path.upper(), path.removeprefix("/usr/bin/"), f"/opt{path}"):
            assert app_of(policy, near) is None
    assert app_of(policy, None) is None
    assert app_of(policy, "") is None


def test_a_policy_may_list_modalities_in_any_order() -> None:
    rule = AppRule(
        id="a", name="A", category="other", executables=("/a",), modalities=(Modality.SCREEN, Modality.KEYBOARD)
    )
    policy = Policy(
        study="s",
        version=1,
        issued=datetime(2026, 1, 1, tzinfo=UTC),
        expires=datetime(2027, 1, 1, tzinfo=UTC),
        apps=(rule,),
        timing=TimingTier.EXACT,
    )
    assert offered(policy).apps[0].modalities == (Modality.KEYBOARD, Modality.SCREEN)
    assert offered(policy, (Modality.SCREEN,)).apps[0].modalities == (Modality.SCREEN,)


@given(POLICIES, st.frozensets(st.sampled_from(Modality)))
def test_nothing_is_offered_that_the_study_is_not_about(policy: Policy, study: frozenset[Modality]) -> None:
    scope = offered(policy, study)
    assert {a.app: frozenset(a.modalities) for a in scope.apps} == {
        r.id: frozenset(r.modalities) & study for r in policy.apps
    }


@given(SCOPES, SCOPES, RULES, st.sampled_from(("mail", "chat", "ide", "assistant", "other")))
def test_dull_lines_are_shown_only_where_both_say_so_and_nobody_else_writes(
    policy: Scope, consent: Scope, rule: AppRule, category: str
) -> None:
    rule = rule.model_copy(update={"category": category})
    if reveals(narrow(policy, consent), rule):
        assert policy.screen_of(rule.id) is consent.screen_of(rule.id) is ScreenMode.REVEAL
        assert category not in {"mail", "chat"}


def test_dull_lines_are_shown_where_both_say_so() -> None:
    app = AppScope(app="a", modalities=(Modality.SCREEN,), screen=ScreenMode.REVEAL)
    scope = Scope(apps=(app,), timing=TimingTier.EXACT)
    told = {"id": "a", "name": "a", "executables": ("/usr/bin/a",), "modalities": (Modality.SCREEN,)}
    assert reveals(scope, AppRule(category="ide", screen=ScreenMode.REVEAL, **told))
    assert not reveals(scope, AppRule(category="chat", screen=ScreenMode.REVEAL, **told))
    assert not reveals(scope, AppRule(category="mail", screen=ScreenMode.REVEAL, **told))


@given(SCOPES, st.frozensets(st.sampled_from(Modality)))
def test_a_desktop_takes_away_what_it_cannot_give_and_nothing_else(agreed: Scope, can: frozenset[Modality]) -> None:
    left = scope.within(agreed, can)
    assert left.timing is agreed.timing
    assert [app.app for app in left.apps] == [app.app for app in agreed.apps if agreed.of(app.app) & can]
    screens = {app.app: app.screen for app in agreed.apps}
    for app in left.apps:
        assert left.of(app.app) == agreed.of(app.app) & can
        assert app.screen is screens[app.app]


def test_a_desktop_that_gives_keys_alone() -> None:
    both = (Modality.KEYBOARD, Modality.SCREEN)
    agreed = Scope(
        apps=(
            AppScope(app="a", modalities=both, screen=ScreenMode.REVEAL),
            AppScope(app="b", modalities=(Modality.SCREEN,), screen=ScreenMode.LAYOUT),
        ),
        timing=TIMING[1],
    )
    assert scope.within(agreed, {Modality.KEYBOARD}) == Scope(
        apps=(AppScope(app="a", modalities=(Modality.KEYBOARD,), screen=ScreenMode.REVEAL),), timing=TIMING[1]
    )


def test_the_packages_of_all_rules_and_of_no_others() -> None:
    common = {"category": "other", "modalities": (Modality.KEYBOARD,), "screen": ScreenMode.NONE}
    policy = Policy(
        study="s",
        version=1,
        issued=datetime(2026, 1, 1, tzinfo=UTC),
        expires=datetime(2027, 1, 1, tzinfo=UTC),
        apps=(
            AppRule(id="a", name="a", executables=("/usr/bin/a",), **common),
            AppRule(id="b", name="b", executables=(), packages=("deb:gedit", "deb:mousepad"), **common),
        ),
        timing=TIMING[0],
    )
    found = packages(policy)
    assert type(found) is frozenset
    assert found == {"deb:mousepad", "deb:gedit"}
