"""Everything that can happen, in every situation in which it can, against the promises G1 to G5.

A fact vector is one value of each fact. Facts are changed one by one, so all vectors that can be reached are the
product of the values that each fact can have; :func:`test_every_vector_can_be_reached` shows that none is left out.
"""

from collections import deque
from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest

from agent.core.happenings import HAPPENINGS, LIVE, Change, Happening, Row, Value, after
from agent.core.lifecycle import EFFECT_WORDS, EFFECTS, Effect, Facts, changed, effects, may_capture, state
from agent.core.reasons import REASONS
from agent.core.scope import narrow
from schemas.events import Modality
from schemas.scope import AppScope, Scope, ScreenMode, TimingTier
from schemas.status import ClosedReason as R
from schemas.status import State
from tests.agent.core.vectors import CLOSED, FACTS, OPEN

H, E, S = Happening, Effect, State
CEREMONY = {H.CONSENT_GIVEN, H.SWITCHED_ON}
NO = {H.CONSENT_REFUSED: R.REFUSED, H.CONSENT_WITHDRAWN: R.WITHDRAWN, H.CONSENT_EXPIRED: R.EXPIRED}
POLICY = {h for h in Happening if h.startswith("policy")}
DISK = ("enrolled", "consent", "switch", "keys", "policy", "clock_trusted")
RARE = ("enrolled", "keys", "clock_trusted", "session_active", "spool_room", "redaction_works")
"""Flags that are told apart by their reason only: each is looked at up, and down with the others up."""
EFFECT_ORDER = tuple(Effect)

state_of = cache(state)


def vectors() -> Iterator[Facts]:
    """Every vector with the rare flags up; with one of them down, focus is known to be right or just unknown."""
    often = [name for name in FACTS if name not in RARE]
    for values in product(*(FACTS[name] for name in often)):
        facts = changed(OPEN, **dict(zip(often, values, strict=True)))
        yield facts
        if facts.focus in (None, R.FOCUS_UNKNOWN):
            for name in RARE:
                yield changed(facts, **{name: False})


def reached(without: set[Happening]) -> dict[str, set[Value]]:
    """The values that each fact can come to from the first start on, if some things never happen."""
    found: dict[str, set[Value]] = {name: {getattr(Facts(), name)} for name in FACTS}
    todo = deque((name, value) for name, values in found.items() for value in values)
    while todo:
        name, value = todo.popleft()
        for happening in set(Happening) - without:
            new = getattr(after(changed(OPEN, **{name: value}), happening), name)
            if new not in found[name]:
                found[name].add(new)
                todo.append((name, new))
    return found


def test_every_happening_has_its_row_and_its_words() -> None:
    assert list(HAPPENINGS) == list(Happening)
    assert list(EFFECT_WORDS) == list(Effect)
    for row in HAPPENINGS.values():
        assert row.words
        assert row.changes
        for change in row.changes:
            assert change.to in FACTS[change.fact]
            assert change.only_from is None or change.only_from <= set(FACTS[change.fact])


