"""What people write for a stretch of time, and what it means."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.durations import DAY_BEGINS_H, MAX_PAUSE_S, pause_of, seconds_of, tomorrow_s

NOON_S = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("10m", 600), ("2h", 7_200), ("1d", 86_400), ("0m", None), ("-1m", None), ("10", None), ("m", None),
     ("1.5h", None), ("10 m", None), ("1000000s", None), ("", None)],
)  # fmt: skip
def test_a_stretch_of_time(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(("text", "seconds"), [("15", 900), ("90s", 90), ("2d", MAX_PAUSE_S), ("3d", None), ("", None)])
def test_a_pause(text: str, seconds: int | None) -> None:
    assert pause_of(text, NOON_S) == seconds


@given(st.text())
def test_anything_else_is_none_or_within_the_limit(text: str) -> None:
    found = pause_of(text, NOON_S)
    assert found is None or 0 < found <= MAX_PAUSE_S


@given(st.integers(NOON_S - 400 * 86_400, NOON_S + 400 * 86_400))
def test_tomorrow_is_a_working_morning_of_the_next_day(now_s: int) -> None:
    now, then = (datetime.fromtimestamp(s).astimezone() for s in (now_s, tomorrow_s(now_s)))
    assert (then.date() - now.date()).days == 1
    assert then.hour == DAY_BEGINS_H
    assert 0 < (pause_of("tomorrow", now_s) or 0) <= MAX_PAUSE_S
