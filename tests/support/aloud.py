"""What a screen reader is told: the accessibility tree of a program, read over AT-SPI 2 as Orca reads it.

Spec: https://gitlab.gnome.org/GNOME/at-spi2-core (xml/Accessible.xml). Each reading opens connections of its own.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

from tests.support.background import Background
from tests.support.desktop import Desktop

EVENTS = "org.a11y.atspi.Event.Object"
REGISTRY = ("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root")
ACCESSIBLE = "org.a11y.atspi.Accessible"
PROPERTIES = "org.freedesktop.DBus.Properties"
STATES = {"checked": 4, "enabled": 8, "focusable": 11, "focused": 12, "selected": 23, "sensitive": 24, "showing": 25}
"""Bits of AtspiStateType."""
MAX_DEPTH = 12


@dataclass(frozen=True)
class Node:
    """One thing that a screen reader can land on."""

    name: str
    role: str  # as AT-SPI names it: "push button", "list item"
    states: frozenset[str]
    children: tuple["Node", ...]

    def __iter__(self) -> Iterator["Node"]:
        """It and everything in it, from top to bottom."""
        yield self
        for child in self.children:
            yield from child

    def having(self, *roles: str) -> list["Node"]:
        """Everything in it of some roles that is on the screen."""
        return [node for node in self if node.role in roles and "showing" in node.states]


def read_aloud(desktop: Desktop, pid: int) -> list[Node]:
    """The windows of one process; none where it has not told of itself yet."""
    return asyncio.run(_read(desktop.env["DBUS_SESSION_BUS_ADDRESS"], pid))


class Ear(Background):
    """A screen reader's ear: what the keyboard's focus lands on, one after the other, for the length of a block.

    Attributes:
        heard: Name and role of each thing that said that it has the focus now.
    """

    def __init__(self, desktop: Desktop) -> None:
        super().__init__("ear")
        self._session = desktop.env["DBUS_SESSION_BUS_ADDRESS"]
        self.heard: list[tuple[str, str]] = []

    async def _serve(self) -> None:
        bus = await _accessibility(self._session)
        said: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

        def take(message: Message) -> None:
            if message.member == "StateChanged" and message.body[:2] == ["focused", 1]:
                said.put_nowait((str(message.sender), str(message.path)))

        bus.add_message_handler(take)
        rule = f"type='signal',interface='{EVENTS}',member='StateChanged'"
        dbus = ("org.freedesktop.DBus", "/org/freedesktop/DBus")
        await _call(bus, dbus, dbus[0], "AddMatch", "s", rule)
        registry = (REGISTRY[0], "/org/a11y/atspi/registry")
        event = "object:state-changed:focused"
        await _call(bus, registry, "org.a11y.atspi.Registry", "RegisterEvent", "s", event)
        telling = asyncio.create_task(self._tell(bus, said))
        await self._serving()
        telling.cancel()
        bus.disconnect()

    async def _tell(self, bus: MessageBus, said: "asyncio.Queue[tuple[str, str]]") -> None:
        while True:
            node = await _node(bus, await said.get(), MAX_DEPTH)
            self.heard.append((node.name, node.role))


async def _accessibility(session: str) -> MessageBus:
    """A connection to the accessibility bus of a session."""
    first = await MessageBus(bus_address=session).connect()
    try:
        (address,) = await _call(first, ("org.a11y.Bus", "/org/a11y/bus"), "org.a11y.Bus", "GetAddress")
    finally:
        first.disconnect()
    return await MessageBus(bus_address=str(address)).connect()


async def _read(session: str, pid: int) -> list[Node]:
    bus = await _accessibility(session)
    try:
        (programs,) = await _call(bus, REGISTRY, ACCESSIBLE, "GetChildren") or ([],)
        found = []
        for program in programs:
            if await _pid(bus, program[0]) == pid:
                found += list((await _node(bus, tuple(program), 0)).children)
        return found
    finally:
        bus.disconnect()


async def _pid(bus: MessageBus, name: str) -> int:
    dbus = "org.freedesktop.DBus"
    answer = await _call(bus, (dbus, "/org/freedesktop/DBus"), dbus, "GetConnectionUnixProcessID", "s", name)
    return int(answer[0]) if answer else 0


async def _node(bus: MessageBus, at: tuple[str, str], depth: int) -> Node:
    """One node with everything in it. What vanishes while it is read is told without a name."""
    name = await _call(bus, at, PROPERTIES, "Get", "ss", ACCESSIBLE, "Name")
    role = await _call(bus, at, ACCESSIBLE, "GetRoleName")
    states = await _call(bus, at, ACCESSIBLE, "GetState")
    children = await _call(bus, at, ACCESSIBLE, "GetChildren") if depth < MAX_DEPTH else ()
    bits = states[0][0] | states[0][1] << 32 if states else 0
    inside = [await _node(bus, tuple(child), depth + 1) for child in (children[0] if children else ())]
    return Node(
        name=name[0].value if name else "",
        role=role[0] if role else "",
        states=frozenset(state for state, bit in STATES.items() if bits >> bit & 1),
        children=tuple(inside),
    )


async def _call(
    bus: MessageBus, at: tuple[str, str], interface: str, method: str, signature: str = "", *arguments: object
) -> list[Any]:
    """The values of an answer; none stand for every failure."""
    message = Message(
        destination=at[0], path=at[1], interface=interface, member=method, signature=signature, body=list(arguments)
    )
    reply = await bus.call(message)
    return list(reply.body) if reply is not None and reply.message_type is MessageType.METHOD_RETURN else []
