"""The person's wish to hold batches for longer than the study says: set, released and told."""

import time
from typing import Any

from agent.ceremony.halt import tell_daemon
from agent.core.hold import MAX_HOLD_S, Hold
from agent.daemon.standing import read_standing
from agent.disk.hold import read_hold, write_hold
from agent.disk.keys import FileKeys
from agent.disk.places import Places
from agent.durations import seconds_of
from agent.errors import OvertError


class NotHeldError(OvertError):
    """The wish could not be kept. What was there before still holds."""

    remedy = "make room on the disk and your home folder writable, then say it again"


def wish_of(text: str) -> Hold | None:
    """A wish as people write it: ``3d``, ``all``, ``default``; ``None`` if it is none, or longer than a week."""
    if text in ("all", "default"):
        return Hold(all=text == "all")
    seconds = seconds_of(text)
    return Hold(seconds=seconds) if seconds is not None and seconds <= MAX_HOLD_S else None


def hold(places: Places, wish: Hold | None) -> dict[str, Any]:
    """Set a wish, if there is one, and say what holds.

    Raises:
        NotHeldError: the disk refused.
    """
    if wish is not None:
        _write(places, wish)
    return facts(places)


def release(places: Places, now_s: int) -> dict[str, Any]:
    """Free what was sealed until now of the wish.

    Raises:
        NotHeldError: the disk refused.
    """
    now = read_hold(places.hold)
    _write(places, Hold(seconds=now.seconds, all=now.all, released_s=now_s))
    return facts(places)


def facts(places: Places) -> dict[str, Any]:
    """What holds."""
    wish = read_hold(places.hold)
    found = read_standing(places, FileKeys(places))
    _, agreement = found.consent(time.time_ns())
    study_s = agreement.review_s if agreement else (found.asked.policy.review_s if found.asked else 0)
    return {
        "study_s": study_s,
        "own_s": wish.seconds,
        "all": wish.all,
        "released_until": wish.released_s or None,
        "hold_s": None if wish.all else max(study_s, wish.seconds),
    }


def in_words(told: dict[str, Any]) -> list[str]:
    """The same, for people."""
    if told["all"]:
        lines = ["Everything is held until you say so: overt review release."]
    else:
        waits = f"waits here for {_length(told['hold_s'])}" if told["hold_s"] else "does not wait here"
        lines = [f"Each batch {waits} before it may be sent."]
    least = f"{_length(told['study_s'])} at least" if told["study_s"] else "no time"
    lines.append(f"The study says {least}; you can hold for longer, up to a week, or all.")
    if told["released_until"]:
        at = time.strftime("%Y-%m-%d %H:%M", time.localtime(told["released_until"]))
        lines.append(f"You released what was sealed until {at}.")
    lines.append("If what is held fills the space that your organisation allows, capture stops until there is room.")
    return lines


def _length(seconds: int) -> str:
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit[:-1] if seconds == size else unit}"
    return f"{seconds} seconds"


def _write(places: Places, wish: Hold) -> None:
    try:
        places.make()
        write_hold(places.hold, wish)
    except OSError as error:
        raise NotHeldError(f"it could not be written: {error.strerror}") from None
    tell_daemon(places, "reload")
