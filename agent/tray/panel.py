"""A window to read in: a heading, lines, a button that closes it. Everything in it is reached by keyboard alone."""

from collections.abc import Iterable

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPalette, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from agent.tray.words import Words

MARGIN_PX, GAP_PX = 18, 10
MARK_PX = 18
SCREEN_SHARE = 0.92
"""At most this much of a small screen: a window's frame is outside of its size."""
SHEET = """
QDialog { background: palette(window); }
QLabel, QListWidget, QTableWidget, QHeaderView, QPushButton { font-size: 10.5pt; }
QLabel#head { font-size: 15pt; font-weight: 600; }
QListWidget, QTableWidget { background: palette(base); border: 1px solid palette(mid); border-radius: 8px;
  padding: 6px; }
QListWidget:focus, QTableWidget:focus { border: 2px solid palette(highlight); padding: 5px; }
QListWidget::item { padding: 5px 8px; color: palette(text); border-radius: 4px; }
QListWidget::item:selected:active { background: palette(highlight); color: palette(highlighted-text); }
QListWidget::item:selected:!active { background: palette(base); color: palette(text); }
QTableWidget::item, QHeaderView::section { padding: 2px 8px; }
QPushButton { padding: 9px 22px; border-radius: 8px; border: 1px solid palette(dark); background: palette(button);
  font-weight: 600; }
QPushButton:hover { background: palette(midlight); }
QPushButton:focus { border: 2px solid palette(highlight); padding: 8px 21px; }
"""


class Panel(QDialog):
    """Changes nothing; Escape closes it.

    Args:
        words: the language.
        title: of the window.
        head: what it says in one sentence.
        parts: what is below that, from top to bottom; lists take the room that is left.
        size: wished for, logical pixels.
    """

    def __init__(self, words: Words, title: str, head: str, parts: Iterable[QWidget], size: tuple[int, int]) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowFlag(Qt.WindowType.Window)  # an ordinary window, which panels list
        self.setWindowTitle(title)
        self.setStyleSheet(SHEET)
        room = self.screen().availableSize() * SCREEN_SHARE
        self.resize(QSize(*size).boundedTo(room))
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
        column.setSpacing(GAP_PX)
        column.addWidget(label(head, "head"))
        for part in parts:
            column.addWidget(part, 1 if isinstance(part, QAbstractItemView) else 0)
        close = QPushButton(words("close"))
        close.clicked.connect(self.close)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        first = self.findChild(QAbstractItemView)
        (first or close).setFocus()


class Lines(QListWidget):
    """Paragraphs, one after the other, among which the arrow keys move: a screen reader reads each in turn.

    Args:
        name: what the list is, for screen readers.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setWordWrap(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.setSpacing(1)
        self.setIconSize(QSize(MARK_PX, MARK_PX))

    def add(self, text: str, mark: str = "", aloud: str = "") -> None:
        """Add a paragraph.

        Args:
            text: as it is shown.
            mark: a sign that stands before it.
            aloud: as it is read out, where that is not the same.
        """
        item = QListWidgetItem(text)
        if mark:
            item.setIcon(self._drawn(mark))
        item.setData(Qt.ItemDataRole.AccessibleTextRole, aloud or text)
        self.addItem(item)
        if self.count() == 1:
            self.setCurrentRow(0)

    def initViewItemOption(self, option: QStyleOptionViewItem) -> None:  # noqa: N802  # Qt's name
        """A mark stands beside the first line."""
        super().initViewItemOption(option)
        option.decorationAlignment = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter

    def _drawn(self, mark: str) -> QIcon:
        """In the colours of plain and of chosen text."""
        icon, side, scale = QIcon(), self.iconSize().width(), self.devicePixelRatioF()
        roles = {QIcon.Mode.Normal: QPalette.ColorRole.Text, QIcon.Mode.Selected: QPalette.ColorRole.HighlightedText}
        for mode, role in roles.items():
            picture = QPixmap(round(side * scale), round(side * scale))
            picture.setDevicePixelRatio(scale)
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            painter.setPen(self.palette().color(role))
            painter.drawText(QRect(0, 0, side, side), Qt.AlignmentFlag.AlignCenter, mark)
            painter.end()
            icon.addPixmap(picture, mode)
        return icon

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Wrap anew."""
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()


def label(words: str, name: str = "") -> QLabel:
    """A text that wraps, and that is never taken for markup."""
    made = QLabel(words)
    made.setObjectName(name)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(True)
    return made
