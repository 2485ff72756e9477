"""Whether a password field has the focus, as the program in front tells it: a detector of the daemon.

A field's word comes 4 to 50 ms after the focus went there, so it counts from a little before it came. What is not known
within a limit counts as a password field, as long as the program is on the accessibility bus at all. A program that is
not (xterm, and any pure X11 program) has nothing to tell, and this detector has nothing against it:
docs/threat-model.md says what that leaves open.
"""

import selectors
from collections.abc import Callable, Mapping
from enum import Enum, auto

from agent.core.observe import ElementObserved, WindowInfo
from agent.native.accessible.atspi import PASSWORD_TEXT, Element, ask, find_focused, number
from agent.native.accessible.bus import LIMIT_NS, Answer, Talk
from agent.native.accessible.element import ElementSeen, ask_element
from agent.native.accessible.listener import Listener
from agent.native.accessible.roles import CONTROLS, role_name
from agent.native.alarm import Alarm
from agent.native.base import Clock
from schemas.events import Rect
from schemas.policy import AppRule
from schemas.status import ClosedReason

TRAIL_NS = 200_000_000
"""Nanoseconds before a field's word from which on it counts. Measured: 2 to 50 ms; keys wait 250 ms in memory."""
LOOKS_NS = (15_000_000, 45_000_000, 250_000_000, 1_000_000_000, 4_000_000_000)
"""Nanoseconds from one look for the focus to the next, the last one again and again. A window that just came to the
front may not know it yet; later looks are for doubt."""
FIRST_LOOKS = 2
"""Looks that are over once there is doubt."""
MAX_SECRETS = 1000
"""Password fields that are remembered of one program."""


class Standing(Enum):
    """What is known of the focus in the window in front."""

    AWAY = auto()  # nothing allowed is in front
    ASKED = auto()  # within the limit: the gate is open, and nothing leaves memory
    ABSENT = auto()  # the program is not on the accessibility bus
    CLEAR = auto()
    SECRET = auto()
    DOUBT = auto()


CLOSED = frozenset({Standing.SECRET, Standing.DOUBT})
CLOSED_IN_BROWSERS = frozenset({Standing.SECRET})
"""Where single sites are allowed, the browser's extension tells of fields for secrets, and its silence closes the gate
(:mod:`agent.daemon.sites`). Chromium tells assistive technology no focus unless it was started for that, so doubt means
nothing there; a password field that it does tell of counts."""


