"""Sending without sending: back-off, patience, refusals. And triggers, tiles and timing."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.tiles import KEY_FRAME_SHARE, TILE, bounds, changed, is_key_frame
from agent.core.timing import ORDER_NS, TEN_MS_NS, coarsen
from agent.core.triggers import MIN_APART_NS, MS, PRESS_APART_NS, Trigger, Triggers
from agent.core.upload import (
    BACKLOG,
    FIRST_WAIT_S,
    MAX_RETRY_AFTER_S,
    MAX_WAIT_S,
    PACE_S,
    SPREAD_S,
    Done,
    Send,
    Uploads,
    Wait,
)
from schemas.scope import TimingTier

JITTER = st.floats(0, 1)
NOW = st.floats(0, 1e9)


def wait_of(uploads: Uploads, now_s: float) -> float:
    match uploads.step(["a"], now_s):
        case Wait(seconds):
            return seconds
        case Send("a"):
            return 0.0
        case other:
            raise AssertionError(other)


@given(st.lists(JITTER, min_size=1, max_size=60))
def test_back_off_is_exponential_with_full_jitter_and_a_cap(jitters: list[float]) -> None:
    uploads = Uploads()
    for failures, jitter in enumerate(jitters):
        uploads.failed(0.0, jitter)
        ceiling = min(MAX_WAIT_S, FIRST_WAIT_S * 2.0**failures)
        assert wait_of(uploads, 0.0) == pytest.approx(ceiling * jitter)


def test_full_jitter_reaches_from_nothing_to_the_ceiling() -> None:
    for jitter, expected in ((0.0, 0.0), (1.0, FIRST_WAIT_S)):
        uploads = Uploads()
        uploads.failed(5.0, jitter)
        assert wait_of(uploads, 5.0) == expected


@given(st.floats(0, 1e300), JITTER)
def test_what_the_collector_asks_for_is_kept_up_to_a_day(asked: float, jitter: float) -> None:
    uploads = Uploads()
    uploads.failed(0.0, jitter, asked)
    waited = wait_of(uploads, 0.0)
    kept = min(asked, MAX_RETRY_AFTER_S)
    assert waited == pytest.approx(kept + FIRST_WAIT_S * jitter)  # many may have been told the same


@given(NOW, st.integers(1, 200))
def test_nothing_is_ever_given_up_because_of_its_age(now_s: float, failures: int) -> None:
    uploads = Uploads()
    for _ in range(failures):
        uploads.failed(now_s, 1.0)
    assert wait_of(uploads, now_s) <= MAX_WAIT_S
    assert uploads.step(["a"], now_s + MAX_WAIT_S + 1) == Send("a")
    assert uploads.step(["a"], now_s + 10**9) == Send("a")


def test_success_forgets_failures() -> None:
    uploads = Uploads()
    for _ in range(9):
        uploads.failed(0.0, 1.0)
    uploads.sent()
    assert uploads.step(["a"], 0.0) == Send("a")
    uploads.failed(0.0, 1.0)
    assert wait_of(uploads, 0.0) == FIRST_WAIT_S


def test_hurry_ends_the_wait() -> None:
    uploads = Uploads()
    uploads.failed(0.0, 1.0)
    uploads.hurry()
    assert uploads.step(["a"], 0.0) == Send("a")


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.sets(st.sampled_from("abcdef")))
def test_refused_is_not_sent_again_and_the_rest_goes_in_order(waiting: list[str], refused: set[str]) -> None:
    uploads = Uploads()
    for item in refused:
        uploads.refuse(item, "wrong_notice")
    left = [item for item in waiting if item not in refused]
    assert uploads.step(waiting, 0.0) == (Send(left[0]) if left else Done())
    assert uploads.refused == dict.fromkeys(refused, "wrong_notice")


MANY = [str(n) for n in range(BACKLOG + 1)]


@given(NOW, JITTER)
def test_a_backlog_begins_at_a_random_moment_and_goes_on_with_pauses(now_s: float, jitter: float) -> None:
    uploads = Uploads()
    match uploads.step(MANY, now_s, jitter):
        case Wait(seconds):
            assert seconds == pytest.approx(SPREAD_S * jitter, abs=1e-3)
        case other:
            assert (other, now_s + SPREAD_S * jitter) == (Send("0"), now_s)
    begun_s = now_s + SPREAD_S
    assert uploads.step(MANY, begun_s, 0.5) == Send("0")
    uploads.sent(begun_s, jitter, len(MANY))
    match uploads.step(MANY, begun_s, 0.5):
        case Wait(seconds):
            assert seconds == pytest.approx(PACE_S * jitter, abs=1e-3)
        case other:
            assert (other, begun_s + PACE_S * jitter) == (Send("0"), begun_s)


def test_what_a_person_said_is_not_spread_and_a_few_batches_are_not_either() -> None:
    uploads = Uploads()
    assert isinstance(uploads.step(MANY, 0.0, 1.0), Wait)
    assert uploads.step(MANY, 0.0, 1.0, urgent=["withdrawal"]) == Send("withdrawal")
    assert Uploads().step(MANY[:BACKLOG], 0.0, 1.0) == Send("0")


# --- triggers ---

ACTS = st.lists(st.tuples(st.sampled_from(Trigger), st.integers(0, 400 * MS)), max_size=40)


@given(ACTS)
def test_pictures_are_far_enough_apart_and_each_has_a_cause(acts: list[tuple[Trigger, int]]) -> None:
    triggers, now = Triggers(), 0
    taken: list[tuple[int, Trigger]] = []
    noted: set[Trigger] = set()
    for trigger, later in acts:
        now += later
        triggers.note(trigger, now)
        noted.add(trigger)
        deadline = triggers.deadline_ns()
        assert deadline is not None
        if now >= deadline:
            cause = triggers.pop(now)
            assert cause in noted
            taken.append((now, cause))
        else:
            assert triggers.pop(now) is None
    while (due := triggers.deadline_ns()) is not None:
        now = max(now, due)
        cause = triggers.pop(now)
        assert cause is not None
        taken.append((now, cause))
    for (one, _), (other, cause) in itertools.pairwise(taken):
        assert other - one >= (PRESS_APART_NS if cause is Trigger.PRESS else MIN_APART_NS)
    assert triggers.pop(1 << 62) is None


@pytest.mark.parametrize(("trigger", "restarts"), [(t, t in (Trigger.TYPING, Trigger.SCROLL)) for t in Trigger])
def test_typing_and_scrolling_wait_for_the_last_of_their_kind(trigger: Trigger, *, restarts: bool) -> None:
    triggers = Triggers()
    triggers.note(trigger, 10_000 * MS)
    first = triggers.deadline_ns()
    triggers.note(trigger, 10_100 * MS)
    second = triggers.deadline_ns()
    assert first is not None
    assert second is not None
    assert second - first == (100 * MS if restarts else 0)


def test_a_press_waits_for_no_other_picture_and_serves_what_is_due() -> None:
    triggers = Triggers()
    triggers.note(Trigger.BEFORE, 1_000 * MS)
    assert triggers.pop(1_000 * MS) is Trigger.BEFORE
    triggers.note(Trigger.FOCUS, 700 * MS)
    triggers.note(Trigger.PRESS, 1_060 * MS)
    triggers.note(Trigger.SETTLE, 1_060 * MS)
    assert triggers.pop(1_060 * MS) is Trigger.PRESS
    assert triggers.deadline_ns() == 1_260 * MS
    assert triggers.pop(1_260 * MS) is Trigger.SETTLE
    assert triggers.deadline_ns() is None


def test_clearing_forgets() -> None:
    triggers = Triggers()
    triggers.note(Trigger.PRESS, 0)
    triggers.clear()
    assert triggers.deadline_ns() is None
    assert triggers.pop(1 << 62) is None


# --- tiles ---

SIZES = st.tuples(st.integers(1, 200), st.integers(1, 200))


@given(SIZES, st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 2)), max_size=8))
def test_changed_tiles_are_those_with_a_changed_pixel(size: tuple[int, int], dots: list[tuple[int, int]]) -> None:
    height, width = size
    before = np.zeros((height, width, 3), np.uint8)
    after = before.copy()
    expected = set()
    for at, channel in dots:
        y, x = divmod(at % (height * width), width)
        after[y, x, channel] = 1
        left, top = x // TILE * TILE, y // TILE * TILE
        expected.add((left, top, min(left + TILE, width), min(top + TILE, height)))
    dirty = changed(before, after)
    assert set(dirty) == expected
    assert len(dirty) == len(expected)
    if dirty:
        left, top, right, bottom = bounds(dirty)
        patched = before.copy()
        patched[top:bottom, left:right] = after[top:bottom, left:right]
        assert (patched == after).all()
        assert all((left, top) <= (a, b) and c <= right and d <= bottom for a, b, c, d in dirty)


@given(SIZES, st.data())
def test_a_key_frame_is_more_than_a_quarter(size: tuple[int, int], data: st.DataObject) -> None:
    height, width = size
    tiles = [(x, y, x + 1, y + 1) for y in range(0, height, TILE) for x in range(0, width, TILE)]
    dirty = data.draw(st.lists(st.sampled_from(tiles), unique=True))
    assert is_key_frame(dirty, width, height) is (len(dirty) / len(tiles) > KEY_FRAME_SHARE)


# --- timing ---

STEPS: dict[TimingTier, Callable[[int], int]] = {
    TimingTier.EXACT: lambda t: t,
    TimingTier.TEN_MS: lambda t: t // TEN_MS_NS * TEN_MS_NS,
    TimingTier.ORDER: lambda t: t // ORDER_NS * ORDER_NS,
}


@given(st.integers(0, 1 << 62), st.integers(0, 1 << 61), st.sampled_from(TimingTier))
def test_times_are_rounded_down_but_never_to_before_consent(since: int, later: int, tier: TimingTier) -> None:
    at = since + later
    got = coarsen(at, tier, since)
    assert since <= got <= at
    assert got == max(STEPS[tier](at), since)


@given(st.lists(st.integers(0, 1 << 40), min_size=2), st.sampled_from(TimingTier))
def test_order_survives(times: list[int], tier: TimingTier) -> None:
    coarse = [coarsen(t, tier, 0) for t in sorted(times)]
    assert coarse == sorted(coarse)
