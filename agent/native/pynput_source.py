"""A :class:`agent.native.base.Native` of three parts: who has focus, listeners, and the judge between them.

The listeners are pynput's, each system's own subclass of them (``darwin/ears.py``, ``windows/ears.py``): they hear in
threads of their own, and what they hear is told in the daemon's. Keys and buttons are hooked; moves are looked for.
On Linux this is development only: the contract tests run it on X11, where pynput's own listeners are at work.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from agent.core.observe import Observation, PointerObserved, WindowInfo
from agent.native.attribution import Attribution, Judged
from agent.native.base import Capabilities, Clock, DisplayLost, FocusChanged, NativeUnavailable, Signal
from agent.native.inbox import Alarm, Inbox
from agent.native.strokes import Base, Heard, Held
from schemas.events import ClockSource, Modality
from schemas.status import ClosedReason

INPUT = frozenset({Modality.KEYBOARD, Modality.POINTER})
NS_IN_S = 1_000_000_000
GONE = "start the agent again when the session is back"
LONGEST_LAG_NS = 60 * NS_IN_S
"""An event that seems to have waited longer counts as this old: then no focus is old enough for it."""


class Sight(Struct, frozen=True):
    """Which window has focus, and since when. ``lost``: it cannot be told any more, and why."""

    window: WindowInfo | None
    mono_ns: int
    lost: str | None = None


class Watcher(Protocol):
    """Tells which window has focus. ``asked`` and ``over`` are called from listeners' threads."""

    def start(self, news: Callable[[Sight], None]) -> Sight:
        """What is so now; from now on every change goes to ``news``, from a thread of its own.

        Raises:
            NativeUnavailable: It cannot be told here.
        """
        ...

    def asked(self) -> int | None:
        """The window that has focus at this moment, asked of the system and not remembered."""
        ...

    def over(self, window: int, x: int, y: int) -> bool:
        """Whether a window's own pixels are at a physical pixel of the desktop, with no other window on top."""
        ...

    def pointer(self) -> tuple[int, int] | None:
        """Where the pointer is, in physical pixels of the desktop."""
        ...

    def stop(self) -> None:
        """End. When it returns, ``news`` is called no more. Idempotent."""
        ...


class Ears(Protocol):
    """Listeners that exist from :meth:`start` to :meth:`stop`."""

    def start(self, modalities: frozenset[Modality], window: int, heard: Callable[[Heard], None]) -> None:
        """Hook. When it returns, the hooks exist.

        Raises:
            NativeUnavailable: The system refuses.
        """
        ...

    def alive(self) -> bool:
        """Whether every hook that was set is still at work."""
        ...

    def stop(self) -> None:
        """Unhook. When it returns, no hook exists and ``heard`` is called no more. Idempotent."""
        ...


class _Event(Struct, frozen=True):
    heard: Heard
    window: int | None
    mono_ns: int

    def __repr__(self) -> str:
        return "<_Event>"


