"""What ``overt status --json`` says, and what the indicator shows. Only the person's own session can ask.

Structs and not pydantic models, because the indicator reads them and lives for days: pydantic takes 20 MB there.
"""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.events import Modality
from schemas.sensitivity import BEHAVIOUR, PUBLIC, note

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


class Condition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One condition of capture, for ``overt why``."""

    reason: Annotated[ClosedReason, note("what would close the gate", PUBLIC)]
    holds: Annotated[bool, note("true: this does not stand in the way", BEHAVIOUR)]
    sentence: Annotated[str, note("in words, as it is now", PUBLIC, max_length=300)]
    remedy: Annotated[str, note("what would change it", PUBLIC, max_length=300)]


class Counts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Since the daemon started."""

    seen: Annotated[int, note("observations that were decided on", BEHAVIOUR, ge=0)]
    kept: Annotated[int, note("of those, became events", BEHAVIOUR, ge=0)]
    dropped: Annotated[dict[str, int], note("the others, by reason", BEHAVIOUR)]
    held: Annotated[int, note("not decided yet, in memory", BEHAVIOUR, ge=0)]
    unsealed: Annotated[int, note("events in memory, in the batch that is still open", BEHAVIOUR, ge=0)] = 0
    batches_waiting: Annotated[int, note("sealed, not yet received by the collector", PUBLIC, ge=0)]
    batches_sent: Annotated[int, note("receipts in hand", PUBLIC, ge=0)]
    batches_erasing: Annotated[
        int, note("to be deleted by the collector, which has not confirmed it yet", PUBLIC, ge=0)
    ] = 0


class Waiting(StrEnum):
    """Why sealed batches are not being sent, though they could be."""

    METERED = "metered"
    BATTERY = "battery"


class Status(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The agent's state in full."""

    version: Annotated[Literal[1], note("version of this form", PUBLIC)] = 1
    state: Annotated[State, note("where the agent stands", BEHAVIOUR)]
    sentence: Annotated[str, note("the state in words", BEHAVIOUR, max_length=300)]
    conditions: Annotated[tuple[Condition, ...], note("everything that capture depends on", PUBLIC)]
    app: Annotated[str | None, note("name of the app being captured", BEHAVIOUR)] = None
    modalities: Annotated[tuple[Modality, ...], note("what is being captured", BEHAVIOUR)] = ()
    hooks: Annotated[tuple[Modality, ...], note("input hooks that exist in the windowing system now", PUBLIC)] = ()
    study: Annotated[str | None, note("title of the study", PUBLIC)] = None
    organisation: Annotated[str | None, note("who runs it", PUBLIC)] = None
    collector: Annotated[str | None, note("URL of the collector", PUBLIC)] = None
    paused_until: Annotated[int | None, note("Unix time at which a pause ends", PUBLIC, unit="s")] = None
    consent_until: Annotated[
        int | None,
        note(
            "Unix time at which the consent in force ends by itself; absent where none is in force", BEHAVIOUR, unit="s"
        ),
    ] = None
    ask_not_before: Annotated[
        int | None,
        note(
            'Unix time before which nothing may ask by itself, because the person said "not now"; absent if they did '
            "not",
            BEHAVIOUR,
            unit="s",
        ),
    ] = None
    collector_reached: Annotated[
        bool | None, note("the last attempt reached the collector; absent before any", PUBLIC)
    ] = None
    sending_waits: Annotated[
        Waiting | None,
        note("why batches wait: the network is metered, or the battery low; absent where nothing holds them", PUBLIC),
    ] = None
    policy_problem: Annotated[
        Annotated[str, Meta(max_length=600)] | None,
        note("what is wrong with a policy file on this machine; absent where nothing is", PUBLIC),
    ] = None
    keys_in: Annotated[str | None, note("where the private keys lie, in words", PUBLIC)] = None
    counts: Annotated[Counts, note("what was seen, kept and sent", PUBLIC)]
    pid: Annotated[int, note("process id of the daemon", PUBLIC, ge=0)]
