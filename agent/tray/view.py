"""What the icon, its tooltip and its messages say of a status. Pure."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Struct

from agent.tray.icons import Sign
from agent.tray.presence import Hidden
from agent.tray.when import soon
from agent.tray.words import Words
from schemas.status import WARNING_DAYS, State, Status

SIGNS: Mapping[State, Sign] = MappingProxyType(
    {
        State.OFF: Sign.OFF,
        State.IDLE: Sign.READY,
        State.CAPTURING: Sign.CAPTURING,
        State.PAUSED: Sign.PAUSED,
        State.BLOCKED: Sign.BLOCKED,
        State.ERROR: Sign.ATTENTION,
    }
)
RUNNING = frozenset({State.IDLE, State.CAPTURING})
"""States between which a person moves by switching apps: a message at each change would be noise."""
DAY_S = 86_400


def sign_of(status: Status | None) -> Sign:
    """The picture for a status; ``None`` where the daemon cannot be reached."""
    return SIGNS[status.state] if status else Sign.OFFLINE


def sentence(words: Words, status: Status | None, now_s: float) -> str:
    """Where the agent stands, in words.

    Args:
        words: the language.
        status: ``None`` where the daemon cannot be reached.
        now_s: Unix time; a pause that ends today is told without its date.
    """
    if status is None:
        return words("offline")
    if status.state is State.CAPTURING:
        return words("recording", what=recorded(words, status), app=status.app) if status.app else words("capturing")
    if status.state is State.PAUSED and status.paused_until is not None:
        return words("paused_until", time=soon(words, status.paused_until, now_s))
    closed = next((condition for condition in status.conditions if not condition.holds), None)
    return words("nothing", why=words.state_of(closed)) if closed else status.sentence


def recorded(words: Words, status: Status) -> str:
    """What is being captured: ``keys, pointer and screen``."""
    *first, last = [words(modality) for modality in status.modalities] or [""]
    return words("and").join([", ".join(first), last]) if first else last


def tooltip(words: Words, status: Status | None, hidden: Hidden | None, now_s: float) -> str:
    """The sentence, and why the icon does not count as seen, if it does not."""
    why = words(f"hidden.{hidden}") if hidden else ""
    return "\n".join(line for line in (words("name"), sentence(words, status, now_s), why) if line)


def badge_words(words: Words, status: Status | None) -> str:
    """What the badge says; nothing where there is to be no badge: while it is off, or no daemon runs."""
    if status is None or status.state is State.OFF:
        return ""
    return words(f"badge.{status.state}", app=status.app or "")


def ends_soon_s(status: Status | None, now_s: float) -> int | None:
    """The Unix time at which consent ends by itself, if that is near enough to be told of unasked."""
    until = status.consent_until if status else None
    return until if until is not None and until - now_s <= WARNING_DAYS * DAY_S else None


def put_off_s(status: Status | None, now_s: float) -> int | None:
    """The Unix time before which nothing asks by itself, while it is off because of a "not now"."""
    if status is None or status.state is not State.OFF or status.ask_not_before is None:
        return None
    return status.ask_not_before if status.ask_not_before > now_s else None


class Message(Struct, frozen=True):
    """A notification."""

    title: str
    body: str


class Messages:
    """Tells once that recording has started and once that it has stopped.

    Args:
        words: the language.
        tells_stopped: whether the person wants to hear that it stopped. That it started is told in any case.
    """

    def __init__(self, words: Words, tells_stopped: Callable[[], bool]) -> None:
        self._words = words
        self._tells_stopped = tells_stopped
        self._told = False

    def about(self, status: Status | None, now_s: float) -> Message | None:
        """The message that a new status calls for, if any."""
        state = status.state if status else State.ERROR
        if status and state is State.CAPTURING and not self._told:
            self._told = True
            what = sentence(self._words, status, now_s)
            return Message(self._words("started.title"), self._words("started.text", what=what))
        if state not in RUNNING and self._told:
            self._told = False
            if self._tells_stopped():
                return Message(self._words("stopped.title"), sentence(self._words, status, now_s))
        return None