SETS: dict[Happening, dict[str, Value]] = {
    H.ENROLLED: {"enrolled": True, "consent": R.NO_CONSENT, "keys": True, "policy": None},
    H.LEFT: {"enrolled": False, "consent": R.NO_CONSENT, "keys": False, "policy": R.POLICY_MISSING},
    H.CONSENT_GIVEN: {"consent": None},
    H.CONSENT_REFUSED: {"consent": R.REFUSED},
    H.CONSENT_WITHDRAWN: {"consent": R.WITHDRAWN},
    H.CONSENT_EXPIRED: {"consent": R.EXPIRED},
    H.CONSENT_CHANGED: {"consent": R.CONSENT_CHANGED},
    H.SWITCHED_ON: {"switch": None},
    H.SWITCHED_OFF: {"switch": R.SWITCHED_OFF},
    H.PAUSED: {"switch": R.PAUSED},
    H.RESUMED: {"switch": None},
    H.PAUSE_ENDED: {"switch": None},
    H.KEYS_LOST: {"keys": False},
    H.KEYS_BACK: {"keys": True},
    H.POLICY_PUSHED: {"policy": None},
    H.POLICY_GONE: {"policy": R.POLICY_MISSING},
    H.POLICY_UNSIGNED: {"policy": R.POLICY_UNSIGNED},
    H.POLICY_ROLLED_BACK: {"policy": R.POLICY_ROLLED_BACK},
    H.POLICY_REFUSED: {"policy": R.POLICY_REFUSED},
    H.POLICY_EXPIRED: {"policy": R.POLICY_EXPIRED},
    H.POLICY_BLOCKED: {"policy": R.BLOCKED_BY_ORGANISATION},
    H.CLOCK_BACK: {"clock_trusted": False},
    H.CLOCK_TRUSTED: {"clock_trusted": True},
    H.DESKTOP_BACK: {"desktop": None},
    H.DESKTOP_LOST: {"desktop": R.DISPLAY_LOST},
    H.DESKTOP_WAYLAND: {"desktop": R.WAYLAND},
    H.PERMISSION_MISSING: {"desktop": R.PERMISSION_MISSING},
    H.SIGN_SHOWN: {"sign_visible": True},
    H.SIGN_GONE: {"sign_visible": False},
    H.SESSION_ACTIVE: {"session_active": True},
    H.SESSION_LOCKED: {"session_active": False},
    H.SESSION_SUSPENDED: {"session_active": False},
    H.SPOOL_FULL: {"spool_room": False},
    H.SPOOL_ROOM: {"spool_room": True},
    H.REDACTION_FAILED: {"redaction_works": False},
    H.REDACTION_WORKS: {"redaction_works": True},
    H.FOCUS_ALLOWED: {"focus": None},
    H.FOCUS_FORBIDDEN: {"focus": R.APP_NOT_ALLOWED},
    H.FOCUS_NOT_AGREED: {"focus": R.MODALITY_NOT_AGREED},
    H.FOCUS_UNKNOWN: {"focus": R.FOCUS_UNKNOWN},
    H.FOCUS_SECURE: {"focus": R.SECURE_INPUT},
    H.FOCUS_PRIVATE: {"focus": R.PRIVATE_WINDOW},
    H.FOCUS_ORIGIN_UNKNOWN: {"focus": R.ORIGIN_UNKNOWN},
    H.STARTED: {name: value for name, value in CLOSED.items() if name not in DISK},
}
"""What each happening makes of the facts, written down a second time."""
ONLY_FROM: dict[Happening, set[Value]] = {
    H.CONSENT_WITHDRAWN: {None, R.EXPIRED, R.CONSENT_CHANGED},
    H.CONSENT_EXPIRED: {None, R.CONSENT_CHANGED},
    H.CONSENT_CHANGED: {None, R.EXPIRED},
    H.PAUSED: {None, R.PAUSED},
    H.RESUMED: {R.PAUSED},
    H.PAUSE_ENDED: {R.PAUSED},
    H.POLICY_EXPIRED: {None},
}


def test_the_rows_say_what_is_written_here() -> None:
    for happening, row in HAPPENINGS.items():
        assert {change.fact: change.to for change in row.changes} == SETS[happening]
        assert len(row.changes) == len(SETS[happening])
        for change in row.changes:
            assert (set(change.only_from) if change.only_from else None) == ONLY_FROM.get(happening)


def test_every_fact_begins_as_the_value_that_closes() -> None:
    assert {name: getattr(Facts(), name) for name in FACTS} == CLOSED


def test_what_no_disk_keeps_is_known_as_such() -> None:
    assert {*LIVE, *DISK} == set(FACTS)
    assert not set(LIVE) & set(DISK)


def test_every_vector_can_be_reached() -> None:
    """No value of a fact is only there on paper, and none can come that the tests below do not try."""
    assert reached(set()) == {name: set(values) for name, values in FACTS.items()}


def test_a_happening_changes_what_its_row_says_and_nothing_else() -> None:
    """So that the facts are independent, and their product is all that can be reached."""
    for happening, row in HAPPENINGS.items():
        named = {change.fact: change for change in row.changes}
        for name, values in FACTS.items():
            for value in values:
                facts = changed(OPEN, **{name: value})
                then = after(facts, happening)
                for other in set(FACTS) - named.keys():
                    assert getattr(then, other) is getattr(facts, other)
                if name in named:
                    change = named[name]
                    stays = change.only_from is not None and value not in change.only_from
                    assert getattr(then, name) is (value if stays else change.to)


