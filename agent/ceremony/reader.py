"""The left side of the ceremony's window: everything that has to be read, and whether its end was reached."""

import re
from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import (
    QFont,
    QShowEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextListFormat,
)
from PySide6.QtWidgets import QTextEdit

from agent.ceremony.plain import clean, unlinked
from agent.ceremony.sheet import Section
from agent.ceremony.style import BODY_PT, GAP_PX, SMALL_GAP_PX

HEADING_PT = 12.5
FINGERPRINT_PT = 8.5
MARGIN_PX = 20
INDENT_PX = 20
LINE_PERCENT = 125
_HEADING = re.compile(r"^#{1,6}(?= )", re.MULTILINE)


class Reader(QTextEdit):
    """Read-only. Arrow keys, Page Down, Space and the wheel scroll; Tab leaves it."""

    finished = Signal()
    """The end has been in view for the first time."""

    def __init__(self, sections: Sequence[Section]) -> None:
        super().__init__(readOnly=True, tabChangesFocus=True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.read_to_end = False
        self.document().setDocumentMargin(MARGIN_PX)
        self.document().setIndentWidth(INDENT_PX)
        cursor = QTextCursor(self.document())
        for section in sections:
            _write(cursor, section)
        _space_out(self.document())
        self.moveCursor(QTextCursor.MoveOperation.Start)  # writing has carried it, and the view, to the end

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Begin at the top. A text that fits into the window has been in view as soon as it is shown."""
        super().showEvent(event)
        QTimer.singleShot(0, self._begin)

    def _begin(self) -> None:
        bar = self.verticalScrollBar()
        bar.setValue(0)
        bar.valueChanged.connect(self._look, Qt.ConnectionType.UniqueConnection)
        self._look()

    def _look(self) -> None:
        """Note once that the end is in view. The layout is finished first: until then the end seems nearer."""
        if self.read_to_end or not self.isVisible():
            return
        self.document().pageCount()
        bar = self.verticalScrollBar()
        if bar.value() >= bar.maximum():
            self.read_to_end = True
            self.finished.emit()


def _write(cursor: QTextCursor, section: Section) -> None:
    if not cursor.atStart():
        cursor.insertBlock()
    cursor.setBlockFormat(_block(above=GAP_PX))
    cursor.insertText(clean(section.title), _font(HEADING_PT, bold=True))
    if section.markdown:
        _write_markdown(cursor, section.markdown)
    for line in section.lines:
        _write_line(cursor, line)


def _write_markdown(cursor: QTextCursor, markdown: str) -> None:
    """The organisation's words. Their headings are made as small as ours, so that neither outshouts the other."""
    cursor.insertBlock(_block(), _font(BODY_PT))
    text = _HEADING.sub("####", unlinked(markdown))
    cursor.insertMarkdown(text, QTextDocument.MarkdownFeature.MarkdownNoHTML)


def _write_line(cursor: QTextCursor, line: str) -> None:
    first, *rest = clean(line).split("\n")
    cursor.insertBlock(_block(), _font(BODY_PT))
    bullets = QTextListFormat()
    bullets.setStyle(QTextListFormat.Style.ListDisc)
    cursor.createList(bullets)
    cursor.insertText(first)
    for more in rest:
        cursor.insertText("\u2028" + more, _font(FINGERPRINT_PT))


def _space_out(document: QTextDocument) -> None:
    """Give every line air, also those that came from Markdown."""
    block = document.begin()
    while block.isValid():
        form = QTextBlockFormat()
        form.setLineHeight(LINE_PERCENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        if block.blockFormat().headingLevel():
            form.setTopMargin(GAP_PX * 2 // 3)
        QTextCursor(block).mergeBlockFormat(form)
        block = block.next()


def _block(*, above: int = SMALL_GAP_PX) -> QTextBlockFormat:
    block = QTextBlockFormat()
    block.setTopMargin(above)
    return block


def _font(points: float, *, bold: bool = False) -> QTextCharFormat:
    form = QTextCharFormat()
    form.setFontPointSize(points)
    form.setFontWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return form
