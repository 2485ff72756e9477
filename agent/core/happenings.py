"""Everything that can happen to the agent, and which facts each changes: one half of the transition table.

The other half is :func:`agent.core.lifecycle.effects`. A happening never opens a gate; it changes facts, and the gate
is worked out from all of them. The daemon reads most facts anew instead of keeping count of happenings, so what stands
here is the model that its tests hold it to.
"""

from enum import StrEnum

from msgspec import Struct

from agent.core.lifecycle import Facts, changed
from schemas.status import ClosedReason as R

Value = R | bool | None


class Happening(StrEnum):
    """What can happen. Only the two marked so are ever written by the ceremony's yes."""

    ENROLLED = "enrolled"
    LEFT = "left"
    CONSENT_GIVEN = "consent_given"  # the ceremony
    CONSENT_REFUSED = "consent_refused"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_EXPIRED = "consent_expired"
    CONSENT_CHANGED = "consent_changed"
    SWITCHED_ON = "switched_on"  # the ceremony
    SWITCHED_OFF = "switched_off"
    PAUSED = "paused"
    RESUMED = "resumed"
    PAUSE_ENDED = "pause_ended"
    KEYS_LOST = "keys_lost"
    KEYS_BACK = "keys_back"
    POLICY_PUSHED = "policy_pushed"
    POLICY_GONE = "policy_gone"
    POLICY_UNSIGNED = "policy_unsigned"
    POLICY_ROLLED_BACK = "policy_rolled_back"
    POLICY_REFUSED = "policy_refused"
    POLICY_EXPIRED = "policy_expired"
    POLICY_BLOCKED = "policy_blocked"
    CLOCK_BACK = "clock_back"
    CLOCK_TRUSTED = "clock_trusted"
    DESKTOP_BACK = "desktop_back"
    DESKTOP_LOST = "desktop_lost"
    DESKTOP_WAYLAND = "desktop_wayland"
    PERMISSION_MISSING = "permission_missing"
    SIGN_SHOWN = "sign_shown"
    SIGN_GONE = "sign_gone"
    SESSION_ACTIVE = "session_active"
    SESSION_LOCKED = "session_locked"
    SESSION_SUSPENDED = "session_suspended"
    SPOOL_FULL = "spool_full"
    SPOOL_ROOM = "spool_room"
    REDACTION_FAILED = "redaction_failed"
    REDACTION_WORKS = "redaction_works"
    FOCUS_ALLOWED = "focus_allowed"
    FOCUS_FORBIDDEN = "focus_forbidden"
    FOCUS_NOT_AGREED = "focus_not_agreed"
    FOCUS_UNKNOWN = "focus_unknown"
    FOCUS_SECURE = "focus_secure"
    FOCUS_GRABBED = "focus_grabbed"
    FOCUS_PRIVATE = "focus_private"
    FOCUS_ORIGIN_UNKNOWN = "focus_origin_unknown"
    STARTED = "started"


class Change(Struct, frozen=True):
    """One fact's new value."""

    fact: str
    to: Value
    only_from: frozenset[Value] | None = None  # the values that it replaces; any other stays. ``None``: all


class Row(Struct, frozen=True):
    """What a happening is, in words, and what it changes."""

    words: str
    changes: tuple[Change, ...]


def _sets(words: str, fact: str, to: Value, *only_from: Value) -> Row:
    return Row(words, (Change(fact, to, frozenset(only_from) if only_from else None),))


LIVE = ("desktop", "sign_visible", "session_active", "spool_room", "redaction_works", "focus")
"""Facts that no disk keeps: a daemon that starts knows none of them, after a crash as after a reboot."""

