"""The day as a picture: a row for each app, bands of time across all of them, and a line at the time that is shown."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QBrush,
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from agent.review.day import Band, BandKind, Day
from agent.review.telling import band_word, clock
from agent.tray.words import Words

MINUTE_NS = 60_000_000_000
HOUR_NS = 60 * MINUTE_NS
ROW_PX, AXIS_PX, KEY_PX, NAME_PX, EDGE_PX = 24, 22, 24, 132, 24
MAX_ROWS = 8
MIN_SPAN_NS = 2 * HOUR_NS
TICKS_NS = (5 * MINUTE_NS, 15 * MINUTE_NS, 30 * MINUTE_NS, HOUR_NS, 2 * HOUR_NS, 4 * HOUR_NS)
TICK_PX = 70
WHOLE = (BandKind.OFF, BandKind.PAUSED, BandKind.OTHER, BandKind.DELETED)
"""Bands that belong to no app."""
KEY = (BandKind.CAPTURE, BandKind.SENT, BandKind.PAUSED, BandKind.OFF, BandKind.DELETED)
MIN_BAND_PX = 2.0


class Timeline(QWidget):
    """One day. Told apart by pattern as well as by colour.

    Attributes:
        moved: the person went to a time (Unix, nanoseconds).
    """

    moved = Signal(object)

    def __init__(self, words: Words, names: Mapping[str, str]) -> None:
        super().__init__()
        self._words = words
        self._names = names
        self._apps: Sequence[str] = ()
        self._bands: Sequence[Band] = ()
        self._begin_ns, self._end_ns, self.at_ns = 0, HOUR_NS, 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(words("review.timeline"))

    def show_day(self, day: Day, at_ns: int) -> None:
        """Show a day, as far as there is anything in it."""
        self._bands, self._apps = day.bands, day.apps[:MAX_ROWS]
        told = [b for b in day.bands if b.kind not in (BandKind.OFF, BandKind.PAUSED)] or list(day.bands)
        begin_ns = min((b.begin_ns for b in told), default=day.begin_ns)
        end_ns = max((b.end_ns for b in told), default=day.end_ns)
        begin_ns, end_ns = begin_ns // HOUR_NS * HOUR_NS, -(-end_ns // HOUR_NS) * HOUR_NS
        missing = max(0, MIN_SPAN_NS - (end_ns - begin_ns))
        self._begin_ns = max(day.begin_ns, begin_ns - missing // 2)
        self._end_ns = min(day.end_ns, max(end_ns, self._begin_ns + MIN_SPAN_NS))
        self.go(at_ns)
        self.updateGeometry()
        self.update()

    def go(self, at_ns: int) -> None:
        """Put the line at a time."""
        self.at_ns = min(max(at_ns, self._begin_ns), self._end_ns)
        said = self._words("review.timeline.at", time=clock(self.at_ns, seconds=False), what=self._told())
        if said != self.accessibleDescription():
            self.setAccessibleDescription(said)
            if self.hasFocus():
                QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
        self.setToolTip(said)
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """High enough for each app."""
        return QSize(600, max(1, len(self._apps)) * ROW_PX + AXIS_PX + KEY_PX + 8)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Go by minutes, hours, or to the ends."""
        steps = {
            Qt.Key.Key_Left: self.at_ns - MINUTE_NS,
            Qt.Key.Key_Right: self.at_ns + MINUTE_NS,
            Qt.Key.Key_PageUp: self.at_ns - HOUR_NS,
            Qt.Key.Key_PageDown: self.at_ns + HOUR_NS,
            Qt.Key.Key_Home: self._begin_ns,
            Qt.Key.Key_End: self._end_ns,
        }
        to_ns = steps.get(Qt.Key(event.key()))
        if to_ns is None:
            super().keyPressEvent(event)
            return
        self.go(to_ns)
        self.moved.emit(self.at_ns)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Go where it was clicked."""
        self._follow(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Go where it was dragged to."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._follow(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802  # Qt's name
        """Show that the keys come here."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802  # Qt's name
        """As above."""
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draw it all."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rows = self._rows()
        painter.fillRect(rows, self.palette().color(QPalette.ColorRole.Base))
        for band in self._bands:
            if band.kind in WHOLE:
                self._fill(painter, band, rows)
        self._axis(painter, rows)
        for number, app in enumerate(self._apps):
            row = QRectF(rows.left(), rows.top() + number * ROW_PX, rows.width(), ROW_PX)
            self._name(painter, app, row)
            for band in self._bands:
                if band.app == app and band.kind not in WHOLE:
                    self._fill(painter, band, row.adjusted(0, 4, 0, -4))
        self._line(painter, rows)
        self._key(painter)
        painter.end()

    def _rows(self) -> QRectF:
        height = max(1, len(self._apps)) * ROW_PX
        return QRectF(NAME_PX, 4, max(50, self.width() - NAME_PX - EDGE_PX), height)

    def _x(self, at_ns: int) -> float:
        rows = self._rows()
        share = (at_ns - self._begin_ns) / max(1, self._end_ns - self._begin_ns)
        return rows.left() + rows.width() * min(1.0, max(0.0, share))

    def _follow(self, event: QMouseEvent) -> None:
        rows = self._rows()
        share = min(1.0, max(0.0, (event.position().x() - rows.left()) / rows.width()))
        self.go(self._begin_ns + int(share * (self._end_ns - self._begin_ns)))
        self.moved.emit(self.at_ns)

    def _told(self) -> str:
        there = [b for b in self._bands if b.begin_ns <= self.at_ns <= b.end_ns]
        return ", ".join(band_word(self._words, b, self._names) for b in there) or self._words("band.none")

    def _brush(self, kind: BandKind) -> QBrush:
        colours = self.palette()
        strong = colours.color(QPalette.ColorRole.Highlight)
        quiet = colours.color(QPalette.ColorRole.PlaceholderText)
        match kind:
            case BandKind.CAPTURE:
                return QBrush(strong)
            case BandKind.SENT:
                return QBrush(strong, Qt.BrushStyle.Dense4Pattern)
            case BandKind.PAUSED:
                return QBrush(quiet, Qt.BrushStyle.BDiagPattern)
            case BandKind.DELETED:
                return QBrush(QColor(200, 60, 60), Qt.BrushStyle.DiagCrossPattern)
            case _:
                faint = QColor(quiet)
                faint.setAlpha(90)
                return QBrush(faint)

    def _fill(self, painter: QPainter, band: Band, row: QRectF) -> None:
        if band.end_ns < self._begin_ns or band.begin_ns > self._end_ns:
            return
        left, right = self._x(band.begin_ns), self._x(band.end_ns)
        place = QRectF(left, row.top(), max(MIN_BAND_PX, right - left), row.height())
        painter.fillRect(place, self._brush(band.kind))

    def _name(self, painter: QPainter, app: str, row: QRectF) -> None:
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        room = QRectF(EDGE_PX, row.top(), NAME_PX - 2 * EDGE_PX, row.height())
        name = self.fontMetrics().elidedText(self._names.get(app, app), Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, name)

    def _axis(self, painter: QPainter, rows: QRectF) -> None:
        span_ns = max(1, self._end_ns - self._begin_ns)
        step_ns = next((t for t in TICKS_NS if rows.width() * t / span_ns >= TICK_PX), TICKS_NS[-1])
        at_ns = -(-self._begin_ns // step_ns) * step_ns
        while at_ns <= self._end_ns:
            x = self._x(at_ns)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
            painter.drawLine(int(x), int(rows.top()), int(x), int(rows.bottom()) + 3)
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            room = QRectF(x - TICK_PX / 2, rows.bottom() + 3, TICK_PX, AXIS_PX - 3)
            painter.drawText(room, Qt.AlignmentFlag.AlignHCenter, clock(at_ns, seconds=False))
            at_ns += step_ns

    def _line(self, painter: QPainter, rows: QRectF) -> None:
        width = 3 if self.hasFocus() else 2
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Text), width))
        x = int(self._x(self.at_ns))
        painter.drawLine(x, int(rows.top()) - 3, x, int(rows.bottom()) + 3)
        ink = QPalette.ColorRole.Highlight if self.hasFocus() else QPalette.ColorRole.Mid
        painter.setPen(QPen(self.palette().color(ink), width - 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(rows)

    def _key(self, painter: QPainter) -> None:
        rows, metrics = self._rows(), self.fontMetrics()
        words = {kind: self._words(f"band.{kind.value}") for kind in KEY}
        spent = sum(24 + metrics.horizontalAdvance(word) + 20 for word in words.values())
        left, top = min(rows.left(), max(2.0, self.width() - spent)), rows.bottom() + AXIS_PX + 4
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        for kind, word in words.items():
            painter.fillRect(QRectF(left, top, 18, 12), self._brush(kind))
            painter.drawRect(QRectF(left, top, 18, 12))
            painter.drawText(QRectF(left + 24, top - 4, 220, 20), Qt.AlignmentFlag.AlignVCenter, word)
            left += 24 + metrics.horizontalAdvance(word) + 20
