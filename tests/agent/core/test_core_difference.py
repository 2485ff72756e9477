"""What widens asks again, what narrows never does, and no change goes unnoticed."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.difference import Change, Difference, Terms, difference
from agent.core.scope import narrow, offered
from schemas.events import Modality
from schemas.policy import AppRule, Policy
from schemas.scope import Scope, ScreenMode, TimingTier
from schemas.study import Researcher, StudyManifest
from tests.support.devices import World, make_actor

WORLD = World.make("difference", now_ns=1_800_000_000 * 10**9, researchers=3)
READERS = WORLD.manifest.researchers
OPPOSITE = {
    "app.added": "app.removed",
    "modality.added": "modality.removed",
    "screen.more": "screen.less",
    "programs.added": "programs.removed",
    "timing.finer": "timing.coarser",
    "reader.added": "reader.removed",
    "retention.longer": "retention.shorter",
}

RULES = st.builds(
    lambda modalities, screen, programs: (tuple(sorted(modalities)), screen, tuple(sorted(programs))),
    st.frozensets(st.sampled_from(Modality)),
    st.sampled_from(ScreenMode),
    st.frozensets(st.sampled_from(["/usr/bin/a", "/usr/bin/b"]), min_size=1),
)


def policy_of(apps: dict[str, tuple[tuple[Modality, ...], ScreenMode, tuple[str, ...]]], timing: TimingTier) -> Policy:
    rules = tuple(
        AppRule(id=app, name=app.title(), category="other", executables=programs, modalities=modalities, screen=screen)
        for app, (modalities, screen, programs) in apps.items()
    )
    return WORLD.policy.model_copy(update={"apps": rules, "timing": timing})


def manifest_of(readers: tuple[Researcher, ...], days: int, modalities: tuple[Modality, ...]) -> StudyManifest:
    named = "\n".join(f"- {r.name}" for r in readers)
    kinds = ", ".join(modalities)
    notice = f"# Notice\n\nKinds: {kinds}.\n\n{named}\n\nErased after {days} days."
    changes = {"researchers": readers, "retention_days": days, "modalities": modalities, "notices": {"en": notice}}
    return WORLD.manifest.model_copy(update=changes)


POLICIES = st.builds(
    policy_of, st.dictionaries(st.sampled_from(["mail", "chat", "ide"]), RULES), st.sampled_from(TimingTier)
)
MANIFESTS = st.builds(
    manifest_of,
    st.lists(st.sampled_from(READERS), min_size=1, unique=True).map(
        lambda chosen: tuple(r for r in READERS if r in chosen)
    ),
    st.sampled_from([90, 180, 365]),
    st.frozensets(st.sampled_from(Modality), min_size=1).map(lambda chosen: tuple(m for m in Modality if m in chosen)),
)
TERMS = st.builds(lambda manifest, policy: Terms(manifest, policy, "en"), MANIFESTS, POLICIES)


def most(terms: Terms) -> Scope:
    """All that a person could agree to."""
    return offered(terms.policy, terms.manifest.modalities)


def effective(scope: Scope) -> dict[str, tuple[tuple[Modality, ...], ScreenMode]]:
    whole = narrow(scope, scope)
    return {a.app: (a.modalities, whole.screen_of(a.app)) for a in whole.apps}


def keys(changes: tuple[Change, ...]) -> list[str]:
    return sorted(change.key for change in changes)


@given(TERMS)
def test_nothing_differs_from_itself(terms: Terms) -> None:
    assert difference(terms, terms) == Difference()


@given(TERMS, TERMS)
def test_whatever_allows_more_asks(old: Terms, new: Terms) -> None:
    """If nothing is asked, then all that is offered now was offered when the person agreed."""
    if difference(old, new).asks:
        return
    assert effective(narrow(most(old), most(new))) == effective(most(new))
    assert list(TimingTier).index(new.policy.timing) >= list(TimingTier).index(old.policy.timing)
    assert new.manifest.recipients() <= old.manifest.recipients()
    assert new.manifest.retention_days <= old.manifest.retention_days


@given(TERMS, TERMS)
def test_what_widens_one_way_narrows_the_other(old: Terms, new: Terms) -> None:
    there, back = difference(old, new), difference(new, old)
    widened = [OPPOSITE[c.key] for c in there.wider if c.key in OPPOSITE]
    assert sorted(widened) == keys(back.narrower)


@given(TERMS, TERMS, TERMS)
def test_narrowing_twice_is_narrowing(first: Terms, second: Terms, third: Terms) -> None:
    if not difference(first, second).asks and not difference(second, third).asks:
        assert not difference(first, third).asks


@given(TERMS, st.data())
def test_taking_away_never_asks(old: Terms, data: st.DataObject) -> None:
    """Fewer apps, fewer kinds, fewer readers, less time: with the notice following, and with no word of it asked."""
    apps = {
        r.id: (tuple(m for m in r.modalities if data.draw(st.booleans())), r.screen, r.executables)
        for r in old.policy.apps
        if data.draw(st.booleans())
    }
    readers = data.draw(st.integers(1, len(old.manifest.researchers)))
    days = data.draw(st.sampled_from([n for n in (30, 90, 180, 365) if n <= old.manifest.retention_days]))
    fewer = manifest_of(old.manifest.researchers[:readers], days, old.manifest.modalities)
    new = Terms(fewer, policy_of(apps, TimingTier.ORDER), "en")
    assert difference(old, new).wider == ()


def renamed(manifest: StudyManifest) -> StudyManifest:
    first, *rest = manifest.researchers
    return manifest.model_copy(update={"researchers": (first.model_copy(update={"name": "Somebody"}), *rest)})


def with_reader(manifest: StudyManifest) -> StudyManifest:
    return manifest.model_copy(update={"researchers": (*manifest.researchers, make_actor(WORLD.rng, "New").entry())})


def party(manifest: StudyManifest) -> StudyManifest:
    other = manifest.controller.model_copy(update={"party_name": "Another Ltd"})
    return manifest.model_copy(update={"controller": other})


def updated(**changes: object) -> Callable[[StudyManifest], StudyManifest]:
    return lambda manifest: manifest.model_copy(update=changes)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (with_reader, "reader.added"),
        (renamed, "reader.renamed"),
        (party, "controller.changed"),
        (updated(purpose="Something else."), "purpose.changed"),
        (updated(storage_location="US"), "storage_location.changed"),
        (updated(jurisdiction="US"), "jurisdiction.changed"),
        (updated(retention_days=3650), "retention.longer"),
        (updated(notices={"en": "Other words."}), "notice.changed"),
        (updated(notices={"de": "Nur auf Deutsch."}), "notice.changed"),
    ],
)
def test_each_change_of_a_study_is_told_by_its_name(change: Callable[[StudyManifest], StudyManifest], key: str) -> None:
    old = Terms(WORLD.manifest, WORLD.policy, "en")
    assert keys(difference(old, Terms(change(WORLD.manifest), WORLD.policy, "en")).wider) == [key]


def test_words_that_change_together_with_a_fact_still_ask() -> None:
    """A notice that promises less must not hide behind a reader who left."""
    old = Terms(manifest_of(READERS, 90, tuple(Modality)), WORLD.policy, "en")
    fewer = manifest_of(READERS[:2], 90, tuple(Modality))
    assert not difference(old, Terms(fewer, WORLD.policy, "en")).asks
    sly = fewer.model_copy(update={"notices": {"en": fewer.notices["en"] + "\n\nIt may be sold."}})
    assert keys(difference(old, Terms(sly, WORLD.policy, "en")).wider) == ["notice.changed"]


def test_the_name_of_an_app_is_no_change_but_its_programs_are() -> None:
    rule, *rest = WORLD.policy.apps
    more = (
        ({"executables": ("/usr/bin/other",)}, ["programs.added"]),
        ({"packages": ("deb:other",)}, ["programs.added"]),
    )
    for changes, expected in (({"name": "Post"}, []), *more):
        policy = WORLD.policy.model_copy(update={"apps": (rule.model_copy(update=changes), *rest)})
        found = difference(Terms(WORLD.manifest, WORLD.policy, "en"), Terms(WORLD.manifest, policy, "en"))
        assert keys(found.wider) == expected


HERE, THERE = "https://mail.example", "https://chat.example"


def of_sites(*origins: str) -> Terms:
    rule = WORLD.policy.apps[0].model_copy(update={"origins": origins or None})
    return Terms(WORLD.manifest, WORLD.policy.model_copy(update={"apps": (rule,)}), "en")


@pytest.mark.parametrize(
    ("before", "now", "wider", "narrower"),
    [
        ([HERE], [HERE], [], []),
        ([HERE], [HERE, THERE], ["sites.added"], []),
        ([HERE, THERE], [HERE], [], ["sites.removed"]),
        ([HERE], [THERE], ["sites.added"], ["sites.removed"]),
        ([HERE], [], ["sites.all"], []),
        ([], [HERE], [], ["sites.only"]),
    ],
)
def test_another_site_asks_again(before: list[str], now: list[str], wider: list[str], narrower: list[str]) -> None:
    found = difference(of_sites(*before), of_sites(*now))
    assert (keys(found.wider), keys(found.narrower)) == (wider, narrower)
    assert found.asks is bool(wider)
    for change in (*found.wider, *found.narrower):
        named = {*before} ^ {*now} if before and now else {*before, *now}
        assert all(set(change.facts["sites"].split(", ")) <= named for _ in [change])


def test_a_new_web_app_is_told_with_its_site() -> None:
    without = Terms(WORLD.manifest, WORLD.policy.model_copy(update={"apps": ()}), "en")
    (added,) = difference(without, of_sites(HERE, THERE)).wider
    assert (added.key, added.facts["sites"]) == ("web.added", f"{HERE}, {THERE}")