_H = Happening
HAPPENINGS: dict[Happening, Row] = {
    _H.ENROLLED: Row(
        "the machine is enrolled in a study; nobody was asked yet",
        (
            Change("enrolled", to=True),
            Change("consent", R.NO_CONSENT),
            Change("keys", to=True),
            Change("policy", None),
        ),
    ),
    _H.LEFT: Row(
        "the enrolment is gone, and what it said with it",
        (
            Change("enrolled", to=False),
            Change("consent", R.NO_CONSENT),
            Change("keys", to=False),
            Change("policy", R.POLICY_MISSING),
        ),
    ),
    _H.CONSENT_GIVEN: _sets("the person said yes in the ceremony, and it is in the ledger", "consent", None),
    _H.CONSENT_REFUSED: _sets("the person said no", "consent", R.REFUSED),
    _H.CONSENT_WITHDRAWN: _sets(
        "the person took their yes back", "consent", R.WITHDRAWN, None, R.EXPIRED, R.CONSENT_CHANGED
    ),
    _H.CONSENT_EXPIRED: _sets("the time of the yes ran out", "consent", R.EXPIRED, None, R.CONSENT_CHANGED),
    _H.CONSENT_CHANGED: _sets("the study became another one", "consent", R.CONSENT_CHANGED, None, R.EXPIRED),
    _H.SWITCHED_ON: _sets("the ceremony turned the switch on, after the yes was kept", "switch", None),
    _H.SWITCHED_OFF: _sets("the person switched off", "switch", R.SWITCHED_OFF),
    _H.PAUSED: _sets("the person paused", "switch", R.PAUSED, None, R.PAUSED),
    _H.RESUMED: _sets("the person ended the pause", "switch", None, R.PAUSED),
    _H.PAUSE_ENDED: _sets("the pause's time ran out", "switch", None, R.PAUSED),
    _H.KEYS_LOST: _sets("the keyring is locked or the key is gone", "keys", to=False),
    _H.KEYS_BACK: _sets("the device's key can be read again", "keys", to=True),
    _H.POLICY_PUSHED: _sets("a policy came that is signed and in force", "policy", None),
    _H.POLICY_GONE: _sets("there is no policy that can be read", "policy", R.POLICY_MISSING),
    _H.POLICY_UNSIGNED: _sets("a policy came that the organisation did not sign", "policy", R.POLICY_UNSIGNED),
    _H.POLICY_ROLLED_BACK: _sets("an older policy was put back in its place", "policy", R.POLICY_ROLLED_BACK),
    _H.POLICY_REFUSED: _sets("a policy file on this machine cannot be believed", "policy", R.POLICY_REFUSED),
    _H.POLICY_EXPIRED: _sets("the policy's time ran out", "policy", R.POLICY_EXPIRED, None),
    _H.POLICY_BLOCKED: _sets("the organisation switched capture off", "policy", R.BLOCKED_BY_ORGANISATION),
    _H.CLOCK_BACK: _sets("the clock was set to before the yes", "clock_trusted", to=False),
    _H.CLOCK_TRUSTED: _sets("the clock fits the yes again", "clock_trusted", to=True),
    _H.DESKTOP_BACK: _sets("the display is there", "desktop", None),
    _H.DESKTOP_LOST: _sets("the display went away", "desktop", R.DISPLAY_LOST),
    _H.DESKTOP_WAYLAND: _sets("the session turned out to be Wayland", "desktop", R.WAYLAND),
    _H.PERMISSION_MISSING: _sets("the system does not permit capture", "desktop", R.PERMISSION_MISSING),
    _H.SIGN_SHOWN: _sets("the sign is visible", "sign_visible", to=True),
    _H.SIGN_GONE: _sets("the sign is covered, hidden, frozen or gone", "sign_visible", to=False),
    _H.SESSION_ACTIVE: _sets("the session is unlocked and in front", "session_active", to=True),
    _H.SESSION_LOCKED: _sets(
        "the screen was locked, or another person's session is in front", "session_active", to=False
    ),
    _H.SESSION_SUSPENDED: _sets("the machine goes to sleep", "session_active", to=False),
    _H.SPOOL_FULL: _sets("sealed batches wait, too many or for too long", "spool_room", to=False),
    _H.SPOOL_ROOM: _sets("there is room for sealed batches", "spool_room", to=True),
    _H.REDACTION_FAILED: _sets("redaction failed too often", "redaction_works", to=False),
    _H.REDACTION_WORKS: _sets("redaction passed its test", "redaction_works", to=True),
    _H.FOCUS_ALLOWED: _sets("an agreed app came to the front", "focus", None),
    _H.FOCUS_FORBIDDEN: _sets("an app came to the front that is not on the list", "focus", R.APP_NOT_ALLOWED),
    _H.FOCUS_NOT_AGREED: _sets(
        "an app came to the front in which nothing was agreed to", "focus", R.MODALITY_NOT_AGREED
    ),
    _H.FOCUS_UNKNOWN: _sets("it cannot be told what is in front", "focus", R.FOCUS_UNKNOWN),
    _H.FOCUS_SECURE: _sets("a password or another secure input has focus", "focus", R.SECURE_INPUT),
    _H.FOCUS_GRABBED: _sets("a program took the keyboard for itself alone", "focus", R.KEYBOARD_GRABBED),
    _H.FOCUS_PRIVATE: _sets("a private window has focus", "focus", R.PRIVATE_WINDOW),
    _H.FOCUS_ORIGIN_UNKNOWN: _sets("a browser is in front and its site is unknown", "focus", R.ORIGIN_UNKNOWN),
    _H.STARTED: Row(
        "the daemon starts, after a crash or not: the disk is all that it knows",
        tuple(Change(fact, getattr(Facts(), fact)) for fact in LIVE),
    ),
}
"""Every happening. A test holds that each has a row and that each reason comes from one."""


def after(facts: Facts, happening: Happening) -> Facts:
    """The facts once this has happened."""
    news = {
        change.fact: change.to
        for change in HAPPENINGS[happening].changes
        if change.only_from is None or getattr(facts, change.fact) in change.only_from
    }
    return changed(facts, **news)
