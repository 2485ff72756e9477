"""A thin frame around the window that is being captured: four lines that let every click through.

Four windows and not one: a window with a hole would count as lying over what it frames, and would be masked out of it.
"""

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent, QRasterWindow, QScreen

from agent.tray.badge import FLAGS
from schemas.events import Rect

LINE_PX = 2
"""Width of a line, logical pixels."""
COLOUR = "#c81e3a"
"""The red of the icon that says "capturing"."""


class Line(QRasterWindow):
    """One side."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlags(FLAGS | Qt.WindowType.WindowTransparentForInput)
        self.setTitle("Overt")

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """One colour."""
        painter = QPainter(self)
        painter.fillRect(QRect(QPoint(), self.size()), QColor(COLOUR))
        painter.end()


class Frame:
    """The four lines, made when first needed."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._around: Rect | None = None

    def surround(self, around: Rect | None) -> bool:
        """Frame a rectangle, or nothing.

        Args:
            around: physical pixels of the desktop.

        Returns:
            Whether lines were shown that were not there before, and so may lie over the badge.
        """
        before, self._around = self._around, around
        if around == before:
            return False
        if around is None:
            for line in self._lines:
                line.hide()
            return False
        self._lines = self._lines or [Line() for _ in range(4)]
        for line, place in zip(self._lines, sides(*_logical(around)), strict=True):
            line.setGeometry(place)
            line.show()
        return before is None


def sides(inner: QRect, room: QRect) -> tuple[QRect, QRect, QRect, QRect]:
    """Above, below, left and right of a rectangle; at a screen's edge, just inside the screen."""
    outer = inner.adjusted(-LINE_PX, -LINE_PX, LINE_PX, LINE_PX).intersected(room)
    left, top, width, height = outer.x(), outer.y(), outer.width(), outer.height()
    return (
        QRect(left, top, width, LINE_PX),
        QRect(left, top + height - LINE_PX, width, LINE_PX),
        QRect(left, top, LINE_PX, height),
        QRect(left + width - LINE_PX, top, LINE_PX, height),
    )


def _logical(around: Rect) -> tuple[QRect, QRect]:
    """A rectangle and the screen that its middle is on, in logical pixels. Qt leaves each screen's corner unscaled."""
    middle = QPoint((around[0] + around[2]) // 2, (around[1] + around[3]) // 2)
    screen = next((s for s in QGuiApplication.screens() if _physical(s).contains(middle)), None)
    screen = screen or QGuiApplication.primaryScreen()
    scale, origin = screen.devicePixelRatio(), screen.geometry().topLeft()
    corners = [QPoint(around[0], around[1]), QPoint(around[2], around[3])]
    top_left, bottom_right = ((corner - origin) / scale + origin for corner in corners)
    return QRect(top_left, bottom_right - QPoint(1, 1)), screen.geometry()


def _physical(screen: QScreen) -> QRect:
    return QRect(screen.geometry().topLeft(), screen.geometry().size() * screen.devicePixelRatio())


class NoFrame(Frame):
    """On Wayland no program knows where another's window is."""

    def surround(self, around: Rect | None) -> bool:
        """Nothing is shown."""
        del around
        return False