def test_all_vectors_times_all_happenings() -> None:
    """G1, G2, G4, G5 at every step that there is, and what may open the gate is on this list."""
    steps = 0
    opens = set()
    for facts in vectors():
        before = state_of(facts)
        for happening in Happening:
            then = after(facts, happening)
            steps += 1
            if then == facts:
                continue  # the table's diagonal, which test_the_effects_of_every_pair_of_states looks at
            now = state_of(then)
            check(facts, happening, then, (before, now))
            if now is S.CAPTURING:
                opens.add(happening)
    undone = {H.CLOCK_TRUSTED, H.DESKTOP_BACK, H.KEYS_BACK, H.SPOOL_ROOM, H.REDACTION_WORKS, H.SESSION_ACTIVE}
    pause = {H.RESUMED, H.PAUSE_ENDED}
    assert opens == CEREMONY | pause | undone | {H.SIGN_SHOWN, H.FOCUS_ALLOWED, H.POLICY_PUSHED}
    assert steps > 500_000


def check(facts: Facts, happening: Happening, then: Facts, states: tuple[State, State]) -> None:
    """What must hold of one step."""
    before, now = states
    todo = EFFECTS[states]
    if now is S.CAPTURING:
        assert then == OPEN  # consent, switch, sign and all the rest
        assert happening not in (H.SIGN_GONE, H.STARTED)  # G2
    if happening not in CEREMONY:
        assert then.consent is not None or facts.consent is None  # G1
        assert then.switch is not None or facts.switch is not R.SWITCHED_OFF  # G5
        assert now is S.OFF or before is not S.OFF or happening is H.ENROLLED
    if happening in POLICY:
        assert changed(then, policy=facts.policy) == facts  # G4
    assert (E.HOOK in todo) is (now is S.CAPTURING and before is not S.CAPTURING)
    assert (E.UNHOOK in todo) is (now is not S.CAPTURING)
    assert (E.WIPE in todo) is (now is S.OFF)
    if happening in NO and then.consent is NO[happening]:
        assert E.WIPE in todo


def test_g1_without_the_ceremony_nothing_is_ever_agreed_to_or_on() -> None:
    others = reached(CEREMONY)
    assert None not in others["consent"]
    assert others["switch"] == {R.SWITCHED_OFF}
    assert None not in reached({H.CONSENT_GIVEN})["consent"]
    assert reached({H.SWITCHED_ON})["switch"] == {R.SWITCHED_OFF}


def test_g5_off_is_absorbing_and_a_pause_is_not() -> None:
    for switch, happening in product((R.SWITCHED_OFF, R.PAUSED, None), Happening):
        then = after(changed(OPEN, switch=switch), happening).switch
        if switch is R.SWITCHED_OFF:
            assert then is (None if happening is H.SWITCHED_ON else R.SWITCHED_OFF)
        elif switch is R.PAUSED:
            ends = {H.PAUSE_ENDED: None, H.RESUMED: None, H.SWITCHED_ON: None, H.SWITCHED_OFF: R.SWITCHED_OFF}
            assert then is ends.get(happening, R.PAUSED)
        else:
            assert then is {H.PAUSED: R.PAUSED, H.SWITCHED_OFF: R.SWITCHED_OFF}.get(happening)


@pytest.mark.parametrize("first", list(Happening))
def test_a_crash_at_every_point_leaves_what_the_disk_says(first: Happening) -> None:
    for second in Happening:
        facts = after(after(OPEN, first), second)
        restarted = after(facts, H.STARTED)
        assert not may_capture(restarted)
        assert state(restarted) in (S.OFF, S.PAUSED, S.ERROR, S.BLOCKED)
        for name in FACTS:
            kept = facts if name in DISK else Facts()
            assert getattr(restarted, name) is getattr(kept, name)


@pytest.mark.parametrize(
    "writes",
    [
        (H.SWITCHED_OFF, H.CONSENT_WITHDRAWN),
        (H.SWITCHED_OFF, H.CONSENT_REFUSED),
        (H.CONSENT_GIVEN, H.SWITCHED_ON),
    ],
)
def test_a_crash_between_any_two_writes_is_never_a_yes(writes: tuple[Happening, Happening]) -> None:
    """The programs write in this order; whichever write was the last, an unfinished yes is off, a begun no is off."""
    begin = changed(OPEN, switch=R.SWITCHED_OFF, consent=R.WITHDRAWN) if H.SWITCHED_ON in writes else OPEN
    one = after(begin, writes[0])
    assert state(after(one, H.STARTED)) is S.OFF
    assert state(one) is S.OFF
    both = after(one, writes[1])
    assert state(both) is (S.CAPTURING if H.SWITCHED_ON in writes else S.OFF)


