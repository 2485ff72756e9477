"""Rectangles of the desktop or of a window: left, top, right, bottom; right and bottom lie outside. Pure."""

from collections.abc import Iterable

from schemas.events import Rect


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


def within(frame: Rect, rects: Iterable[Rect]) -> tuple[Rect, ...]:
    """The parts of rectangles that lie in a frame, from the frame's own left top corner."""
    cut = (intersect(frame, rect) for rect in rects)
    return tuple(shifted(rect, -frame[0], -frame[1]) for rect in cut if rect is not None)