class SecureFocus:
    """A :class:`agent.daemon.detectors.Detector`. For one thread.

    Args:
        environ: which session.
        clock: the time.
        selector: the daemon's.
        news: told of each change of the verdict, with the time from which on it counts.
    """

    def __init__(
        self, environ: Mapping[str, str], clock: Clock, selector: selectors.BaseSelector, news: Callable[[int], None]
    ) -> None:
        self._environ, self._clock, self._selector, self._news = environ, clock, selector, news
        self._window: WindowInfo | None = None
        self._closed = CLOSED
        self._listener: Listener | None = None
        self._alarm: Alarm | None = None
        self.standing = Standing.AWAY
        self._focus: Element | None = None
        self._turn = 0  # counts what was told of the focus, so that an answer to an older question is known as such
        self._secrets: set[Element] = set()
        self._since_ns = 0  # when the window came to the front
        self._looks = 0
        self._look_ns: int | None = None
        self._limit_ns: int | None = None
        self._open_ns: int | None = None  # since when it is not known what has the focus

    def __repr__(self) -> str:
        return f"<SecureFocus {self.standing.name}>"

    def attend(self, window: WindowInfo | None, app: AppRule | None) -> None:
        """This window is in front, or nothing that may be captured."""
        before, self._window = self._window, window if app is not None else None
        self._closed = CLOSED if app is None or app.origins is None else CLOSED_IN_BROWSERS
        if self._window is None or self._window.pid is None:
            self._leave()
            self.standing = Standing.AWAY
        elif before is None or before.pid != self._window.pid:
            self._leave()
            self._begin(self._window.pid)
        elif before.window != self._window.window and self.standing is not Standing.ABSENT:
            self._since_ns = self._clock.monotonic_ns()
            self._turn += 1
            self._await(self._since_ns)
            self._look_at_once()

    def verdict(self) -> ClosedReason | None:
        """Why this window must not be captured now."""
        return ClosedReason.SECURE_INPUT if self.standing in self._closed else None

    def deadline_ns(self) -> int | None:
        """Never: it has its own alarm, and tells."""
        return None

    def open_since_ns(self) -> int | None:
        """Since when it is not known what has the focus."""
        return self._open_ns

    def element_at(self, x: int, y: int, found: Callable[[ElementObserved], None]) -> None:
        """Ask what lies under a point of the window in front: see :class:`agent.daemon.elements.Describer`."""
        bus = self._listener.bus if self._listener else None
        if self._listener is None or bus is None or bus.closed or not self._listener.names:
            return

        def seen(element: ElementSeen | None) -> None:
            if element is not None and _within(x, y, element.rect):
                role = role_name(element.role)
                name = element.name or None if role in CONTROLS else None
                found(ElementObserved(role=role, name=name, rect=element.rect))

        ask_element(bus, list(self._listener.names), x, y, seen)

    def _begin(self, pid: int) -> None:
        self.standing = Standing.ASKED
        self._since_ns = self._clock.monotonic_ns()
        self._alarm = Alarm()
        self._selector.register(self._alarm, selectors.EVENT_READ, self._ring)
        self._await(self._since_ns)
        self._listen(pid)
        self._wind()

    def _listen(self, pid: int) -> None:
        """Join the bus, anew perhaps."""
        if self._listener is not None:
            self._listener.close()
        self._listener = Listener(self._environ, self._clock, self._selector, pid, self._joined, self._moved)

    def _leave(self) -> None:
        """Hold nothing any more."""
        if self._listener is not None:
            self._listener.close()
        if self._alarm is not None:
            self._selector.unregister(self._alarm)
            self._alarm.close()
        self._listener = self._alarm = self._focus = self._look_ns = self._limit_ns = self._open_ns = None
        self._secrets.clear()

    def _await(self, since_ns: int) -> None:
        """What has the focus since then is to be known soon; until it is, what was observed since then waits."""
        self._open_ns = since_ns if self._open_ns is None else min(self._open_ns, since_ns)
        self._limit_ns = self._limit_ns or self._clock.monotonic_ns() + LIMIT_NS
        self._wind()

    def _joined(self, there: bool | None) -> None:  # noqa: FBT001  # an answer of three values
        if there:
            self._look_at_once()
        elif there is None:
            self._doubt()
        else:
            self._limit_ns = self._look_ns = self._open_ns = None
            self._settle(Standing.ABSENT, self._clock.monotonic_ns())

    def _look_at_once(self) -> None:
        self._looks = 0
        self._look_ns = self._clock.monotonic_ns()
        self._wind()

    def _ring(self, _mask: int) -> None:
        now_ns = self._clock.monotonic_ns()
        if self._alarm is not None:
            self._alarm.rang()
        if self._look_ns is not None and now_ns >= self._look_ns:
            self._look(now_ns)
        if self._limit_ns is not None and now_ns >= self._limit_ns:
            self._doubt()
        self._wind()

    def _wind(self) -> None:
        if self._alarm is not None:
            self._alarm.set(min((t for t in (self._look_ns, self._limit_ns) if t is not None), default=None))

    def _look(self, now_ns: int) -> None:
        """Ask which element has the focus, and arrange for the next time if that is not known by then."""
        self._look_ns = now_ns + LOOKS_NS[min(self._looks, len(LOOKS_NS) - 1)]
        self._looks += 1
        bus = self._listener.bus if self._listener else None
        if self._listener is not None and bus is not None and not (bus.closed or self._listener.deaf):
            bus.talk(self._looking(list(self._listener.names)))
        elif self._window is not None and self._window.pid is not None:
            self._listen(self._window.pid)  # the bus went away; perhaps there is another one by now

    def _looking(self, names: list[str]) -> Talk:
        turn = self._turn
        for name in names:
            found = yield from find_focused(name)
            if found is not None:
                (answer,) = yield [ask(found, "GetRole")]
                if self._turn == turn:  # no event came meanwhile, which would be newer
                    self._turn += 1
                    self._focus = found
                    self._told(found, answer, self._since_ns)
                return

    def _moved(self, element: Element, gained: bool | None) -> None:  # noqa: FBT001  # an event of three kinds
        self._turn += 1
        now_ns = self._clock.monotonic_ns()
        since_ns = max(self._since_ns, now_ns - TRAIL_NS)
        if gained is False and element == self._focus:
            self._focus = None
            self._looks, self._look_ns = 1, now_ns + LOOKS_NS[0]  # unless another element says that it has it
            self._await(since_ns)
        elif gained or element == self._focus:
            self._focus = element
            if self._listener is not None and self._listener.bus is not None:
                self._await(since_ns)
                self._listener.bus.call(ask(element, "GetRole"), lambda told: self._told(element, told, since_ns))

    def _told(self, element: Element, answer: Answer, since_ns: int) -> None:
        """An element said what it is. No answer is never remembered."""
        role = number(answer)
        if role == PASSWORD_TEXT and len(self._secrets) < MAX_SECRETS:
            self._secrets.add(element)
        if role == PASSWORD_TEXT or element in self._secrets:  # what hid its text once may show it now: still secret
            self._know(Standing.SECRET, since_ns)
        elif role is None:
            self._doubt(since_ns)
        elif element == self._focus:
            self._know(Standing.CLEAR, self._clock.monotonic_ns())

    def _know(self, standing: Standing, since_ns: int) -> None:
        self._look_ns = self._limit_ns = self._open_ns = None
        self._settle(standing, since_ns)
        self._wind()

    def _doubt(self, since_ns: int | None = None) -> None:
        now_ns = self._clock.monotonic_ns()
        open_ns, self._open_ns, self._limit_ns = self._open_ns, None, None
        self._looks = max(self._looks, FIRST_LOOKS)
        self._look_ns = self._look_ns or now_ns + LOOKS_NS[FIRST_LOOKS]
        earliest_ns = min(t for t in (open_ns, since_ns, now_ns - TRAIL_NS) if t is not None)
        self._settle(Standing.DOUBT, max(self._since_ns, earliest_ns))
        self._wind()

    def _settle(self, standing: Standing, since_ns: int) -> None:
        before, self.standing = self.verdict(), standing
        if self.verdict() is not before:
            self._news(since_ns)


def _within(x: int, y: int, rect: Rect) -> bool:
    """Whether a point lies in a rectangle: if not, the window moved meanwhile, or the program counts other pixels."""
    left, top, right, bottom = rect
    return left <= x < right and top <= y < bottom
