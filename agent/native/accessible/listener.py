"""Listening to one program on the accessibility bus: which of its fields has the focus, and nothing of any other.

The person's session bus says where the accessibility bus is; it is not started for us. Match rules name the sender, so
other programs' events never reach this process. A program's helpers (a web engine's process) count as the program,
unless they are programs with windows of their own.
"""

import logging
import selectors
from collections.abc import Callable, Mapping

from agent.native.accessible import atspi
from agent.native.accessible.address import session_address
from agent.native.accessible.atspi import Element, Talking, add_match, ask, elements, number, pid_of, register, returned
from agent.native.accessible.bus import BUS, BUS_PATH, Bus, Talk
from agent.native.accessible.wire import BusBroken, Call, Heard
from agent.native.base import Clock
from agent.native.family import descends

MAX_NAMES = 256
"""Names on the accessibility bus: programs with a window, a few helpers. More cannot be looked through in time."""
MAX_HELPERS = 16
"""Processes of one program that are listened to."""
_log = logging.getLogger(__name__)

_RULES = (
    f"type='signal',sender='{{}}',interface='{atspi.OBJECT_EVENTS}',member='StateChanged',arg0='focused'",
    f"type='signal',sender='{{}}',interface='{atspi.OBJECT_EVENTS}',member='PropertyChange',arg0='accessible-role'",
)
_JOINING = f"type='signal',sender='{BUS}',interface='{BUS}',member='NameOwnerChanged'"


class Listener:
    """Exists while one program is listened to.

    Args:
        environ: which session.
        clock: the time.
        selector: the daemon's.
        pid: the program's process.
        settled: called once it is known whether the program is on the bus (``None``: that cannot be told).
        moved: called with each element that says that it got (``True``) or lost (``False``) the focus, or changed its
            role (``None``).
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: Clock,
        selector: selectors.BaseSelector,
        pid: int,
        settled: Callable[[bool | None], None],
        moved: Callable[[Element, bool | None], None],
    ) -> None:
        self._clock, self._selector, self._pid = clock, selector, pid
        self._settled, self._moved = settled, moved
        self._session: Bus | None = None
        self.bus: Bus | None = None
        self.names: list[str] = []
        self.deaf = False  # the bus or its registry refused to have events sent: to be joined anew
        self._helpers: set[str] = set()
        self._begin(session_address(environ))

    def __repr__(self) -> str:
        return f"<Listener {self._pid} {self.names}>"

    def buses(self) -> list[Bus]:
        """The connections that exist now."""
        return [bus for bus in (self._session, self.bus) if bus is not None and not bus.closed]

    def close(self) -> None:
        """Leave. Idempotent."""
        for bus in self.buses():
            bus.close()

    def _begin(self, address: str | None) -> None:
        if address is None:
            self._settled(False)
            return
        try:
            self._session = Bus(address, self._clock, self._selector, lambda _: None, self._lose)
        except BusBroken:
            self._settled(False)  # no session bus, so nobody is on it
            return
        self._session.talk(self._find_bus(self._session))

    def _find_bus(self, session: Bus) -> Talk:
        (answer,) = yield [Call("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress")]
        told = returned(answer, "s")
        if told is None:  # an error: nobody serves accessibility here. No answer: who knows?
            self._settled(None if answer is None else False)
            return
        session.close()
        try:
            self.bus = Bus(told[0], self._clock, self._selector, self._hear, self._lose)
        except BusBroken:
            self._settled(None)
            return
        self.bus.talk(self._join())

    def _join(self) -> Talk:
        _, answer = yield [add_match(_JOINING), Call(BUS, BUS_PATH, BUS, "ListNames")]
        told = returned(answer, "as")
        names = [n for n in told[0] if n.startswith(":")] if told else []
        if not names or len(names) > MAX_NAMES:
            self._settled(None)
            return
        pids = yield [pid_of(name) for name in names]
        for name, pid in zip(names, pids, strict=True):
            yield from self._weigh(name, number(pid))
        self._settled(None if self.deaf else bool(self.names))

    def _weigh(self, name: str, pid: int | None) -> Talking[None]:
        if pid == self._pid:
            self.names.append(name)
        elif pid is not None and len(self._helpers) < MAX_HELPERS and descends(pid, self._pid):
            self._helpers.add(name)
        else:
            return
        rules = [add_match(rule.format(name)) for rule in _RULES]
        answers = yield [*(register(event, name) for event in (atspi.FOCUS_EVENT, atspi.ROLE_EVENT)), *rules]
        self.deaf = self.deaf or any(returned(answer, "") is None for answer in answers)

    def _welcome(self, name: str) -> Talk:
        """Somebody joined the bus while we listen: perhaps the program that we listen to."""
        (answer,) = yield [pid_of(name)]
        known = len(self.names)
        yield from self._weigh(name, number(answer))
        if len(self.names) > known:
            self._settled(None if self.deaf else True)

    def _hear(self, signal: Heard) -> None:
        if signal.sender == BUS and signal.member == "NameOwnerChanged" and signal.signature == "sss":
            name, old, new = signal.body
            if name.startswith(":") and new and self.bus is not None and not old:
                self.bus.talk(self._welcome(name))
            elif name in self.names and not new:
                self.names.remove(name)
                if not self.names:
                    self._settled(None)  # it was there, so it had something to tell
        elif signal.interface == atspi.OBJECT_EVENTS and signal.signature[:4] in ("siiv", "siia"):
            self._event(signal)

    def _event(self, signal: Heard) -> None:
        element = (signal.sender, signal.path)
        detail, gained = signal.body[0], signal.body[1]
        if signal.sender in self._helpers and self.bus is not None:
            self.bus.talk(self._if_helper(element, gained if detail == "focused" else None))
        elif signal.sender in self.names:
            self._moved(element, bool(gained) if detail == "focused" else None)

    def _if_helper(self, element: Element, gained: int | None) -> Talk:
        """A program of its own, started from this one, is in the registry's list; a web engine's process is not."""
        (answer,) = yield [ask((atspi.REGISTRY, atspi.ROOT_PATH), "GetChildren")]
        if element[0] not in [name for name, _ in elements(answer, MAX_NAMES)]:
            self._moved(element, None if gained is None else bool(gained))

    def _lose(self) -> None:
        _log.info("the accessibility bus is gone")
        self.close()
        self._settled(None)
