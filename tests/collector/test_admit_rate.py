"""How much at once: buckets that never give more than they may, and turns that are told one after the other."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from collector.admit_rate import REQUESTS, Bucket, Rate, Rates
from collector.limits import DEVICE_BURST_BYTES, MAX_RETRY_AFTER_S
from schemas.wire import RefusalReason

STEPS = st.lists(st.tuples(st.floats(-5, 50), st.integers(0, 12)), max_size=60)


@given(STEPS, st.floats(0.1, 100), st.integers(1, 50))
def test_a_bucket_never_gives_more_than_burst_and_rate(
    steps: list[tuple[float, int]], per_s: float, burst: int
) -> None:
    now, latest, given_out = 0.0, 0.0, 0
    bucket = Bucket(Rate(per_s, burst), now)
    for later, wanted in steps:
        now += later
        latest = max(latest, now)
        wait = bucket.lacking_s(wanted, now)
        if wait == 0:
            bucket.take(wanted)
            given_out += min(wanted, burst)
    forward = sum(max(0.0, later) for later, _ in steps)
    assert given_out <= burst + forward * per_s + 1e-6


@given(st.floats(0.1, 100), st.integers(1, 50), st.integers(1, 50))
def test_whoever_waits_as_long_as_is_said_is_served(per_s: float, burst: int, wanted: int) -> None:
    bucket = Bucket(Rate(per_s, burst), 0.0)
    bucket.take(burst)
    wait = bucket.lacking_s(wanted, 0.0)
    assert bucket.lacking_s(wanted, wait + 1e-6) == 0


def test_one_device_is_refused_and_others_are_served() -> None:
    rates = Rates()
    taken = list(itertools.takewhile(lambda _: rates.admit("a", 10, 0.0) is None, itertools.count()))
    assert len(taken) == REQUESTS.burst
    refused = rates.admit("a", 10, 0.0)
    assert refused is not None
    assert refused.reason is RefusalReason.RATE_LIMITED
    assert refused.retry_after_s == 1 / REQUESTS.per_s
    assert rates.admit("b", 10, 0.0) is None
    assert rates.admit("a", 10, 0.5) is None


def test_bytes_count_too_and_a_body_above_the_burst_is_served_from_a_full_bucket() -> None:
    rates = Rates()
    assert rates.admit("a", int(DEVICE_BURST_BYTES) * 2, 0.0) is None
    assert rates.admit("a", 1 << 20, 0.0) is not None


@given(st.integers(1, 300), st.floats(0.5, 50))
def test_whom_the_study_refuses_is_told_another_turn_each(devices: int, per_s: float) -> None:
    rates = Rates(per_s)
    waits = [v.retry_after_s for n in range(devices) if (v := rates.admit(f"d{n}", 1, 0.0)) is not None]
    assert len(waits) >= devices - per_s * 2 - 1
    told = [w for w in waits if w is not None]
    assert all(0 < w <= MAX_RETRY_AFTER_S for w in told)
    apart = [b - a for a, b in itertools.pairwise(told) if b > a]
    assert all(gap >= 0.99 / per_s for gap in apart)
