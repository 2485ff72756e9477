"""Whether the person sits at this session: it is in front, unlocked and awake.

Two tellers. logind (``org.freedesktop.login1``, on the system bus) knows whether the session is in front, whether the
desktop says that it is locked, and when the machine goes to sleep. The desktop's own screen saver says on the session
bus when it covers the screen (``ActiveChanged``, under a name that ends in ``ScreenSaver``). Where neither exists, the
session counts as the person's: a locker takes the focus or grabs the keyboard, and that closes the gate too.
"""

import logging
import os
import selectors
import sys
from collections.abc import Callable, Mapping

from agent.native.accessible.address import session_address
from agent.native.accessible.atspi import Talking, add_match, returned
from agent.native.accessible.bus import BUS, Bus, Talk
from agent.native.accessible.unmarshal import Variant
from agent.native.accessible.wire import BusBroken, Call, Heard
from agent.native.base import Clock

if sys.platform != "linux":
    raise ImportError("logind is Linux's")

LOGIND = "org.freedesktop.login1"
MANAGER, MANAGER_PATH = f"{LOGIND}.Manager", "/org/freedesktop/login1"
SESSION, USER = f"{LOGIND}.Session", f"{LOGIND}.User"
PROPERTIES = "org.freedesktop.DBus.Properties"
SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket"
SAVER = "ScreenSaver"
AGAIN_NS = 1_000_000_000
"""Nanoseconds between tries to join a message bus that is not there: the daemon reviews four times a second."""
MAX_SAVERS = 16
"""Programs that say that they cover the screen: one is usual. Past this, the newest is not remembered."""
LIMIT_NS = 2_000_000_000
"""Nanoseconds for an answer of logind's, which a starting machine may need."""
_log = logging.getLogger(__name__)


class Seat:
    """Watches while it is asked to. For one thread.

    Args:
        environ: which session: ``XDG_SESSION_ID``, ``DBUS_SYSTEM_BUS_ADDRESS``, ``DBUS_SESSION_BUS_ADDRESS``.
        clock: the time.
        selector: the daemon's.
        changed: called when :meth:`active` may have become another.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: Clock,
        selector: selectors.BaseSelector,
        changed: Callable[[], None],
    ) -> None:
        self._environ, self._clock, self._selector, self._changed = environ, clock, selector, changed
        self._system: Bus | None = None
        self._session: Bus | None = None
        self._path = ""
        self._in_front = True
        self._locked = self._asleep = False
        self._savers: set[str] = set()
        self._again_ns: dict[str, int] = {}  # by address: when a bus that is not there is looked for anew

    def active(self) -> bool:
        """True unless a teller says otherwise."""
        return self._in_front and not (self._locked or self._asleep or self._savers)

    def watch(self) -> None:
        """Listen to both tellers, if they are there. What was known before is asked anew. Idempotent."""
        if self._system is None:
            self._system = self._join(
                self._environ.get("DBUS_SYSTEM_BUS_ADDRESS") or SYSTEM_BUS, self._of_logind, self._ask_logind
            )
        if self._session is None:
            self._session = self._join(session_address(self._environ), self._of_desktop, self._ask_desktop)

    def leave(self) -> None:
        """Listen no more, and know nothing. Idempotent."""
        for bus in (self._system, self._session):
            if bus is not None:
                bus.close()
        self._system = self._session = None
        self._again_ns.clear()
        self._forget()

    def _join(self, address: str | None, heard: Callable[[Heard], None], talk: Callable[[], Talk]) -> Bus | None:
        now_ns = self._clock.monotonic_ns()
        if address is None or now_ns < self._again_ns.get(address, now_ns):
            return None
        try:
            bus = Bus(address, self._clock, self._selector, heard, self._lost)
        except BusBroken:
            self._again_ns[address] = now_ns + AGAIN_NS
            return None
        bus.talk(talk(), LIMIT_NS)
        return bus

    def _lost(self) -> None:
        """A bus went away: begin again with what can be asked when next told to watch."""
        _log.info("a message bus went away")
        self.leave()
        self._changed()

    def _forget(self) -> None:
        self._path, self._in_front, self._locked, self._asleep = "", True, False, False
        self._savers.clear()

    def _ask_logind(self) -> Talk:
        path = yield from _session_of(self._environ)
        if path is None:
            return
        self._path = path
        yield [
            add_match(f"type='signal',sender='{LOGIND}',path='{path}',member='PropertiesChanged'"),
            add_match(f"type='signal',sender='{LOGIND}',path='{MANAGER_PATH}',member='PrepareForSleep'"),
        ]
        (answer,) = yield [Call(LOGIND, path, PROPERTIES, "GetAll", "s", (SESSION,))]
        values = returned(answer, "a{sv}")
        self._take(values[0] if values else {})

    @staticmethod
    def _ask_desktop() -> Talk:
        yield [
            add_match("type='signal',member='ActiveChanged'"),
            add_match(f"type='signal',sender='{BUS}',member='NameOwnerChanged'"),
        ]

    def _of_logind(self, heard: Heard) -> None:
        if heard.member == "PropertiesChanged" and heard.path == self._path and heard.signature == "sa{sv}as":
            self._take(heard.body[1])
        elif heard.member == "PrepareForSleep" and heard.signature == "b":
            self._asleep = heard.body[0]
            self._changed()

    def _of_desktop(self, heard: Heard) -> None:
        if heard.member == "ActiveChanged" and heard.interface.endswith(SAVER) and heard.signature == "b":
            if not heard.body[0]:
                self._savers.discard(heard.sender)
            elif len(self._savers) < MAX_SAVERS:
                self._savers.add(heard.sender)
        elif heard.member == "NameOwnerChanged" and heard.sender == BUS and heard.signature == "sss":
            if heard.body[0] not in self._savers or heard.body[2]:
                return
            self._savers.discard(heard.body[0])
        else:
            return
        self._changed()

    def _take(self, properties: Mapping[str, Variant]) -> None:
        """Properties of the session, as far as they are told and are what they should be."""
        self._in_front = _truth(properties, "Active", self._in_front)
        self._locked = _truth(properties, "LockedHint", self._locked)
        self._changed()


def _session_of(environ: Mapping[str, str]) -> Talking[str | None]:
    """The path of this person's session: the one that we are in, else the one that they see."""
    if number := environ.get("XDG_SESSION_ID"):
        (answer,) = yield [Call(LOGIND, MANAGER_PATH, MANAGER, "GetSession", "s", (number,))]
        if values := returned(answer, "o"):
            return str(values[0])
    (answer,) = yield [Call(LOGIND, MANAGER_PATH, MANAGER, "GetUser", "u", (os.getuid(),))]
    values = returned(answer, "o")
    if not values:
        return None
    (answer,) = yield [Call(LOGIND, values[0], PROPERTIES, "Get", "ss", (USER, "Display"))]
    values = returned(answer, "v")
    if not values or values[0].signature != "(so)" or not values[0].value[0]:
        return None
    return str(values[0].value[1])


def _truth(properties: Mapping[str, Variant], name: str, before: bool) -> bool:  # noqa: FBT001  # what it was
    found = properties.get(name)
    return bool(found.value) if found is not None and found.signature == "b" else before
