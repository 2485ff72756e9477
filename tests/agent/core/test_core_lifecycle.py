"""The gate is open for one combination of facts only, and every other has a reason, a state and words."""

from itertools import product

import pytest

from agent.core import lifecycle
from agent.core.lifecycle import Facts, changed, closed_by, conditions, may_capture, sentence, state, watches_focus
from agent.core.reasons import REASONS
from schemas.status import ClosedReason as R
from schemas.status import State

CONSENT = (None, R.NO_CONSENT, R.REFUSED, R.WITHDRAWN, R.EXPIRED, R.CONSENT_CHANGED)
SWITCH = (None, R.SWITCHED_OFF, R.PAUSED)
POLICY = (
    None,
    R.POLICY_MISSING,
    R.POLICY_UNSIGNED,
    R.POLICY_ROLLED_BACK,
    R.POLICY_REFUSED,
    R.POLICY_EXPIRED,
    R.BLOCKED_BY_ORGANISATION,
)
DESKTOP = (None, R.WAYLAND, R.PERMISSION_MISSING, R.DISPLAY_LOST)
FOCUS = (
    None,
    R.FOCUS_UNKNOWN,
    R.APP_NOT_ALLOWED,
    R.MODALITY_NOT_AGREED,
    R.SECURE_INPUT,
    R.PRIVATE_WINDOW,
    R.ORIGIN_UNKNOWN,
)
ENUMS: dict[str, tuple[R | None, ...]] = {
    "consent": CONSENT,
    "switch": SWITCH,
    "policy": POLICY,
    "desktop": DESKTOP,
    "focus": FOCUS,
}
FLAGS: dict[str, R] = {
    "enrolled": R.NOT_ENROLLED,
    "keys": R.KEYS_UNAVAILABLE,
    "clock_trusted": R.CLOCK_UNTRUSTED,
    "sign_visible": R.NO_SIGN,
    "session_active": R.SESSION_INACTIVE,
    "spool_room": R.SPOOL_FULL,
    "redaction_works": R.REDACTION_FAILING,
}
OPEN = Facts(**dict.fromkeys(ENUMS), **dict.fromkeys(FLAGS, True))  # type: ignore[arg-type]
ORDER = list(REASONS)


def test_the_lists_above_are_all_facts_and_all_reasons() -> None:
    assert set(Facts.__struct_fields__) == ENUMS.keys() | FLAGS.keys()
    named = {r for values in ENUMS.values() for r in values if r} | set(FLAGS.values())
    assert named == set(R)


def test_open_means_open() -> None:
    assert may_capture(OPEN)
    assert state(OPEN) is State.CAPTURING
    assert closed_by(OPEN) == []
    assert sentence(OPEN, "Mail") == "Capturing in Mail."
    assert sentence(OPEN) == "Capturing."


def test_off_until_you_say_yes() -> None:
    """G1: nobody has to do anything for the gate to be closed, and no single fact opens it."""
    assert not may_capture(Facts())
    assert state(Facts()) is State.OFF
    for name in (*ENUMS, *FLAGS):
        one_fact_opens = changed(Facts(), **{name: None if name in ENUMS else True})
        assert not may_capture(one_fact_opens)
        if name != "session_active":  # a lock screen takes focus, which closes the gate by itself
            assert not may_capture(changed(OPEN, **{name: getattr(Facts(), name)}))


def test_every_combination_is_open_only_where_all_facts_are() -> None:
    """All 5,040 values of the five kinds of fact, each with all flags up and with each single flag down."""
    flag_sets = [dict.fromkeys(FLAGS, True), *({**dict.fromkeys(FLAGS, True), down: False} for down in FLAGS)]
    opened = 0
    for values in product(*ENUMS.values()):
        reasons = {value for value in values if value is not None}
        for flags in flag_sets:
            facts = Facts(**dict(zip(ENUMS, values, strict=True)), **flags)  # type: ignore[arg-type]
            expected = reasons | {FLAGS[name] for name, up in flags.items() if not up}
            found = closed_by(facts)
            assert set(found) == expected
            assert found == sorted(expected, key=ORDER.index)
            opened += may_capture(facts)
    assert opened == 1


@pytest.mark.parametrize("flags", list(product((True, False), repeat=len(FLAGS))))
def test_every_combination_of_flags(flags: tuple[bool, ...]) -> None:
    facts = changed(OPEN, **dict(zip(FLAGS, flags, strict=True)))
    assert may_capture(facts) is all(flags)


@pytest.mark.parametrize("reason", list(R))
def test_each_reason_closes_alone_and_says_why(reason: R) -> None:
    facts = _with(reason)
    assert closed_by(facts) == [reason]
    assert not may_capture(facts)
    assert state(facts) is REASONS[reason].state
    assert sentence(facts) == f"Nothing is captured. {REASONS[reason].closed}"
    assert dict(conditions(facts)) == {r: r is not reason for r in R}


def test_the_first_reason_names_the_state() -> None:
    for earlier, later in product(ORDER, ORDER):
        if ORDER.index(earlier) < ORDER.index(later) and not _same_fact(earlier, later):
            facts = _with(later, _with(earlier))
            assert state(facts) is REASONS[earlier].state
            assert closed_by(facts) == [earlier, later]
            assert sentence(facts) == f"Nothing is captured. {REASONS[earlier].closed}"


def test_the_order_of_states_is_off_before_all_and_idle_last() -> None:
    """A person who said no is told that first; what app is in front matters only where all else holds."""
    states = [words.state for words in REASONS.values()]
    assert max(i for i, s in enumerate(states) if s is State.OFF) < states.index(State.BLOCKED)
    assert states.index(State.PAUSED) < states.index(State.BLOCKED)
    first_idle = states.index(State.IDLE)
    assert all(s is State.IDLE for s in states[first_idle:])


def test_focus_is_watched_exactly_while_only_focus_stands_in_the_way() -> None:
    for reason in R:
        assert watches_focus(_with(reason)) is (reason in FOCUS)
    assert watches_focus(OPEN)
    assert not watches_focus(Facts())


def test_facts_print_reasons_only() -> None:
    assert repr(_with(R.PAUSED)) == "<Facts closed by ['paused']>"


def test_there_is_no_other_fact() -> None:
    with pytest.raises(TypeError):
        changed(OPEN, override=True)
    assert not [name for name in vars(lifecycle) if "force" in name or "override" in name]


def _with(reason: R, facts: Facts = OPEN) -> Facts:
    for name, flag in FLAGS.items():
        if flag is reason:
            return changed(facts, **{name: False})
    name = next(name for name, values in ENUMS.items() if reason in values)
    return changed(facts, **{name: reason})


def _same_fact(a: R, b: R) -> bool:
    return any(a in values and b in values for values in ENUMS.values())
