"""Stretches of time as people write and mean them, by the clock on this machine's wall."""

import re
from datetime import date, datetime, timedelta

DAY_BEGINS_H = 6
"""A pause until tomorrow ends at this hour of the next calendar day: before people come to work, and never earlier
than "tomorrow" can mean, so at one in the morning it is a pause of 29 hours."""
MAX_PAUSE_S = 2 * 86_400
"""Seconds: whoever wants to pause for longer wants an off, which never ends by itself."""
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