class PynputNative:
    """See the module. All methods are for one thread.

    Args:
        name: of the system.
        watcher: tells focus.
        ears: the listeners.
        clock: the time.
        capabilities: looked up whenever they are asked for.

    Raises:
        NativeUnavailable: Focus cannot be told here.
    """

    def __init__(
        self, name: str, watcher: Watcher, ears: Ears, clock: Clock, capabilities: Callable[[], Capabilities]
    ) -> None:
        self.name = name
        self._watcher, self._ears, self._clock, self.capabilities = watcher, ears, clock, capabilities
        self._inbox: Inbox[_Event | Sight] = Inbox()
        self._hooked: frozenset[Modality] = frozenset()
        self._window = 0
        self._held = Held()
        self._at: tuple[int, int] | None = None
        self._alarm: Alarm | None = None
        self._lost: str | None = None
        self._told_lost = self._closed = False
        try:
            first = watcher.start(self._inbox.put)
        except NativeUnavailable:
            self._inbox.close()
            raise
        self._judge: Attribution[Heard] = Attribution(first.window, first.mono_ns)

    def __repr__(self) -> str:
        return f"<PynputNative {self.name}>"

    def fileno(self) -> int:
        """Readable when :meth:`read` has something."""
        return self._inbox.fileno()

    def read(self) -> Sequence[Signal]:
        """Everything that is settled, in the order of its times."""
        if self._closed or self._told_lost:
            return []
        signals: list[Signal] = []
        for item in self._inbox.take():
            signals += self._fold(item)
        signals += self._observed(self._judge.settle(self._clock.monotonic_ns()))
        if self._hooked and not self._ears.alive():
            self._lost = self._lost or "the input hook ended by itself"
        if self._lost is not None:
            self._told_lost = True
            self._forget()
            return [*signals, DisplayLost(why=self._lost)]
        self._arm()
        return signals

    def focused(self) -> WindowInfo | None:
        """The window that has input focus as far as was read."""
        return None if self._closed or self._lost is not None else self._judge.info

    def grabbed(self) -> bool:
        """Never: these systems tell of secure input instead, and know no grabs."""
        return False

    def hook(self, window: int, modalities: frozenset[Modality]) -> None:
        """Start observing; ends an earlier hook first.

        Raises:
            NativeUnavailable: The system refuses, or is gone.
        """
        self.unhook()
        wanted = modalities & INPUT
        if self._closed or self._lost is not None:
            raise NativeUnavailable(self._lost or "this connection is closed", GONE, ClosedReason.DISPLAY_LOST)
        if not wanted:
            return
        self._held, self._at, self._window = Held(), self._watcher.pointer(), window
        self._judge.hook(window)
        self._alarm = Alarm(self._inbox.wake)
        self._hooked = wanted
        try:
            self._ears.start(wanted, window, self._heard)
        except NativeUnavailable:
            self._forget()
            raise

    def unhook(self) -> None:
        """Stop observing. What was heard and not told is thrown away."""
        if self._hooked:
            self._forget()

    def hooked(self) -> frozenset[Modality]:
        """What is hooked now."""
        return self._hooked

    def poll_pointer(self) -> PointerObserved | None:
        """The pointer's position if it moved over the hooked window; see the Protocol."""
        info = self.focused()
        if Modality.POINTER not in self._hooked or info is None or info.window != self._window:
            return None
        at = self._watcher.pointer()
        if at is None or at == self._at or self._watcher.asked() != self._window:
            return None
        if not self._watcher.over(self._window, *at):
            return None
        self._at = at
        return self._held.move(*at, self._base(self._clock.monotonic_ns(), ClockSource.POLL))

    def close(self) -> None:
        """Unhook and let go. Idempotent."""
        if self._closed:
            return
        self.unhook()
        self._closed = True
        self._watcher.stop()
        self._inbox.close()

    def _heard(self, heard: Heard) -> None:
        """In a listener's thread."""
        now = self._clock.monotonic_ns()
        self._inbox.put(_Event(heard, self._watcher.asked(), now - min(max(0, heard.lag_ns), LONGEST_LAG_NS)))

    def _fold(self, item: _Event | Sight) -> Iterator[Signal]:
        if isinstance(item, _Event):
            self._judge.heard(item.heard, item.mono_ns, item.window)
        elif item.lost is not None:
            self._lost = item.lost
        else:
            yield from self._observed(self._judge.focus(item.window, item.mono_ns))

    def _observed(self, judged: Iterator[Judged[Heard] | FocusChanged] | Iterator[Judged[Heard]]) -> Iterator[Signal]:
        for one in judged:
            if isinstance(one, FocusChanged):
                if one.window is None or one.window.window != self._window:
                    self._held.lose()
                yield one
            elif (seen := self._turn(one)) is not None:
                yield seen

    def _turn(self, one: Judged[Heard]) -> Observation | None:
        return self._held.turn(
            one.event,
            self._base(one.mono_ns, ClockSource.DRIVER if one.event.lag_ns else ClockSource.HOOK),
            ours=one.ours,
        )

    def _base(self, mono_ns: int, clock: ClockSource) -> Base:
        offset = self._clock.time_ns() - self._clock.monotonic_ns()
        return Base(self._window, mono_ns, mono_ns + offset, clock)

    def _arm(self) -> None:
        if self._alarm is not None:
            due = self._judge.deadline_ns()
            wait = None if due is None else max(0, due - self._clock.monotonic_ns()) / NS_IN_S
            self._alarm.set(wait)

    def _forget(self) -> None:
        self._ears.stop()
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm = None
        self._hooked = frozenset()
        self._window = 0
        self._held = Held()
        self._judge.hook(None)
        self._keep_news()

    def _keep_news(self) -> None:
        """Throw away what was heard and not read; focus stays."""
        for item in self._inbox.take():
            if isinstance(item, Sight):
                self._inbox.put(item)
