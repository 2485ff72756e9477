"""Whether a password field has the focus, as the program in front tells it: a detector of the daemon.

A field's word comes 4–50 ms after the focus went there, so it counts from a little before it came. What is not known
within a limit counts as a password field, as long as the program is on the accessibility bus at all. A program that is
not (xterm, and any pure X11 program) has nothing to tell, and this detector has nothing against it:
docs/threat-model.md says what that leaves open.
"""

import selectors
from collections.abc import Callable, Mapping
from enum import Enum, auto

from agent.core.observe import WindowInfo
from agent.native.accessible.atspi import PASSWORD_TEXT, Element, ask, find_focused, number
from agent.native.accessible.bus import LIMIT_NS, Answer, Talk
from agent.native.accessible.listener import Listener
from agent.native.alarm import Alarm
from agent.native.base import Clock
from schemas.policy import AppRule
from schemas.status import ClosedReason

TRAIL_NS = 200_000_000
"""Nanoseconds before a field's word from which on it counts. Measured: 2–50 ms; keys wait 250 ms in memory."""
ROLE_LIMIT_NS = 100_000_000
"""Nanoseconds that a field has to tell its role, after its word that it has the focus."""
FIRST_LOOKS_NS = (0, 15_000_000, 60_000_000)
"""When to look for the focus in a window that came to the front: it may not know yet that it is."""
AGAIN_NS = (250_000_000, 1_000_000_000, 4_000_000_000)
"""When to look again while in doubt; the last one for ever."""
MAX_SECRETS = 1000
"""Password fields that are remembered of one program."""


class Standing(Enum):
    """What is known of the focus in the window in front."""

    AWAY = auto()  # nothing allowed is in front
    ASKED = auto()  # within the limit
    ABSENT = auto()  # the program is not on the accessibility bus
    CLEAR = auto()
    SECRET = auto()
    DOUBT = auto()


