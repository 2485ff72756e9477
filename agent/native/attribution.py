"""Whose an event is, where the system does not tell focus and input in one order. Pure.

X11 has one stream, whose order is the judge. On macOS and Windows (and in pynput everywhere) input is heard in one
thread and focus in another, and either may be late. So each event is judged by two things that have to agree: the
window that the system named when the event was heard, and the focus as it was told, from :data:`GUARD_NS` before the
event's own time to :data:`HOLD_NS` after it, for which it waits. In doubt it is nobody's.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

from msgspec import Struct

from agent.core.observe import WindowInfo
from agent.native.base import FocusChanged

HOLD_NS = 200_000_000
"""Nanoseconds that a window must keep the focus after an event: news of a change may come that late on a busy machine.
Focus is told within a frame or two (16 ms each); the rest is room."""
GUARD_NS = 200_000_000
"""Nanoseconds for which a window must have had the focus: clocks of input and focus may be that far apart."""

T = TypeVar("T")


class Judged(Struct, Generic[T], frozen=True):
    """An event with its judgement."""

    event: T
    mono_ns: int
    ours: bool  # the hooked window's


class _Waiting(Struct, Generic[T]):
    event: T
    mono_ns: int  # the event's own time, by which it is judged
    order_ns: int  # never before that of an event that was heard earlier: clocks in milliseconds mix up what is close
    window: int | None


class Attribution(Generic[T]):
    """Takes events and news of focus as they are heard, gives them in the order of their times.

    Args:
        info: the window that has focus to begin with.
        mono_ns: since when, as far as is known.
    """

    def __init__(self, info: WindowInfo | None, mono_ns: int) -> None:
        self.info = info
        self._since = mono_ns
        self._latest = mono_ns
        self._hooked: int | None = None
        self._waiting: list[_Waiting[T]] = []

    def __repr__(self) -> str:
        return f"<Attribution {len(self._waiting)}>"

    def hook(self, window: int | None) -> None:
        """From now on this window's events count; ``None``: nobody's. What waits is thrown away."""
        self._hooked = window
        self._waiting = []

    def heard(self, event: T, mono_ns: int, window: int | None) -> None:
        """An event.

        Args:
            event: what happened.
            mono_ns: when.
            window: that had focus when it was heard, by the system's own word; ``None``: it could not tell.
        """
        if self._hooked is not None:
            before = self._waiting[-1].order_ns if self._waiting else mono_ns
            self._waiting.append(_Waiting(event, mono_ns, max(before, mono_ns), window))

    def focus(self, info: WindowInfo | None, mono_ns: int) -> Iterator[Judged[T] | FocusChanged]:
        """News: another window, or the same one changed. Gives first what was before it."""
        before = self.info
        moved = _number(before) != _number(info)
        yield from self._ripe(mono_ns - HOLD_NS)
        if moved:
            yield from self._ripe(mono_ns, certain=False)
            self._since = max(self._since, mono_ns)
        self.info = info
        if before != info:
            self._latest = max(self._latest, mono_ns)
            yield FocusChanged(window=info, mono_ns=self._latest)

    def settle(self, now_ns: int) -> Iterator[Judged[T]]:
        """Gives what has waited for long enough."""
        yield from self._ripe(now_ns - HOLD_NS)

    def deadline_ns(self) -> int | None:
        """When the next event has waited for long enough; ``None`` if none waits."""
        return self._waiting[0].order_ns + HOLD_NS if self._waiting else None

    def _ripe(self, until_ns: int, *, certain: bool = True) -> Iterator[Judged[T]]:
        ripe = [one for one in self._waiting if one.order_ns <= until_ns]
        self._waiting = self._waiting[len(ripe) :]
        for one in ripe:
            ours = certain and self._ours(one)
            self._latest = max(self._latest, one.order_ns)
            yield Judged(one.event, self._latest, ours)

    def _ours(self, one: _Waiting[T]) -> bool:
        told = self._hooked is not None and one.window == self._hooked == _number(self.info)
        return told and one.mono_ns - self._since >= GUARD_NS


def _number(info: WindowInfo | None) -> int | None:
    return info.window if info else None
