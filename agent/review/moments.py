"""The list of moments: a model that makes a line only when it is looked at, and a delegate with aligned columns."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from agent.review.day import Kind, Moment
from agent.review.telling import clock, line, what
from agent.tray.words import Words

Index = QModelIndex | QPersistentModelIndex
PAD_PX, ROW_PX = 8, 8


class Moments(QAbstractListModel):
    """Moments as rows."""

    def __init__(self, words: Words, names: Mapping[str, str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self.names = names
        self.shown: Sequence[Moment] = ()

    def show(self, moments: Sequence[Moment]) -> None:
        """Show these."""
        self.beginResetModel()
        self.shown = moments
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802  # Qt's name
        """How many rows."""
        return 0 if parent is not None and parent.isValid() else len(self.shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A row's line, for eyes and for screen readers alike."""
        if not index.isValid() or role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        return line(self._words, self.shown[index.row()], self.names)


class Lines(QStyledItemDelegate):
    """Time, app and what it was, in three columns."""

    def __init__(self, words: Words, model: Moments) -> None:
        super().__init__(model)
        self._words = words
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:  # noqa: N802  # Qt's name
        """All rows are alike, so that ten thousand cost as much as ten."""
        return QSize(200, option.fontMetrics.height() + ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a row."""
        blank = QStyleOptionViewItem(option)  # not asked of the model: the ground has no text
        style = blank.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, blank, painter, blank.widget)
        moment = self._model.shown[index.row()]
        rect: QRect = option.rect
        metrics = option.fontMetrics
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        palette: QPalette = option.palette
        role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        painter.save()
        painter.setFont(option.font)
        faint = moment.kind not in (Kind.TEXT, Kind.GAP)
        columns = (metrics.horizontalAdvance("00:00:00"), min(110, rect.width() // 4))
        texts = (clock(moment.begin_ns), self._model.names.get(moment.app, moment.app), what(self._words, moment))
        left = rect.left() + PAD_PX
        for number, text in enumerate(texts):
            width = columns[number] if number < len(columns) else rect.right() - left - PAD_PX
            dim = not chosen and (number < len(columns) or faint)
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText if dim else role))
            cell = QRect(left, rect.top(), width, rect.height())
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
            painter.drawText(cell, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)
            left += width + PAD_PX * 2
        painter.restore()
