"""The seven pictures of the indicator, told apart by shape first and by colour second.

Everything is drawn on a square of side 1000 and scaled to device pixels, so that no size is a shrunk copy of another.
(Qt joins and cuts paths with a tolerance of about a quarter of a unit: on a square of side 1 a ring is an octagon.)
"""

import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPainterPath, QPainterPathStroker, QPixmap, QPolygonF

from agent.tray.look import Look

LIGHT = Look()
SIZES_PX = (16, 22, 24, 32, 48, 64)
"""Sizes that panels ask for, in logical pixels."""
SCALES = (1.0, 2.0)
"""Device pixels for each logical pixel."""
SIDE = 1000
"""Side of the square on which shapes are given."""
MARGIN = 60
"""Left empty on each side, thousandths: panels place icons next to each other without a gap."""
STROKE = 130
"""Width of a ring's line, thousandths: two whole pixels at 16 px."""


class Sign(StrEnum):
    """What the icon says."""

    OFF = "off"
    READY = "ready"
    CAPTURING = "capturing"
    PAUSED = "paused"
    BLOCKED = "blocked"
    ATTENTION = "attention"
    OFFLINE = "offline"


_QUIET = ("#4b5563", "#cbd5e1")
_COLOURS: Mapping[Sign, tuple[str, str]] = MappingProxyType(
    {
        Sign.OFF: _QUIET,
        Sign.READY: ("#0f766e", "#5eead4"),
        Sign.CAPTURING: ("#c81e3a", "#ff6b7d"),
        Sign.PAUSED: ("#1d4ed8", "#93c5fd"),
        Sign.BLOCKED: _QUIET,
        Sign.ATTENTION: ("#a16207", "#facc15"),
        Sign.OFFLINE: _QUIET,
    }
)
"""For light and for dark panels; each at least 4.5 : 1 (WCAG 2.2, 1.4.3) against white or near-black."""


_CONTRAST = ("#000000", "#ffffff")
"""Every state, where more contrast is asked for: the shapes alone tell them apart."""


def colour(sign: Sign, look: Look) -> str:
    """The colour of a state."""
    return (_CONTRAST if look.contrast else _COLOURS[sign])[look.dark]


def _disc(radius: float, x: float = 500, y: float = 500) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(x, y), radius, radius)
    return path


def _ring() -> QPainterPath:
    outer = 500 - MARGIN
    return _disc(outer).subtracted(_disc(outer - STROKE))


def _ring_with_dot() -> QPainterPath:
    return _ring().united(_disc(170))


def _solid() -> QPainterPath:
    return _disc(500 - MARGIN)


def _bars() -> QPainterPath:
    path = QPainterPath()
    for left in (190, 560):
        path.addRoundedRect(QRectF(left, 125, 250, 750), 60, 60)
    return path


def _line(start: QPointF, end: QPointF, width: float) -> QPainterPath:
    line = QPainterPath(start)
    line.lineTo(end)
    stroker = QPainterPathStroker()
    stroker.setWidth(width)
    stroker.setCapStyle(Qt.PenCapStyle.FlatCap)
    return stroker.createStroke(line)


def _slash() -> QPainterPath:
    reach = (500 - MARGIN - STROKE / 2) * math.sqrt(0.5)
    start, end = QPointF(500 - reach, 500 - reach), QPointF(500 + reach, 500 + reach)
    return _ring().united(_line(start, end, STROKE))


def _triangle() -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(500, 120), QPointF(925, 880), QPointF(75, 880)]))
    path.closeSubpath()
    stroker = QPainterPathStroker()
    stroker.setWidth(80)
    stroker.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    mark = QPainterPath()
    mark.addRoundedRect(QRectF(438, 360, 125, 280), 30, 30)
    mark.addRoundedRect(QRectF(438, 700, 125, 125), 30, 30)
    return path.united(stroker.createStroke(path)).subtracted(mark)


def _ring_with_badge() -> QPainterPath:
    badge = _disc(230, 750, 750)
    bar = QPainterPath()
    bar.addRect(QRectF(620, 700, 260, 100))
    return _ring().subtracted(_disc(310, 750, 750)).united(badge.subtracted(bar))


_SHAPES: Mapping[Sign, Callable[[], QPainterPath]] = MappingProxyType(
    {
        Sign.OFF: _ring,
        Sign.READY: _ring_with_dot,
        Sign.CAPTURING: _solid,
        Sign.PAUSED: _bars,
        Sign.BLOCKED: _slash,
        Sign.ATTENTION: _triangle,
        Sign.OFFLINE: _ring_with_badge,
    }
)


def draw(sign: Sign, size: int, scale: float = 1.0, look: Look = LIGHT) -> QImage:
    """The picture of one state.

    Args:
        sign: what it says.
        size: side in logical pixels.
        scale: device pixels for each logical pixel.
        look: of the panel that it is to stand on.

    Returns:
        A square of ``round(size * scale)`` device pixels with a transparent ground.
    """
    side = round(size * scale)
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(side / SIDE, side / SIDE)
    painter.fillPath(_SHAPES[sign](), QColor(colour(sign, look)))
    painter.end()
    image.setDevicePixelRatio(scale)
    return image


def icon(sign: Sign, look: Look = LIGHT) -> QIcon:
    """The picture in every size that a panel may ask for."""
    made = QIcon()
    for scale in SCALES:
        for size in SIZES_PX:
            made.addPixmap(QPixmap.fromImage(draw(sign, size, scale, look)))
    return made
