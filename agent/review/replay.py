"""The replay: the window as it was recorded, masked; where the pointer went; and what was typed."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from agent.review.pictures import inside
from agent.tray.words import Words
from schemas.events import PointerEvent, Rect

TRAIL_NS = 4_000_000_000
"""Nanoseconds of the pointer's way that are drawn."""
MARK_PX = 9
HALO, INK = QColor(255, 255, 255, 220), QColor(200, 30, 90)
"""The trail has to be seen on dark and on light windows."""


class Picture(QWidget):
    """A picture with the pointer's trail; a rectangle can be drawn in it.

    Attributes:
        marked: a rectangle was drawn (in the picture's pixels), or taken away (``None``).
    """

    marked = Signal(object)

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self._image: QImage | None = None
        self._trail: Sequence[PointerEvent] = ()
        self._said = words("review.no_picture")
        self._from: QPointF | None = None
        self.mark: Rect | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 150)
        self.setAccessibleName(words("review.picture"))

    def show_picture(self, image: QImage | None, trail: Sequence[PointerEvent], said: str) -> None:
        """Show a picture, or say why there is none."""
        if image is None or self._image is None or image.size() != self._image.size():
            self.set_mark(None)
        self._image, self._trail, self._said = image, trail, said
        self.setAccessibleDescription(said)
        self.update()

    def set_mark(self, mark: Rect | None) -> None:
        """Mark a rectangle, cut to the picture."""
        size = self._image.size() if self._image is not None else QSize(0, 0)
        found = inside(mark, size.width(), size.height()) if mark is not None else None
        if found != self.mark:
            self.mark = found
            self.marked.emit(found)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """A rectangle begins."""
        self._from = event.position()
        self.set_mark(None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """It grows."""
        if self._from is not None and self._image is not None:
            a, b = self._to_picture(self._from), self._to_picture(event.position())
            xs, ys = sorted((int(a.x()), int(b.x()))), sorted((int(a.y()), int(b.y())))
            self.set_mark((xs[0], ys[0], xs[1], ys[1]))

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """It is done."""
        self._from = None

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draw it, as large as there is room and never larger than it is."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Base))
        if self._image is None:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._said)
            painter.end()
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawImage(self._place(), self._image)
        self._draw_trail(painter)
        if self.mark is not None:
            left, top, right, bottom = self.mark
            corners = QRectF(self._to_widget(left, top), self._to_widget(right, bottom))
            painter.fillRect(corners, QColor(0, 0, 0, 120))
            painter.setPen(QPen(INK, 2, Qt.PenStyle.DashLine))
            painter.drawRect(corners)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(self._place())
        painter.end()

    def _draw_trail(self, painter: QPainter) -> None:
        points = [self._to_widget(event.wx, event.wy) for event in self._trail]
        for colour, width in ((HALO, 5), (INK, 2)):
            painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(points)
            for event, point in zip(self._trail, points, strict=True):
                if event.action == "down":
                    painter.drawEllipse(point, MARK_PX, MARK_PX)
        if points:
            painter.setPen(QPen(HALO, 2))
            painter.setBrush(INK)
            painter.drawEllipse(points[-1], 5, 5)

    def _scale(self) -> float:
        assert self._image is not None  # noqa: S101  # only where there is one
        return min(self.width() / self._image.width(), self.height() / self._image.height(), 1.0)

    def _place(self) -> QRect:
        assert self._image is not None  # noqa: S101  # as above
        scale = self._scale()
        width, height = round(self._image.width() * scale), round(self._image.height() * scale)
        return QRect((self.width() - width) // 2, (self.height() - height) // 2, width, height)

    def _to_widget(self, x: float, y: float) -> QPointF:
        place, scale = self._place(), self._scale()
        return QPointF(place.left() + x * scale, place.top() + y * scale)

    def _to_picture(self, point: QPointF) -> QPointF:
        place, scale = self._place(), self._scale()
        return QPointF((point.x() - place.left()) / scale, (point.y() - place.top()) / scale)
