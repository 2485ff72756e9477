"""The agent's life as tables: what the facts come to, and what has to be done when that changes.

The gate is never stored: it is worked out from :class:`Facts` each time, so that no path can leave it open by
forgetting to close it. ``conditions`` says which reason each fact clears; ``state`` and ``may_capture`` read it;
``effects`` says what follows when one state comes after another. Which happening changes which fact stands in
:mod:`agent.core.happenings`. ``docs/lifecycle.md`` is written from all of these.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache

import msgspec
from msgspec import Struct

from agent.core.reasons import REASONS
from schemas.status import ClosedReason as R
from schemas.status import State


class Facts(Struct, frozen=True, kw_only=True):
    """All that capture depends on, as last known. Every default is the one that closes the gate."""

    enrolled: bool = False
    consent: R | None = R.NO_CONSENT  # None: valid now; else why not
    switch: R | None = R.SWITCHED_OFF  # None: on; PAUSED or SWITCHED_OFF
    keys: bool = False
    policy: R | None = R.POLICY_MISSING  # None: signed and in force
    clock_trusted: bool = False
    desktop: R | None = R.DISPLAY_LOST  # None: usable; WAYLAND, PERMISSION_MISSING or DISPLAY_LOST
    sign_visible: bool = False
    session_active: bool = False
    spool_room: bool = False
    redaction_works: bool = False
    focus: R | None = R.FOCUS_UNKNOWN  # None: an agreed app; else why not

    def __repr__(self) -> str:
        """The reasons that stand in the way."""
        return f"<Facts closed by {[r.value for r in closed_by(self)]}>"


REMEMBERED = 64
"""Different facts whose reasons are kept: the daemon asks many times a second, and they seldom change."""


def _is(reason: R, field: Callable[[Facts], R | None]) -> Callable[[Facts], bool]:
    return lambda facts: field(facts) is not reason


_HOLDS: dict[R, Callable[[Facts], bool]] = {
    R.NOT_ENROLLED: lambda f: f.enrolled,
    R.NO_CONSENT: _is(R.NO_CONSENT, lambda f: f.consent),
    R.REFUSED: _is(R.REFUSED, lambda f: f.consent),
    R.WITHDRAWN: _is(R.WITHDRAWN, lambda f: f.consent),
    R.EXPIRED: _is(R.EXPIRED, lambda f: f.consent),
    R.CONSENT_CHANGED: _is(R.CONSENT_CHANGED, lambda f: f.consent),
    R.SWITCHED_OFF: _is(R.SWITCHED_OFF, lambda f: f.switch),
    R.PAUSED: _is(R.PAUSED, lambda f: f.switch),
    R.KEYS_UNAVAILABLE: lambda f: f.keys,
    R.POLICY_MISSING: _is(R.POLICY_MISSING, lambda f: f.policy),
    R.POLICY_UNSIGNED: _is(R.POLICY_UNSIGNED, lambda f: f.policy),
    R.POLICY_ROLLED_BACK: _is(R.POLICY_ROLLED_BACK, lambda f: f.policy),
    R.POLICY_REFUSED: _is(R.POLICY_REFUSED, lambda f: f.policy),
    R.POLICY_EXPIRED: _is(R.POLICY_EXPIRED, lambda f: f.policy),
    R.BLOCKED_BY_ORGANISATION: _is(R.BLOCKED_BY_ORGANISATION, lambda f: f.policy),
    R.CLOCK_UNTRUSTED: lambda f: f.clock_trusted,
    R.WAYLAND: _is(R.WAYLAND, lambda f: f.desktop),
    R.PERMISSION_MISSING: _is(R.PERMISSION_MISSING, lambda f: f.desktop),
    R.DISPLAY_LOST: _is(R.DISPLAY_LOST, lambda f: f.desktop),
    R.NO_SIGN: lambda f: f.sign_visible,
    R.SESSION_INACTIVE: lambda f: f.session_active,
    R.SPOOL_FULL: lambda f: f.spool_room,
    R.REDACTION_FAILING: lambda f: f.redaction_works,
    R.FOCUS_UNKNOWN: _is(R.FOCUS_UNKNOWN, lambda f: f.focus),
    R.APP_NOT_ALLOWED: _is(R.APP_NOT_ALLOWED, lambda f: f.focus),
    R.MODALITY_NOT_AGREED: _is(R.MODALITY_NOT_AGREED, lambda f: f.focus),
    R.SECURE_INPUT: _is(R.SECURE_INPUT, lambda f: f.focus),
    R.PRIVATE_WINDOW: _is(R.PRIVATE_WINDOW, lambda f: f.focus),
    R.ORIGIN_UNKNOWN: _is(R.ORIGIN_UNKNOWN, lambda f: f.focus),
}
"""For each reason, whether it does *not* apply."""


def conditions(facts: Facts) -> list[tuple[R, bool]]:
    """Every condition and whether it holds, in the order in which they are told to people."""
    return [(reason, _HOLDS[reason](facts)) for reason in REASONS]


def closed_by(facts: Facts) -> list[R]:
    """All reasons that close the gate now; empty if it is open."""
    return list(_closed_by(facts))


@lru_cache(maxsize=REMEMBERED)
def _closed_by(facts: Facts) -> tuple[R, ...]:
    return tuple(reason for reason, holds in conditions(facts) if not holds)


def may_capture(facts: Facts) -> bool:
    """True if nothing at all stands in the way."""
    return not _closed_by(facts)


def watches_focus(facts: Facts) -> bool:
    """True if only focus may stand in the way, so that it is worth looking which app is in front."""
    return all(REASONS[reason].state is State.IDLE for reason in _closed_by(facts))


def state(facts: Facts) -> State:
    """Where the agent stands."""
    closed = _closed_by(facts)
    return REASONS[closed[0]].state if closed else State.CAPTURING


def sentence(facts: Facts, app: str | None = None) -> str:
    """The state in words."""
    closed = closed_by(facts)
    if closed:
        return f"Nothing is captured. {REASONS[closed[0]].closed}"
    return f"Capturing in {app}." if app else "Capturing."


def changed(facts: Facts, **news: object) -> Facts:
    """The facts with some of them replaced.

    Raises:
        TypeError: there is no such fact.
    """
    return msgspec.structs.replace(facts, **news)


class Effect(StrEnum):
    """What is to be done, in the order in which it is done: no hook outlives the reason for it."""

    UNHOOK = "unhook"
    WIPE = "wipe"
    KEEP = "keep"
    SEAL = "seal"
    HOOK = "hook"
    SAY = "say"


EFFECT_WORDS: dict[Effect, str] = {
    Effect.UNHOOK: "let the system confirm that no input hook exists; idempotent",
    Effect.WIPE: "forget all that is in memory and not sealed, and count it as withdrawn; idempotent",
    Effect.KEEP: "finish what was captured through this gate: the person agreed to it",
    Effect.SEAL: "close the open batch, so that nothing waits in memory while nothing is captured",
    Effect.HOOK: "hook the agreed modalities of the one window in front",
    Effect.SAY: "have the sign show the new state",
}

_UNHOOK, _WIPE, _KEEP, _SEAL, _HOOK, _SAY = Effect
EFFECTS: dict[tuple[State, State], tuple[Effect, ...]] = {
    (State.OFF, State.OFF): (_UNHOOK, _WIPE),
    (State.OFF, State.PAUSED): (_UNHOOK, _SAY),
    (State.OFF, State.BLOCKED): (_UNHOOK, _SAY),
    (State.OFF, State.ERROR): (_UNHOOK, _SAY),
    (State.OFF, State.IDLE): (_UNHOOK, _SAY),
    (State.OFF, State.CAPTURING): (_HOOK, _SAY),
    (State.PAUSED, State.OFF): (_UNHOOK, _WIPE, _SAY),
    (State.PAUSED, State.PAUSED): (_UNHOOK,),
    (State.PAUSED, State.BLOCKED): (_UNHOOK, _SAY),
    (State.PAUSED, State.ERROR): (_UNHOOK, _SAY),
    (State.PAUSED, State.IDLE): (_UNHOOK, _SAY),
    (State.PAUSED, State.CAPTURING): (_HOOK, _SAY),
    (State.BLOCKED, State.OFF): (_UNHOOK, _WIPE, _SAY),
    (State.BLOCKED, State.PAUSED): (_UNHOOK, _SAY),
    (State.BLOCKED, State.BLOCKED): (_UNHOOK,),
    (State.BLOCKED, State.ERROR): (_UNHOOK, _SAY),
    (State.BLOCKED, State.IDLE): (_UNHOOK, _SAY),
    (State.BLOCKED, State.CAPTURING): (_HOOK, _SAY),
    (State.ERROR, State.OFF): (_UNHOOK, _WIPE, _SAY),
    (State.ERROR, State.PAUSED): (_UNHOOK, _SAY),
    (State.ERROR, State.BLOCKED): (_UNHOOK, _SAY),
    (State.ERROR, State.ERROR): (_UNHOOK,),
    (State.ERROR, State.IDLE): (_UNHOOK, _SAY),
    (State.ERROR, State.CAPTURING): (_HOOK, _SAY),
    (State.IDLE, State.OFF): (_UNHOOK, _WIPE, _SAY),
    (State.IDLE, State.PAUSED): (_UNHOOK, _SEAL, _SAY),
    (State.IDLE, State.BLOCKED): (_UNHOOK, _SEAL, _SAY),
    (State.IDLE, State.ERROR): (_UNHOOK, _SEAL, _SAY),
    (State.IDLE, State.IDLE): (_UNHOOK,),
    (State.IDLE, State.CAPTURING): (_HOOK, _SAY),
    (State.CAPTURING, State.OFF): (_UNHOOK, _WIPE, _SAY),
    (State.CAPTURING, State.PAUSED): (_UNHOOK, _KEEP, _SEAL, _SAY),
    (State.CAPTURING, State.BLOCKED): (_UNHOOK, _KEEP, _SEAL, _SAY),
    (State.CAPTURING, State.ERROR): (_UNHOOK, _KEEP, _SEAL, _SAY),
    (State.CAPTURING, State.IDLE): (_UNHOOK, _KEEP, _SAY),
    (State.CAPTURING, State.CAPTURING): (),
}
"""From the state before and the state after to what is to be done.

Unhooking and wiping stand in every row whose later state asks for them, also where they were done already. A window
that gives way to another, or to other terms, is left as if the focus were unknown in between.
"""


def effects(before: Facts, after: Facts) -> tuple[Effect, ...]:
    """What has to be done when these facts follow those."""
    return EFFECTS[state(before), state(after)]
