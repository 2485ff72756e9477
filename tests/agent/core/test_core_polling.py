"""When the next look is due: soon after a start, then within one poll, whatever happened."""

from hypothesis import given
from hypothesis import strategies as st

from agent.core.polling import FIRST_S, JITTER, POLL_S, wait_s


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_never_later_than_one_poll_and_never_a_flood(looks: int, drawn: float) -> None:
    found = wait_s(looks, drawn)
    if looks == 0:
        assert 0 <= found <= FIRST_S
    else:
        assert POLL_S * (1 - JITTER) <= found <= POLL_S


def test_machines_that_start_together_do_not_ask_together() -> None:
    assert len({wait_s(n, d / 10) for n in (0, 1) for d in range(11)}) == 22
