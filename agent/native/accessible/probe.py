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
NAME, PATH, STATUS = "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Status"
"""Where the switch is; its properties are two."""


def accessibility_on(environ: Mapping[str, str], clock: Clock) -> bool:
    """Whether accessibility is switched on (``org.a11y.Status.IsEnabled``). Changes and starts nothing."""
    return property_of(environ, clock, NAME, PATH, STATUS, "IsEnabled") is True


def property_of(  # as D-Bus names a property
    environ: Mapping[str, str], clock: Clock, destination: str, path: str, interface: str, name: str
) -> object:
    """A property on the session bus; ``None`` where nobody tells."""
    asked = Call(destination, path, "org.freedesktop.DBus.Properties", "Get", "ss", (interface, name))
    told = returned(answer_of(environ, clock, asked), "v")
    return told[0].value if told else None


def answer_of(environ: Mapping[str, str], clock: Clock, call: Call) -> Answer:
    """Call a method on the session bus and wait for :data:`LIMIT_NS` at most; ``None`` where nobody answers."""
    address = session_address(environ)
    answers: list[Answer] = []
    if address is None:
        return None
    with selectors.DefaultSelector() as selector:
        try:
            bus = Bus(address, clock, selector, lambda _: None, lambda: answers.append(None))
        except BusBroken:
            return None
        bus.call(call, answers.append, LIMIT_NS)
        while not answers:
            for key, mask in selector.select(POLL_S):
                key.data(mask)
        bus.close()
    return answers[0]
