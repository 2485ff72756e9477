"""The badge: a small mark on the screen itself, and the proof that the sign is seen.

It lies above everything, takes no focus, and can be dragged to where it is least in the way. Along its lower edge runs
a stripe that shows what the daemon asked for; the daemon reads it back from the screen (:mod:`agent.core.sign`).
"""

from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QMouseEvent,
    QMoveEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QRegion,
)
from PySide6.QtWidgets import QLabel, QMenu

from agent.core.sign import CELLS, TONES, bits
from agent.tray.icons import Sign, draw
from agent.tray.look import Look
from agent.tray.place import Place, on_screen
from schemas.events import Rect

CELL_PX = 3
"""Width of one cell of the stripe, logical pixels."""
STRIPE_PX = 3
"""Height of the stripe, logical pixels."""
WIDTH_PX, HEIGHT_PX = CELLS * CELL_PX, 28
"""Size of the badge, logical pixels."""
RADIUS_PX = 5
"""Of the two upper corners."""
DISC_PX = 13
PADDING_PX = 8
GAP_PX = 6
"""Between disc and words."""
FONT_PX = 11
COLOURS = {
    Look(): ("#f8fafc", "#1e293b", "#94a3b8"),
    Look(dark=True): ("#1e293b", "#e2e8f0", "#475569"),
    Look(contrast=True): ("#ffffff", "#000000", "#000000"),
    Look(dark=True, contrast=True): ("#000000", "#ffffff", "#ffffff"),
}
"""Ground, words and edge; the words at 13 : 1 at least (WCAG 2.2 asks 4.5)."""
FLAGS = (
    Qt.WindowType.Tool
    | Qt.WindowType.FramelessWindowHint
    | Qt.WindowType.WindowStaysOnTopHint
    | Qt.WindowType.BypassWindowManagerHint  # above full-screen windows too, and on every workspace
    | Qt.WindowType.WindowDoesNotAcceptFocus
    | Qt.WindowType.NoDropShadowWindowHint
)


