"""Whether programs of this session were asked to tell what their windows hold: for ``overt doctor``."""

import selectors
from collections.abc import Mapping

from agent.native.accessible.address import session_address
from agent.native.accessible.atspi import returned
from agent.native.accessible.bus import Answer, Bus
from agent.native.accessible.wire import BusBroken, Call
from agent.native.base import Clock

LIMIT_NS = 1_000_000_000
"""Nanoseconds to wait for the session bus."""
POLL_S = 0.1
STATUS = "org.a11y.Status"


def accessibility_on(environ: Mapping[str, str], clock: Clock) -> bool:
    """Whether accessibility is switched on (``org.a11y.Status.IsEnabled``). Changes and starts nothing."""
    return property_of(environ, clock, "org.a11y.Bus", "/org/a11y/bus", STATUS, "IsEnabled") is True


def property_of(  # as D-Bus names a property
    environ: Mapping[str, str], clock: Clock, destination: str, path: str, interface: str, name: str
) -> object:
    """A property on the session bus; ``None`` where nobody tells."""
    address = session_address(environ)
    answers: list[Answer] = []
    if address is None:
        return None
    with selectors.DefaultSelector() as selector:
        try:
            bus = Bus(address, clock, selector, lambda _: None, lambda: answers.append(None))
        except BusBroken:
            return None
        asked = Call(destination, path, "org.freedesktop.DBus.Properties", "Get", "ss", (interface, name))
        bus.call(asked, answers.append, LIMIT_NS)
        while not answers:
            for key, mask in selector.select(POLL_S):
                key.data(mask)
        bus.close()
    told = returned(answers[0], "v")
    return told[0].value if told else None
