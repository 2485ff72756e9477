"""What the system says of network and power: NetworkManager and UPower on Linux's system bus; elsewhere nothing yet.

Both are optional. Where one is not there, or does not answer in time, what it would have said is unknown.
"""

import os
import selectors
import sys
from collections.abc import Mapping

from agent.core.link import UNKNOWN, Link

if sys.platform == "linux":
    import time

    from agent.native.accessible.atspi import returned
    from agent.native.accessible.bus import Answer, Bus, Talk
    from agent.native.accessible.wire import BusBroken, Call
    from agent.native.seat import PROPERTIES, SYSTEM_BUS

    NETWORK, NETWORK_PATH = "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager"
    POWER, POWER_PATH = "org.freedesktop.UPower", "/org/freedesktop/UPower"
    DISPLAY_PATH = f"{POWER_PATH}/devices/DisplayDevice"
    METERED = frozenset({1, 3})
    """NMMetered: yes, and yes by guess. 0 is unknown, 2 no, 4 no by guess."""
    LIMIT_NS = 2_000_000_000
    """Nanoseconds for all answers: the bus may start a service first."""
    ROUND_S = 0.1

    class _Clock:
        """The bus's own deadlines need no more than this."""

        def monotonic_ns(self) -> int:
            return time.monotonic_ns()

        def time_ns(self) -> int:
            return time.time_ns()

    def read_link(environ: Mapping[str, str] = os.environ) -> Link:
        """Ask now. Takes two seconds at most; for a thread that may wait."""
        answers: list[list[Answer]] = []
        with selectors.DefaultSelector() as selector:
            address = environ.get("DBUS_SYSTEM_BUS_ADDRESS") or SYSTEM_BUS
            try:
                bus = Bus(address, _Clock(), selector, lambda _: None, lambda: answers.append([]))
            except BusBroken:
                return UNKNOWN
            asked = [
                _get(NETWORK, NETWORK_PATH, NETWORK, "Metered"),
                _get(POWER, POWER_PATH, POWER, "OnBattery"),
                _get(POWER, DISPLAY_PATH, f"{POWER}.Device", "Percentage"),
            ]
            bus.talk(_asking(asked, answers), LIMIT_NS)
            until_ns = time.monotonic_ns() + 2 * LIMIT_NS
            while not answers and time.monotonic_ns() < until_ns:
                for key, mask in selector.select(ROUND_S):
                    key.data(mask)
            bus.close()
        return _link(answers[0]) if answers and answers[0] else UNKNOWN

    def _asking(calls: list[Call], answers: list[list[Answer]]) -> Talk:
        answers.append((yield calls))

    def _get(name: str, path: str, interface: str, member: str) -> Call:
        return Call(name, path, PROPERTIES, "Get", "ss", (interface, member))

    def _value(answer: Answer, signature: str) -> object:
        values = returned(answer, "v") if answer is not None else None
        return values[0].value if values and values[0].signature == signature else None

    def _link(answers: list[Answer]) -> Link:
        metered, on_battery, percent = (_value(a, s) for a, s in zip(answers, ("u", "b", "d"), strict=True))
        known = metered in METERED if isinstance(metered, int) and metered else None
        left = int(percent) if isinstance(percent, float) and 0 <= percent <= 100 and on_battery is True else None  # noqa: PLR2004
        return Link(known, left)

else:

    def read_link(environ: Mapping[str, str] = os.environ) -> Link:
        """Nobody is asked on this system yet."""
        del environ
        return UNKNOWN
