"""What a person can answer. There are three ways, and none of them is a default."""

from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

from agent.ceremony.errors import CeremonyError
from agent.ceremony.perform import Seen, put_off, say_no, say_yes
from agent.core.ceremony import Answers, Asked
from agent.disk.places import Places


class Yes(Struct, frozen=True):
    """Yes, to what was ticked."""

    answers: Answers
    read_ns: int | None = None  # Unix time at which the end of the notice was reached, as in each of these


class No(Struct, frozen=True):
    """No."""

    language: str
    read_ns: int | None = None


class NotNow(Struct, frozen=True):
    """No answer: for 30 days nothing asks again, unless the person themselves opens the question."""

    language: str
    read_ns: int | None = None


Outcome = Yes | No | NotNow


def keep(places: Places, asked: Asked, outcome: Outcome, clock: Callable[[], int], method: str) -> str:
    """Make an answer a fact, and beside it that the notice was shown.

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
    seen = Seen(clock(), outcome.read_ns)
    match outcome:
        case Yes(answers):
            say_yes(places, asked, answers, seen, method)
            return "done.yes"
        case No(language):
            say_no(places, asked, language, seen, method)
            return "done.no"
        case NotNow(language):
            with suppress(CeremonyError):  # who leaves without an answer needs no error about it
                put_off(places, asked, language, seen, method)
            return "done.not_now"
