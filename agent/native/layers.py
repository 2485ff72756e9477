"""What lies over a window, and how to tell it from a list of windows, front to back (macOS, Windows). Pure."""

from collections.abc import Sequence

from msgspec import Struct

from agent.core.rects import intersect, within
from schemas.events import Rect

Point = tuple[int, int]


class Listed(Struct, frozen=True):
    """A window that can be seen, in physical pixels of the desktop."""

    window: int
    pid: int
    rect: Rect
    normal: bool = True  # an app's own window, not a menu, a panel or the desktop
    title: str | None = None

    def __repr__(self) -> str:
        """Its number only: a title is content."""
        return f"<Listed {self.window:#x}>"

    __str__ = __repr__


class Scene(Struct, frozen=True):
    """A window's place, and what lies over it. Two equal scenes: nothing moved in between."""

    client: Rect  # as far as it is on the screen
    over: tuple[tuple[int, Rect], ...]  # windows over it, always in the same order, and their rectangles on the desktop

    def covered(self) -> tuple[Rect, ...]:
        """Covered rectangles in the coordinates of ``client``."""
        return within(self.client, (rect for _, rect in self.over))


def find(windows: Sequence[Listed], window: int) -> Listed | None:
    """The window of that number, if it can be seen."""
    return next((one for one in windows if one.window == window), None)


def front_of(windows: Sequence[Listed], pid: int) -> Listed | None:
    """The frontmost normal window of a process: the one that has its keyboard."""
    return next((one for one in windows if one.normal and one.pid == pid), None)


def scene(windows: Sequence[Listed], window: int, screen: Rect, client: Rect | None = None) -> Scene | None:
    """Where a window is and what lies over it; ``None`` if it cannot be seen or is off the screen.

    Args:
        windows: front to back.
        window: which one.
        screen: all screens.
        client: the part of it that is wanted, where that is not all.
    """
    own = find(windows, window)
    if own is None:
        return None
    shown = intersect(client or own.rect, screen)
    if shown is None:
        return None
    above = windows[: windows.index(own)]
    return Scene(shown, tuple((one.window, one.rect) for one in above if intersect(one.rect, shown)))


def top_at(windows: Sequence[Listed], at: Point) -> int | None:
    """The window that a point of the desktop shows."""
    x, y = at
    return next((w.window for w in windows if intersect(w.rect, (x, y, x + 1, y + 1))), None)


def owns(windows: Sequence[Listed], rect: Rect, pid: int) -> bool:
    """Whether all of a rectangle shows one window, which is that process's."""
    top = next((one for one in windows if intersect(one.rect, rect)), None)
    return top is not None and top.pid == pid and intersect(top.rect, rect) == rect


def physical(left: float, top: float, width: float, height: float, scale: float) -> Rect:
    """A rectangle in points as physical pixels: whole ones, never smaller than it."""
    right, bottom = left + width, top + height
    return (int(left * scale // 1), int(top * scale // 1), -int(-right * scale // 1), -int(-bottom * scale // 1))
