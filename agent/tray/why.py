"""Every condition of capture, fulfilled or not, with what would change it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout

from agent.tray.view import sentence
from agent.tray.words import text
from schemas.status import Condition, Status

SIZE_PX = (680, 560)
SHEET = """
QLabel { font-size: 10.5pt; }
QLabel#head { font-size: 15pt; font-weight: 600; }
QFrame#list { background: palette(base); border: 1px solid palette(mid); border-radius: 8px; }
QScrollArea { border: none; background: transparent; }
QPushButton { padding: 9px 22px; border-radius: 8px; border: 1px solid palette(dark); background: palette(button);
  font-size: 10.5pt; font-weight: 600; }
QPushButton:focus { border: 2px solid palette(highlight); padding: 8px 21px; }
"""


class Why(QDialog):
    """A list to read. It changes nothing."""

    def __init__(self, status: Status | None) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(text("why.title"))
        self.setStyleSheet(SHEET)
        self.resize(*SIZE_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 18)
        column.setSpacing(10)
        column.addWidget(_label(sentence(status), "head"))
        column.addWidget(_label(_study(status)))
        column.addWidget(_conditions(status.conditions if status else ()), 1)
        close = QPushButton(text("why.close"))
        close.clicked.connect(self.close)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)


def _conditions(conditions: tuple[Condition, ...]) -> QScrollArea:
    frame = QFrame()
    frame.setObjectName("list")
    grid = QGridLayout(frame)
    grid.setColumnStretch(1, 1)
    grid.setContentsMargins(16, 12, 16, 12)
    grid.setVerticalSpacing(8)
    # What stands in the way comes first: it is what people came to read.
    for row, condition in enumerate(sorted(conditions, key=lambda c: c.holds)):
        mark = QLabel("✔" if condition.holds else "✘")
        mark.setAccessibleName(text("why.holds" if condition.holds else "why.fails"))
        grid.addWidget(mark, row, 0, Qt.AlignmentFlag.AlignTop)
        remedy = "" if condition.holds else "\n" + text("why.remedy", remedy=condition.remedy)
        grid.addWidget(_label(condition.sentence + remedy), row, 1)
    grid.setRowStretch(len(conditions), 1)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(frame)
    return area


def _study(status: Status | None) -> str:
    if status is None or status.study is None:
        return text("why.no_study")
    return text("why.study", study=status.study, organisation=status.organisation or "")


def _label(words: str, name: str = "") -> QLabel:
    label = QLabel(words)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
