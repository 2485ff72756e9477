"""Every value that each fact can have, written down apart from the tables that are tested with it."""

from agent.core.happenings import Value
from agent.core.lifecycle import Facts
from schemas.status import ClosedReason as R

FACTS: dict[str, tuple[Value, ...]] = {
    "enrolled": (True, False),
    "consent": (None, R.NO_CONSENT, R.REFUSED, R.WITHDRAWN, R.EXPIRED, R.CONSENT_CHANGED),
    "switch": (None, R.SWITCHED_OFF, R.PAUSED),
    "keys": (True, False),
    "policy": (
        None,
        R.POLICY_MISSING,
        R.POLICY_UNSIGNED,
        R.POLICY_ROLLED_BACK,
        R.POLICY_REFUSED,
        R.POLICY_EXPIRED,
        R.BLOCKED_BY_ORGANISATION,
    ),
    "clock_trusted": (True, False),
    "desktop": (None, R.DISPLAY_LOST, R.WAYLAND, R.PERMISSION_MISSING),
    "sign_visible": (True, False),
    "session_active": (True, False),
    "spool_room": (True, False),
    "redaction_works": (True, False),
    "focus": (
        None,
        R.FOCUS_UNKNOWN,
        R.APP_NOT_ALLOWED,
        R.MODALITY_NOT_AGREED,
        R.SECURE_INPUT,
        R.PRIVATE_WINDOW,
        R.ORIGIN_UNKNOWN,
    ),
}
"""The first value of each is the one that stands in nobody's way."""

OPEN = Facts(**{name: values[0] for name, values in FACTS.items()})  # type: ignore[arg-type]

CLOSED: dict[str, Value] = {
    "enrolled": False,
    "consent": R.NO_CONSENT,
    "switch": R.SWITCHED_OFF,
    "keys": False,
    "policy": R.POLICY_MISSING,
    "clock_trusted": False,
    "desktop": R.DISPLAY_LOST,
    "sign_visible": False,
    "session_active": False,
    "spool_room": False,
    "redaction_works": False,
    "focus": R.FOCUS_UNKNOWN,
}
"""What an agent knows that knows nothing."""
