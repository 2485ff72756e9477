"""What a person can answer. There are three ways, and none of them is a default."""

from collections.abc import Callable

from msgspec import Struct

from agent.ceremony.perform import say_no, say_yes
from agent.core.ceremony import Answers, Asked
from agent.disk.places import Places


class Yes(Struct, frozen=True):
    """Yes, to what was ticked."""

    answers: Answers


class No(Struct, frozen=True):
    """No."""

    language: str


class NotNow(Struct, frozen=True):
    """No answer: asked again only when the person asks for it."""


Outcome = Yes | No | NotNow


def keep(places: Places, asked: Asked, outcome: Outcome, clock: Callable[[], int], method: str) -> str:
    """Make an answer a fact.

    Args:
        places: where this person's agent lies.
        asked: what was shown.
        outcome: what was answered.
        clock: gives the Unix time in nanoseconds.
        method: ``window`` or ``terminal``.

    Returns:
        Key of the text that tells the person what came of it.

    Raises:
        CeremonyError: it could not be kept, and nothing was turned on.
    """
    match outcome:
        case Yes(answers):
            say_yes(places, asked, answers, clock(), method)
            return "done.yes"
        case No(language):
            say_no(places, asked, language, clock(), method)
            return "done.no"
        case NotNow():
            return "done.not_now"
