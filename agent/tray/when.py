"""Points in time as people say them, in the time of this machine."""

from datetime import datetime, timedelta

from PySide6.QtCore import QDate, QDateTime, QLocale

from agent.tray.words import Words

SECOND_NS = 1_000_000_000


def clock(at_s: float) -> str:
    """Hour and minute."""
    return f"{datetime.fromtimestamp(at_s).astimezone():%H:%M}"


def soon(words: Words, at_s: float, now_s: float) -> str:
    """A time that is most likely today or tomorrow."""
    day, today = (datetime.fromtimestamp(s).astimezone().date() for s in (at_s, now_s))
    if day == today:
        return clock(at_s)
    return words("tomorrow", time=clock(at_s)) if day == today + timedelta(days=1) else moment(words, at_s)


def day_of(words: Words, at_s: float) -> str:
    """A date in full."""
    day = datetime.fromtimestamp(at_s).astimezone()
    return QLocale(words.language).toString(QDate(day.year, day.month, day.day), words("date"))


def moment(words: Words, at_s: float) -> str:
    """Date and time."""
    return QLocale(words.language).toString(QDateTime.fromSecsSinceEpoch(int(at_s)), words("moment"))
