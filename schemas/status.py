"""What ``overt status --json`` says, and what the indicator shows. Only the person's own session can ask."""

from enum import StrEnum
from typing import Literal

from schemas.base import Document, Sensitivity, note
from schemas.events import Modality

WARNING_DAYS = 14
"""Days before its end from which on a person is told that their consent ends."""


class State(StrEnum):
    """Where the agent stands. The first that applies, in the order of :mod:`agent.core.lifecycle`."""

    OFF = "off"  # the person has not said yes, or said no
    IDLE = "idle"  # yes, and every condition holds but that an allowed app has focus
    CAPTURING = "capturing"
    PAUSED = "paused"
    BLOCKED = "blocked"  # something outside the person's hands closes the gate
    ERROR = "error"  # something broke and needs attention


class ClosedReason(StrEnum):
    """Everything that can close the gate."""

    NOT_ENROLLED = "not_enrolled"
    NO_CONSENT = "no_consent"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    CONSENT_CHANGED = "consent_changed"
    SWITCHED_OFF = "switched_off"
    PAUSED = "paused"
    POLICY_MISSING = "policy_missing"
    POLICY_UNSIGNED = "policy_unsigned"
    POLICY_ROLLED_BACK = "policy_rolled_back"
    POLICY_REFUSED = "policy_refused"
    POLICY_EXPIRED = "policy_expired"
    BLOCKED_BY_ORGANISATION = "blocked_by_organisation"
    NO_SIGN = "no_sign"
    SESSION_INACTIVE = "session_inactive"
    APP_NOT_ALLOWED = "app_not_allowed"
    MODALITY_NOT_AGREED = "modality_not_agreed"
    FOCUS_UNKNOWN = "focus_unknown"
    SECURE_INPUT = "secure_input"
    KEYBOARD_GRABBED = "keyboard_grabbed"
    PRIVATE_WINDOW = "private_window"
    ORIGIN_UNKNOWN = "origin_unknown"
    WAYLAND = "wayland"
    PERMISSION_MISSING = "permission_missing"
    DISPLAY_LOST = "display_lost"
    SPOOL_FULL = "spool_full"
    CLOCK_UNTRUSTED = "clock_untrusted"
    REDACTION_FAILING = "redaction_failing"
    KEYS_UNAVAILABLE = "keys_unavailable"


class Condition(Document):
    """One condition of capture, for ``overt why``."""

    reason: ClosedReason = note("what would close the gate")
    holds: bool = note("true: this does not stand in the way", sensitivity=Sensitivity.BEHAVIOUR)
    sentence: str = note("in words, as it is now", max_length=300)
    remedy: str = note("what would change it", max_length=300)


class Counts(Document):
    """Since the daemon started."""

    seen: int = note("observations that were decided on", sensitivity=Sensitivity.BEHAVIOUR, ge=0)
    kept: int = note("of those, became events", sensitivity=Sensitivity.BEHAVIOUR, ge=0)
    dropped: dict[str, int] = note("the others, by reason", sensitivity=Sensitivity.BEHAVIOUR)
    held: int = note("not decided yet, in memory", sensitivity=Sensitivity.BEHAVIOUR, ge=0)
    unsealed: int = note(
        "events in memory, in the batch that is still open", sensitivity=Sensitivity.BEHAVIOUR, ge=0, default=0
    )
    batches_waiting: int = note("sealed, not yet received by the collector", ge=0)
    batches_sent: int = note("receipts in hand", ge=0)
    batches_erasing: int = note("to be deleted by the collector, which has not confirmed it yet", ge=0, default=0)


class Waiting(StrEnum):
    """Why sealed batches are not being sent, though they could be."""

    METERED = "metered"
    BATTERY = "battery"


class Status(Document):
    """The agent's state in full."""

    version: Literal[1] = note("version of this form", default=1)
    state: State = note("where the agent stands", sensitivity=Sensitivity.BEHAVIOUR)
    sentence: str = note("the state in words", sensitivity=Sensitivity.BEHAVIOUR, max_length=300)
    conditions: tuple[Condition, ...] = note("everything that capture depends on")
    app: str | None = note("name of the app being captured", sensitivity=Sensitivity.BEHAVIOUR, default=None)
    modalities: tuple[Modality, ...] = note("what is being captured", sensitivity=Sensitivity.BEHAVIOUR, default=())
    hooks: tuple[Modality, ...] = note("input hooks that exist in the windowing system now", default=())
    study: str | None = note("title of the study", default=None)
    organisation: str | None = note("who runs it", default=None)
    collector: str | None = note("URL of the collector", default=None)
    paused_until: int | None = note("Unix time at which a pause ends", unit="s", default=None)
    consent_until: int | None = note(
        "Unix time at which the consent in force ends by itself; absent where none is in force",
        unit="s",
        sensitivity=Sensitivity.BEHAVIOUR,
        default=None,
    )
    ask_not_before: int | None = note(
        'Unix time before which nothing may ask by itself, because the person said "not now"; absent if they did not',
        unit="s",
        sensitivity=Sensitivity.BEHAVIOUR,
        default=None,
    )
    collector_reached: bool | None = note("the last attempt reached the collector; absent before any", default=None)
    sending_waits: Waiting | None = note(
        "why batches wait: the network is metered, or the battery low; absent where nothing holds them", default=None
    )
    policy_problem: str | None = note(
        "what is wrong with a policy file on this machine; absent where nothing is", max_length=600, default=None
    )
    keys_in: str | None = note("where the private keys lie, in words", default=None)
    counts: Counts = note("what was seen, kept and sent")
    pid: int = note("process id of the daemon", ge=0)
