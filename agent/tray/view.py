"""What the icon, its tooltip and its messages say of a status. Pure."""

import time
from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from agent.tray.icons import Sign
from agent.tray.presence import Hidden
from agent.tray.words import text
from schemas.status import State, Status

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


def sign_of(status: Status | None) -> Sign:
    """The picture for a status; ``None`` where the daemon cannot be reached."""
    return SIGNS[status.state] if status else Sign.OFFLINE


def sentence(status: Status | None) -> str:
    """Where the agent stands, in words."""
    if status is None:
        return text("offline")
    if status.state is State.CAPTURING and status.app:
        return text("recording", what=recorded(status), app=status.app)
    if status.state is State.PAUSED and status.paused_until is not None:
        return text("paused_until", time=time.strftime("%H:%M", time.localtime(status.paused_until)))
    return status.sentence


def recorded(status: Status) -> str:
    """What is being captured: ``keys, pointer and screen``."""
    *first, last = [text(modality) for modality in status.modalities] or [""]
    return text("and").join([", ".join(first), last]) if first else last


def tooltip(status: Status | None, hidden: Hidden | None) -> str:
    """The sentence, and why the icon does not count as seen, if it does not."""
    lines = [text("name"), sentence(status), hidden or ""]
    return "\n".join(line for line in lines if line)


def badge_words(status: Status | None) -> str:
    """What the badge says; nothing where there is to be no badge: while it is off, or no daemon runs."""
    if status is None or status.state is State.OFF:
        return ""
    return text(f"badge.{status.state}", app=status.app or "")


class Message(Struct, frozen=True):
    """A notification."""

    title: str
    body: str


class Messages:
    """Tells once that recording has started and once that it has stopped."""

    def __init__(self) -> None:
        self._told = False

    def about(self, status: Status | None) -> Message | None:
        """The message that a new status calls for, if any."""
        state = status.state if status else State.ERROR
        if status and state is State.CAPTURING and not self._told:
            self._told = True
            return Message(text("started.title"), text("started.text", what=sentence(status)))
        if state not in RUNNING and self._told:
            self._told = False
            return Message(text("stopped.title"), sentence(status))
        return None