class Badge(QLabel):
    """A label, to screen readers too.

    Args:
        remembers: the file that remembers where it stands.
        menu: what a right click on it opens.
    """

    changed = Signal()
    """What the daemon would see of it has changed: it was painted with another nonce, or moved, or shown."""

    def __init__(self, remembers: Path, menu: QMenu) -> None:
        super().__init__(None, FLAGS)
        self.setObjectName("badge")
        self.setWindowTitle("Overt")
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_X11NetWmWindowTypeDock)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.SizeAllCursor)
        self.setFixedSize(WIDTH_PX, HEIGHT_PX)
        self.setMask(QRegion(_outline().toFillPolygon().toPolygon()))
        self._menu = menu
        self._place = Place(remembers)
        self._sign, self._look = Sign.OFF, Look()
        self._nonce: bytes | None = None
        self._painted: bytes | None = None
        self._grip: QPoint | None = None  # where in the badge it is being dragged
        for screen in QGuiApplication.screens():
            screen.geometryChanged.connect(self._stay_on_screen)

    def tell(self, sign: Sign, words: str, look: Look) -> None:
        """Show a state in words; without words, show nothing at all."""
        self._sign, self._look = sign, look
        self.setText(words)
        self.setAccessibleName(words)
        self.update()
        if not words:
            self.hide()
        elif not self.isVisible():
            self.restore()

    def ask(self, nonce: bytes | None) -> None:
        """What the stripe is to show; ``None``: nothing."""
        if nonce != self._nonce:
            self._nonce = nonce
            self.update()

    def restore(self) -> None:
        """Bring it where a person can see it: shown, on a screen, and above everything."""
        if not self.text():
            return
        self.move(self._place.find(self.size()))
        if self.isVisible():
            self.hide()  # Qt may take it for shown where another program has hidden it
        self.show()
        self.raise_()

    def stripe_rect(self) -> Rect | None:
        """Where the stripe is on the desktop, physical pixels; ``None`` while it does not show what was asked."""
        window = self.windowHandle()
        if self._nonce is None or self._painted != self._nonce or window is None or not window.isExposed():
            return None
        scale, origin = self.devicePixelRatioF(), window.screen().geometry().topLeft()
        at = (QPointF(self.pos() - origin) * scale).toPoint() + origin
        left, top, width, height = self._stripe_within(scale)
        return (at.x() + left, at.y() + top, at.x() + left + width, at.y() + top + height)

    def proof(self) -> dict[str, str]:
        """What else to tell the daemon of it: nothing, it looks itself."""
        return {}

    def _stripe_within(self, scale: float) -> tuple[int, int, int, int]:
        """Left, top, width and height of the stripe in the window, physical pixels: whole ones for each cell."""
        width, height = CELLS * int(CELL_PX * scale), int(STRIPE_PX * scale)
        return round(WIDTH_PX * scale - width) // 2, round(HEIGHT_PX * scale) - height, width, height

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802  # Qt's name, as all below
        """Ground, disc, words, stripe."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground, ink, edge = map(QColor, COLOURS[self._look])
        painter.fillRect(self.rect(), ground)
        painter.setPen(edge)
        painter.drawPath(_outline(0.5))
        body = HEIGHT_PX - STRIPE_PX
        scale = self.devicePixelRatioF()
        painter.drawImage(QPointF(PADDING_PX, (body - DISC_PX) / 2), draw(self._sign, DISC_PX, scale, self._look))
        painter.setPen(ink)
        left = PADDING_PX + DISC_PX + GAP_PX
        self._write(painter, QRectF(left, 0, WIDTH_PX - left - GAP_PX, body))
        self._paint_stripe(painter, scale)
        painter.end()
        if self._painted != self._nonce:
            self._painted = self._nonce
            self.changed.emit()

    def _write(self, painter: QPainter, room: QRectF) -> None:
        font = QFont(self.font())
        font.setPixelSize(FONT_PX)
        painter.setFont(font)
        measure, words = QFontMetricsF(font), self.text()
        if measure.horizontalAdvance(words) > room.width():  # better without our name than without the app's
            words = words.partition(": ")[2] or words
        words = measure.elidedText(words, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    def _paint_stripe(self, painter: QPainter, scale: float) -> None:
        """In device pixels, one to one: the daemon compares each of them."""
        left, top, width, height = self._stripe_within(scale)
        cells = bits(self._nonce) if self._nonce is not None else (0,) * CELLS
        row = b"".join(bytes(TONES[cell]) * (width // CELLS) for cell in cells)
        image = QImage(row * height, width, height, 3 * width, QImage.Format.Format_RGB888)
        image.setDevicePixelRatio(scale)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=False)
        painter.drawImage(QPointF(left / scale, top / scale), image)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take hold of it."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._grip = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Drag it."""
        if self._grip is not None:
            self.move(on_screen(event.globalPosition().toPoint() - self._grip, self.size()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go of it: it stays here, also the next time."""
        if event.button() is Qt.MouseButton.LeftButton and self._grip is not None:
            self._grip = None
            self._place.remember(self.pos())

    def contextMenuEvent(self, _event: QContextMenuEvent) -> None:  # noqa: N802
        """Open the menu beside it, not over it: a badge that is covered is no sign."""
        height = self._menu.sizeHint().height()
        above = self.pos().y() - height
        self._menu.popup(QPoint(self.pos().x(), above if above >= 0 else self.geometry().bottom() + 1))

    def moveEvent(self, event: QMoveEvent) -> None:  # noqa: N802
        """By us, or by anybody else."""
        super().moveEvent(event)
        self.changed.emit()

    def _stay_on_screen(self) -> None:
        """The screen has another size now."""
        self.move(on_screen(self.pos(), self.size()))


def _outline(inset: float = 0.0) -> QPainterPath:
    """The badge's shape: round above, straight below, where the stripe is."""
    right, bottom, round_ = WIDTH_PX - inset, HEIGHT_PX, RADIUS_PX * 2.0
    path = QPainterPath(QPointF(inset, bottom))
    path.arcTo(QRectF(inset, inset, round_, round_), 180, -90)
    path.arcTo(QRectF(right - round_, inset, round_, round_), 90, -90)
    path.lineTo(right, bottom)
    path.closeSubpath()
    return path
