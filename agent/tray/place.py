"""Where the badge stands: remembered for the next time, and always on a screen."""

import json
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QGuiApplication

from agent.disk.durable import write_over

MARGIN_PX = 12
"""Logical pixels to the screen's edge where nothing else is remembered."""
MAX_BYTES = 200
"""A longer file is none that we wrote."""


class Place:
    """One badge's place.

    Args:
        path: the file that remembers it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, size: QSize) -> QPoint:
        """The remembered place as far as a screen still has it, else the lower right corner."""
        remembered = self._read()
        return on_screen(remembered, size) if remembered is not None else _corner(size)

    def remember(self, at: QPoint) -> None:
        """Keep a place. A disk that refuses it only means that the badge starts in its corner next time."""
        try:
            write_over(self._path, json.dumps({"v": 1, "x": at.x(), "y": at.y()}).encode())
        except OSError:
            return

    def _read(self) -> QPoint | None:
        try:
            with self._path.open("rb") as file:
                found = json.loads(file.read(MAX_BYTES))
            return QPoint(found["x"], found["y"])
        except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return None


def on_screen(at: QPoint, size: QSize) -> QPoint:
    """The nearest place at which all of it is on one screen."""
    centre = QRect(at, size).center()
    screens = QGuiApplication.screens()
    nearest = min(screens, key=lambda s: _distance(s.geometry(), centre), default=None)
    if nearest is None:
        return at
    room = nearest.geometry()
    right, bottom = room.right() + 1 - size.width(), room.bottom() + 1 - size.height()
    return QPoint(max(room.left(), min(at.x(), right)), max(room.top(), min(at.y(), bottom)))


def _distance(room: QRect, point: QPoint) -> int:
    """From a rectangle, 0 inside it; counted along both axes."""
    across = max(room.left() - point.x(), 0, point.x() - room.right())
    return across + max(room.top() - point.y(), 0, point.y() - room.bottom())


def _corner(size: QSize) -> QPoint:
    screen = QGuiApplication.primaryScreen()
    room = screen.availableGeometry() if screen is not None else QRect()
    return QPoint(room.right() + 1 - size.width() - MARGIN_PX, room.bottom() + 1 - size.height() - MARGIN_PX)
