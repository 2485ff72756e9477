"""Stretches of time as people write and mean them, by the clock on this machine's wall."""

import re
from datetime import date, datetime, timedelta

DAY_BEGINS_H = 6
"""A pause until tomorrow ends at this hour of the next calendar day: before people come to work, and never earlier
than "tomorrow" can mean, so at one in the morning it is a pause of 29 hours."""
MAX_PAUSE_S = 2 * 86_400
"""Seconds: whoever wants to pause for longer wants an off, which never ends by itself."""
SECOND_NS, HOURS = 1_000_000_000, 24
_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def seconds_of(text: str) -> int | None:
    """A stretch of time (30s, 10m, 2h, 1d), in seconds; ``None`` if it is none."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text, re.ASCII)
    return int(match[1]) * _UNITS_S[match[2]] if match else None


def pause_of(text: str, now_s: int) -> int | None:
    """How long a pause lasts: minutes, a stretch of time, or ``tomorrow``; ``None`` if it is none or too long."""
    if text == "tomorrow":
        return tomorrow_s(now_s) - now_s
    seconds = seconds_of(f"{text}m") if text.isdecimal() else seconds_of(text)
    return seconds if seconds is not None and seconds <= MAX_PAUSE_S else None


def tomorrow_s(now_s: float) -> int:
    """Unix time of the next calendar day's beginning of work, by the clock on the wall: also when it was changed."""
    day = datetime.fromtimestamp(now_s).astimezone().date() + timedelta(days=1)
    return int(_at_work(day).timestamp())


def _at_work(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, DAY_BEGINS_H).astimezone()


def day_of(text: str, now_s: float) -> date | None:
    """A day: ``today``, ``yesterday`` or 2026-11-30; ``None`` if it is none."""
    today = datetime.fromtimestamp(now_s).astimezone().date()
    named = {"today": today, "yesterday": today - timedelta(days=1)}.get(text)
    if named is not None:
        return named
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def day_ns(day: date) -> tuple[int, int]:
    """When a day begins and ends by the clock on the wall (Unix, nanoseconds). It has 23 or 25 hours twice a year."""
    begin, end = (datetime(d.year, d.month, d.day).astimezone() for d in (day, day + timedelta(days=1)))
    return int(begin.timestamp()) * SECOND_NS, int(end.timestamp()) * SECOND_NS


def clock_ns(text: str, day: date) -> tuple[int, int] | None:
    """A time of a day, 10:30 or 10:30:15: where that minute or second begins and ends (Unix, nanoseconds)."""
    match = re.fullmatch(r"([01]?[0-9]|2[0-4]):([0-5][0-9])(?::([0-5][0-9]))?", text, re.ASCII)
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if hour == HOURS:
        return day_ns(day + timedelta(days=1)) if (minute, second) == (0, 0) else None
    at = datetime(day.year, day.month, day.day, hour, minute, second).astimezone()
    begin_ns = int(at.timestamp()) * SECOND_NS
    return begin_ns, begin_ns + (SECOND_NS if match[3] else 60 * SECOND_NS)