CLOSED = frozenset({Standing.SECRET, Standing.DOUBT})


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
        self._listener: Listener | None = None
        self._alarm: Alarm | None = None
        self.standing = Standing.AWAY
        self._focus: Element | None = None
        self._secrets: set[Element] = set()
        self._since_ns = 0  # when the window came to the front
        self._looks = 0
        self._look_ns: int | None = None
        self._limit_ns: int | None = None

    def __repr__(self) -> str:
        return f"<SecureFocus {self.standing.name}>"

    def attend(self, window: WindowInfo | None, app: AppRule | None) -> None:
        """This window is in front, or nothing that may be captured."""
        if window is None or app is None or window.pid is None:
            self._leave()
            return
        before, self._window = self._window, window
        if before is not None and (before.window, before.pid) == (window.window, window.pid):
            return
        self._since_ns = self._clock.monotonic_ns()
        if before is None or before.pid != window.pid or self._listener is None:
            self._listen(window.pid)
        elif self.standing is not Standing.ABSENT:
            self._begin_looking()
        self._tick()

    def verdict(self) -> ClosedReason | None:
        """Why this window must not be captured now."""
        return ClosedReason.SECURE_INPUT if self.standing in CLOSED else None

    def _listen(self, pid: int) -> None:
        self._leave_program()
        self._settle(Standing.ASKED, self._since_ns)
        self._limit_ns = self._since_ns + LIMIT_NS
        self._alarm = Alarm()
        self._selector.register(self._alarm, selectors.EVENT_READ, self._ring)
        self._listener = Listener(self._environ, self._clock, self._selector, pid, self._joined, self._moved)

    def _leave(self) -> None:
        self._window = None
        self._leave_program()
        self.standing = Standing.AWAY

    def _leave_program(self) -> None:
        if self._listener is not None:
            self._listener.close()
        if self._alarm is not None:
            self._selector.unregister(self._alarm)
            self._alarm.close()
        self._listener = self._alarm = self._focus = self._look_ns = self._limit_ns = None
        self._secrets.clear()

    def _joined(self, there: bool | None) -> None:  # noqa: FBT001  # an answer of three values
        if there:
            self._begin_looking()
        elif there is None:
            self._doubt(self._since_ns)
        else:
            self._limit_ns = None
            self._settle(Standing.ABSENT, self._clock.monotonic_ns())

    def _begin_looking(self) -> None:
        now_ns = self._clock.monotonic_ns()
        self._looks = 0
        self._look_ns = now_ns
        self._limit_ns = self._limit_ns or now_ns + LIMIT_NS
        if self.standing is Standing.ABSENT:
            self._settle(Standing.ASKED, now_ns)

    def _look(self) -> None:
        """Ask which element has the focus, and arrange for the next time if that is not known by then."""
        times = (*FIRST_LOOKS_NS[1:], *AGAIN_NS)
        self._look_ns = self._clock.monotonic_ns() + times[min(self._looks, len(times) - 1)]
        self._looks += 1
        bus = self._listener.bus if self._listener else None
        if self._listener is None or bus is None or bus.closed:
            if self._window is not None and self._window.pid is not None and self._looks > len(FIRST_LOOKS_NS):
                self._again(self._window.pid)
            return
        bus.talk(self._looking(list(self._listener.names)))

    def _again(self, pid: int) -> None:
        """The bus went away: perhaps there is another one by now. Closed until that is known."""
        looks = self._looks
        self._leave_program()
        self.standing = Standing.DOUBT
        self._listen_quietly(pid)
        self._looks = looks

    def _looking(self, names: list[str]) -> Talk:
        before = self._focus
        for name in names:
            found = yield from find_focused(name)
            if found is not None and self._focus == before:
                (answer,) = yield [ask(found, "GetRole")]
                if self._focus == before:  # no event came meanwhile, which would be newer
                    self._focus = found
                    self._told(found, answer, self._since_ns)
                return

    def _moved(self, element: Element, gained: bool | None) -> None:  # noqa: FBT001  # an event of three kinds
        now_ns = self._clock.monotonic_ns()
        if gained is False:
            if element == self._focus:
                self._focus = None
                self._looks, self._look_ns = 0, now_ns + FIRST_LOOKS_NS[1]
                self._limit_ns = self._limit_ns or now_ns + ROLE_LIMIT_NS
                self._tick()
            return
        if gained:
            self._focus = element
        bus = self._listener.bus if self._listener else None
        if bus is not None and (gained or element == self._focus):
            since_ns = max(self._since_ns, now_ns - TRAIL_NS)
            bus.call(ask(element, "GetRole"), lambda answer: self._told(element, answer, since_ns), ROLE_LIMIT_NS)

    def _told(self, element: Element, answer: Answer, since_ns: int) -> None:
        """An element said what it is. What is not an answer is never remembered."""
        role = number(answer)
        if role == PASSWORD_TEXT:
            if len(self._secrets) < MAX_SECRETS:
                self._secrets.add(element)
            self._know(Standing.SECRET, since_ns)
        elif role is None or element in self._secrets:  # a field that once hid what is typed may show it now
            self._know(Standing.SECRET if role is not None else Standing.DOUBT, since_ns)
        elif element == self._focus:
            self._know(Standing.CLEAR, self._clock.monotonic_ns())
        self._tick()

    def _know(self, standing: Standing, since_ns: int) -> None:
        self._looks, self._limit_ns = len(FIRST_LOOKS_NS) - 1, None
        doubt = standing is Standing.DOUBT
        self._look_ns = self._clock.monotonic_ns() + AGAIN_NS[0] if doubt else None
        self._settle(standing, since_ns)

    def _doubt(self, since_ns: int) -> None:
        self._limit_ns = None
        self._looks = max(self._looks, len(FIRST_LOOKS_NS))
        self._look_ns = self._look_ns or self._clock.monotonic_ns() + AGAIN_NS[0]
        self._settle(Standing.DOUBT, since_ns)

    def _settle(self, standing: Standing, since_ns: int) -> None:
        before, self.standing = self.verdict(), standing
        if self.verdict() is not before:
            self._news(since_ns)
