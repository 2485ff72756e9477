"""Which parts of a window may still show another one's pixels. Pure.

Where a window comes to light, and where it grows, the display server keeps whatever was in that place before until the
program has painted there: a program without a background of its own shows its predecessor's pixels for that long. What
is in doubt is filled like what is covered.
"""

from collections.abc import Iterable

from agent.core.rects import intersect, without
from schemas.events import Rect

MAX_RECTS = 64
"""Rectangles kept apart; past this they become the one around all of them, which doubts more and never less."""


class Doubt:
    """Rectangles of a window, from its own left top corner, that it has not been seen to paint."""

    def __init__(self) -> None:
        self._rects: list[Rect] = []

    @property
    def rects(self) -> tuple[Rect, ...]:
        """What is in doubt; the rectangles may overlap."""
        return tuple(self._rects)

    def add(self, rects: Iterable[Rect]) -> None:
        """Doubt these from now on."""
        for rect in rects:
            if not any(intersect(r, rect) == rect for r in self._rects):
                self._rects = [*(r for r in self._rects if intersect(r, rect) != r), rect]
        self._bound()

    def painted(self, rect: Rect) -> None:
        """The program painted here: that is its own."""
        if self._rects:
            self._rects = [part for r in self._rects for part in without(r, rect)]
            self._bound()

    def _bound(self) -> None:
        if len(self._rects) > MAX_RECTS:
            lefts, tops, rights, bottoms = zip(*self._rects, strict=True)
            self._rects = [(min(lefts), min(tops), max(rights), max(bottoms))]
