"""The alarm clock in a selector."""

import selectors
import time

from agent.native.alarm import Alarm


def test_it_rings_when_it_is_set_to_and_then_is_quiet() -> None:
    alarm = Alarm()
    with selectors.DefaultSelector() as selector:
        selector.register(alarm, selectors.EVENT_READ)
        assert not selector.select(0)
        due_ns = time.monotonic_ns() + 20_000_000
        alarm.set(due_ns)
        assert selector.select(10)
        assert time.monotonic_ns() >= due_ns
        alarm.rang()
        assert not selector.select(0)
        alarm.set(0)  # long ago
        assert selector.select(10)
        alarm.set(None)
        assert not selector.select(0)
    alarm.close()
    alarm.close()
