"""A limit on bytes a second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.bandwidth import Limit, parse_rate
from research.errors import InputError


@given(st.floats(1, 1e9), st.lists(st.tuples(st.integers(0, 10**7), st.floats(0, 5)), max_size=20))
def test_no_more_than_the_rate_comes_whatever_the_pauses(rate: float, chunks: list[tuple[int, float]]) -> None:
    now = [0.0]
    limit = Limit(rate, lambda: now[0], lambda wait: now.__setitem__(0, now[0] + wait))
    sent = 0
    for size, pause in chunks:
        limit.spend(size)
        sent += size
        assert sent <= rate * now[0] * (1 + 1e-9) + 1e-6
        now[0] += pause


def test_bytes_that_come_again_are_not_paid_for_twice_over() -> None:
    limit = Limit(1, lambda: 0.0, lambda _: pytest.fail("waited"))
    limit.spend(-5)
    limit.spend(0)


@pytest.mark.parametrize(("text", "rate"), [("500", 500), ("500K", 5e5), ("2.5m", 2.5e6), ("1GB/s", 1e9)])
def test_rates_are_read(text: str, rate: float) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "fast", "0", "-3K", "1e9", "5 apples", "9" * 40])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a bandwidth"):
        parse_rate(text)
