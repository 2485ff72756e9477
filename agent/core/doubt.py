"""Which parts of a window may still show another one's pixels. Pure.

Where a window comes to light, and where it grows, the display server keeps whatever was in that place before until the
program has painted there: a program without a background of its own shows its predecessor's pixels for that long. What
is in doubt is filled like what is covered.
"""

from collections.abc import Iterable

from schemas.events import Rect

MAX_RECTS = 64
"""Rectangles kept apart; past this they become the one around all of them, which doubts more and never less."""


def intersect(one: Rect, other: Rect) -> Rect | None:
    """The common part, or ``None``."""
    left, top = max(one[0], other[0]), max(one[1], other[1])
    right, bottom = min(one[2], other[2]), min(one[3], other[3])
    return (left, top, right, bottom) if left < right and top < bottom else None


def without(rect: Rect, hole: Rect) -> list[Rect]:
    """What is left of a rectangle, as up to four disjoint ones: above, below, left and right of the hole."""
    common = intersect(rect, hole)
    if common is None:
        return [rect]
    left, top, right, bottom = common
    parts = [
        (rect[0], rect[1], rect[2], top),
        (rect[0], bottom, rect[2], rect[3]),
        (rect[0], top, left, bottom),
        (right, top, rect[2], bottom),
    ]
    return [part for part in parts if part[0] < part[2] and part[1] < part[3]]


def shifted(rect: Rect, dx: int, dy: int) -> Rect:
    """The same rectangle elsewhere."""
    return rect[0] + dx, rect[1] + dy, rect[2] + dx, rect[3] + dy


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