def test_two_devices_are_two_lives() -> None:
    """What happens to one changes nothing of the other, in whatever order."""
    for first, second in product(Happening, Happening):
        here, there = OPEN, Facts()
        here, there = after(here, first), after(there, second)
        alone = after(Facts(), second), after(OPEN, first)
        assert (there, here) == alone
        assert Facts() == Facts(consent=R.NO_CONSENT, switch=R.SWITCHED_OFF, sign_visible=False)


def test_the_effects_of_every_pair_of_states() -> None:
    """The table, said the other way round: effect by effect."""
    assert set(EFFECTS) == set(product(State, State))
    waits = {S.IDLE, S.CAPTURING}
    for (before, now), todo in EFFECTS.items():
        assert list(todo) == sorted(set(todo), key=EFFECT_ORDER.index)
        assert set(todo) == {
            *([E.UNHOOK] if now is not S.CAPTURING else []),
            *([E.WIPE] if now is S.OFF else []),
            *([E.KEEP] if before is S.CAPTURING and now not in (S.OFF, S.CAPTURING) else []),
            *([E.SEAL] if before in waits and now in (S.PAUSED, S.BLOCKED, S.ERROR) else []),
            *([E.HOOK] if now is S.CAPTURING and before is not S.CAPTURING else []),
            *([E.SAY] if before is not now else []),
        }


def test_effects_come_from_the_states_of_the_facts() -> None:
    some = {words.state: changed(OPEN, **_closing(reason)) for reason, words in REASONS.items()} | {S.CAPTURING: OPEN}
    assert set(some) == set(State)
    for before, now in product(State, State):
        assert effects(some[before], some[now]) == EFFECTS[before, now]


def _closing(reason: R) -> dict[str, object]:
    for row in HAPPENINGS.values():
        for change in row.changes:
            closed = changed(OPEN, **{change.fact: change.to})
            if state(closed) is REASONS[reason].state and not may_capture(closed):
                return {change.fact: change.to}
    raise AssertionError(reason)


MODALITIES = tuple(
    tuple(m for m, taken in zip(sorted(Modality), bits, strict=True) if taken)
    for bits in product((False, True), repeat=len(Modality))
)
SCOPES = [
    Scope(apps=apps, timing=timing)
    for timing in TimingTier
    for apps in ((), *((AppScope(app="a", modalities=m, screen=s),) for m in MODALITIES for s in ScreenMode))
]


def test_g4_every_policy_only_narrows_every_consent() -> None:
    """All scopes over one app, pair by pair: apps never act on each other, which test_core_scope.py draws at random."""
    tiers, screens = tuple(TimingTier), tuple(ScreenMode)
    for consent, policy in product(SCOPES, SCOPES):
        both = narrow(consent, policy)
        expected = consent.of("a") & policy.of("a")
        if ScreenMode.NONE in [a.screen for scope in (consent, policy) for a in scope.apps]:
            expected -= {Modality.SCREEN}
        assert both.of("a") == expected
        assert bool(both.apps) is bool(expected)
        for side in (consent, policy):
            assert tiers.index(both.timing) >= tiers.index(side.timing)
            for app in both.apps:
                assert screens.index(app.screen) >= screens.index(side.apps[0].screen)
        if both.apps:
            assert both.apps[0].screen in (consent.apps[0].screen, policy.apps[0].screen)
        assert both.timing in (consent.timing, policy.timing)


def test_rows_cannot_be_changed() -> None:
    row = HAPPENINGS[H.PAUSED]
    for thing, name in ((row, "changes"), (row.changes[0], "to"), (OPEN, "consent")):
        with pytest.raises(AttributeError):
            setattr(thing, name, None)
    with pytest.raises(TypeError):
        Facts(True)  # type: ignore[call-arg]
    assert hash(Row("words", ())) == hash(Row("words", ()))
    assert Change("keys", to=True) == Change("keys", True, None)
