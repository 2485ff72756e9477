"""Each reason that closes the gate, in a sentence for people, with its remedy and the state it leads to."""

from msgspec import Struct

from schemas.status import ClosedReason as R
from schemas.status import State


class Words(Struct, frozen=True):
    """What a reason means to a person."""

    state: State  # where the agent stands while this reason applies and none before it does
    closed: str  # while it stands in the way
    fine: str  # while it does not
    remedy: str


REASONS: dict[R, Words] = {
    R.NOT_ENROLLED: Words(
        State.OFF,
        "This machine takes part in no study.",
        "This machine is enrolled in a study.",
        "overt enrol LINK, with the link that your organisation gave you",
    ),
    R.NO_CONSENT: Words(State.OFF, "You have not said yes.", "You have been asked.", "overt on"),
    R.REFUSED: Words(State.OFF, "You said no.", "You have not said no.", "overt on, if you have changed your mind"),
    R.WITHDRAWN: Words(
        State.OFF, "You withdrew your consent.", "Your consent is not withdrawn.", "overt on, if you wish to take part"
    ),
    R.EXPIRED: Words(State.OFF, "Your consent has run out.", "Your consent has not run out.", "overt on, to renew it"),
    R.CONSENT_CHANGED: Words(
        State.OFF,
        "The study has changed since you agreed.",
        "You agreed to the study as it is.",
        "overt on, to see what changed",
    ),
    R.SWITCHED_OFF: Words(State.OFF, "You switched it off.", "The switch is on.", "overt on"),
    R.PAUSED: Words(State.PAUSED, "You paused it.", "It is not paused.", "overt resume"),
    R.KEYS_UNAVAILABLE: Words(
        State.ERROR,
        "The device's keys cannot be read.",
        "The device's keys can be read.",
        "unlock your keyring, then: overt stop; overt start",
    ),
    R.POLICY_MISSING: Words(
        State.BLOCKED, "There is no policy.", "There is a policy.", "overt enrol LINK again, or ask IT"
    ),
    R.POLICY_UNSIGNED: Words(
        State.BLOCKED,
        "The policy is not signed by your organisation.",
        "The policy is signed by your organisation.",
        "ask IT for a signed policy",
    ),
    R.POLICY_ROLLED_BACK: Words(
        State.BLOCKED,
        "The study or policy here is older than one that was here before.",
        "No newer study or policy was here before.",
        "overt refresh",
    ),
    R.POLICY_REFUSED: Words(
        State.BLOCKED,
        "A policy file on this machine cannot be believed.",
        "No policy file on this machine is refused.",
        "overt policy show says which and why; ask IT to put it right",
    ),
    R.POLICY_EXPIRED: Words(
        State.BLOCKED, "The policy has run out.", "The policy is in force.", "ask IT for a newer policy"
    ),
    R.BLOCKED_BY_ORGANISATION: Words(
        State.BLOCKED,
        "Your organisation has switched capture off for everybody.",
        "Your organisation has not switched capture off.",
        "none is needed; nothing is captured",
    ),
    R.CLOCK_UNTRUSTED: Words(
        State.BLOCKED,
        "The clock stands before your consent was given.",
        "The clock fits your consent.",
        "set the machine's clock",
    ),
    R.WAYLAND: Words(
        State.BLOCKED,
        "This Wayland session offers no way to capture with a visible sign.",
        "This session is one that can be captured with a visible sign.",
        "overt doctor says what is missing; an X11 session has all of it",
    ),
    R.PERMISSION_MISSING: Words(
        State.BLOCKED,
        "The system does not permit capture.",
        "The system permits capture.",
        "overt doctor",
    ),
    R.DISPLAY_LOST: Words(
        State.BLOCKED,
        "There is no display to watch.",
        "The display is there.",
        "log in to the desktop; overt looks again by itself",
    ),
    R.NO_SIGN: Words(
        State.BLOCKED,
        "The sign that shows you that Overt runs, its icon and its badge on the screen, is not in sight.",
        "The sign, icon and badge, is in sight.",
        "uncover the badge (a click on the icon brings it to the front), or: overt indicator, in a desktop with a tray",
    ),
    R.SESSION_INACTIVE: Words(
        State.BLOCKED, "The screen is locked or the session is not active.", "The session is active.", "unlock it"
    ),
    R.SPOOL_FULL: Words(
        State.BLOCKED,
        "Sealed batches wait to be sent: too many, or for too long.",
        "There is room for sealed batches.",
        "connect to the network, or let go what you hold: overt review release; nothing that was sealed is dropped",
    ),
    R.REDACTION_FAILING: Words(
        State.ERROR, "Redaction fails, so nothing is kept.", "Redaction works.", "overt doctor, then tell IT"
    ),
    R.FOCUS_UNKNOWN: Words(
        State.IDLE,
        "It cannot be told which window has focus.",
        "It is known which window has focus.",
        "click into a window",
    ),
    R.APP_NOT_ALLOWED: Words(
        State.IDLE,
        "The app in front is not one that you agreed to.",
        "The app in front is one that you agreed to.",
        "overt apps lists those that you agreed to",
    ),
    R.MODALITY_NOT_AGREED: Words(
        State.IDLE,
        "Of what can be recorded in the app in front, you agreed to nothing.",
        "You agreed to something that can be recorded in the app in front.",
        "overt on --change, to agree to more",
    ),
    R.SECURE_INPUT: Words(
        State.IDLE, "A password or secure input has focus.", "No secure input has focus.", "leave the field"
    ),
    R.KEYBOARD_GRABBED: Words(
        State.IDLE,
        "A program has taken the keyboard for itself alone, as PIN dialogs, lockers and menus do.",
        "No program has taken the keyboard for itself alone.",
        "finish with that program",
    ),
    R.PRIVATE_WINDOW: Words(State.IDLE, "A private window has focus.", "No private window has focus.", "leave it"),
    R.ORIGIN_UNKNOWN: Words(
        State.IDLE,
        "It cannot be told which site the browser shows.",
        "No browser with an unknown site has focus.",
        "install the companion extension",
    ),
}
"""In the order in which they are told: the first that applies names the state."""

if set(REASONS) != set(R):  # a new reason without words would be a gate that closes without saying why
    raise RuntimeError("every reason needs its words")
