"""Which window is in front, by the word of the programs themselves (AT-SPI window events), and whose it is.

A program can lie about itself only: it may say that a window of its own is in front. What it is, is told by the bus and
the kernel. Titles come with the events, and are never read: the events are sealed.
"""

from collections.abc import Callable

from agent.core.observe import WindowInfo
from agent.native.accessible.atspi import Element, active_windows, add_match, number, pid_of, register, returned
from agent.native.accessible.bus import BUS, BUS_PATH, Bus, Talk
from agent.native.accessible.listener import MAX_NAMES
from agent.native.accessible.wire import Call, Heard
from agent.native.process import running

WINDOW_EVENTS = "org.a11y.atspi.Event.Window"
COMPONENT = "org.a11y.atspi.Component"
IN_WINDOW = 1
"""``ATSPI_COORD_TYPE_WINDOW``: on Wayland no program knows where on the desktop its window is."""
RULE = f"type='signal',interface='{WINDOW_EVENTS}'"
ACTIVATED, DEACTIVATED = frozenset({"Activate", "activate"}), frozenset({"Deactivate", "deactivate", "Destroy"})
"""Members of the events: mutter and GTK 4 write them small."""
EVENTS = ("window:activate", "window:deactivate")
EVERYBODY = ""
MAX_WINDOWS = 1000
"""Windows that keep their number; past this, numbering begins anew for those that come."""


class Front:
    """Follows the focus. For one thread.

    Args:
        bus: gives the connection, once there is one.
        moved: called when :attr:`window` became another.
    """

    def __init__(self, bus: Callable[[], Bus | None], moved: Callable[[], None]) -> None:
        self._bus, self._moved = bus, moved
        self._active: Element | None = None
        self._turn = 0  # counts changes, so that an answer to an older question is known as such
        self._numbers: dict[Element, int] = {}
        self._count = 0
        self.window: WindowInfo | None = None

    @property
    def program(self) -> str | None:
        """The name on the bus of the program in front."""
        return self._active[0] if self._active and self.window else None

    def join(self) -> Talk:
        """What to ask of the bus at the beginning."""
        *_, answer = yield [
            add_match(RULE),
            *(register(event, EVERYBODY) for event in EVENTS),
            Call(BUS, BUS_PATH, BUS, "ListNames"),
        ]
        told = returned(answer, "as")
        names = [name for name in told[0] if name.startswith(":")][:MAX_NAMES] if told else []
        turn = self._turn
        for name in names:
            windows = yield from active_windows(name)
            if self._turn != turn:
                return  # an event came, which is newer than any answer
            if windows:
                self._activate(windows[0])
                return

    def heard(self, signal: Heard) -> None:
        """Take a window event. What it carries is not looked at."""
        element = (signal.sender, signal.path)
        if signal.member in ACTIVATED:
            self._activate(element)
        elif signal.member in DEACTIVATED and element == self._active:
            self._leave()

    def forget(self) -> None:
        """Nothing is in front, as far as is known."""
        self._leave()

    def _leave(self) -> None:
        self._turn += 1
        self._active = None
        self._show(None)

    def _activate(self, element: Element) -> None:
        if element == self._active:
            return
        self._turn += 1
        self._active = element
        self._show(None)
        if (bus := self._bus()) is not None:
            bus.talk(self._identify(element, self._turn))

    def _identify(self, element: Element, turn: int) -> Talk:
        told, where = yield [pid_of(element[0]), Call(*element, COMPONENT, "GetExtents", "u", (IN_WINDOW,))]
        pid = number(told)
        program = running(pid) if pid is not None else None
        if self._turn != turn or program is None:
            return
        extents = returned(where, "(iiii)")
        width, height = extents[0][2:] if extents else (0, 0)
        window = WindowInfo(
            window=self._number(element),
            pid=pid,
            executable=program.executable,
            started=program.started,
            wm_class=None,
            title=None,
            rect=(0, 0, max(width, 0), max(height, 0)),
            scale=1.0,
            fullscreen=False,
        )
        self._show(window)

    def _number(self, element: Element) -> int:
        if element not in self._numbers:
            if len(self._numbers) >= MAX_WINDOWS:
                self._numbers.clear()
            self._count += 1
            self._numbers[element] = self._count
        return self._numbers[element]

    def _show(self, window: WindowInfo | None) -> None:
        if window != self.window:
            self.window = window
            self._moved()
