"""The ceremony in a window: to the left what is asked, to the right what may be ticked, below three equal answers."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout

from agent.ceremony.choices import Choices, label
from agent.ceremony.outcome import No, NotNow, Outcome, Yes
from agent.ceremony.plain import clean
from agent.ceremony.reader import Reader
from agent.ceremony.sheet import sections
from agent.ceremony.style import GAP_PX, SHEET, SMALL_GAP_PX
from agent.ceremony.words import Words
from agent.core.ceremony import Answers, Asked

SIZE_PX = (1120, 690)
"""Roomy, and fits a 1280 x 800 screen with its panel and title bar."""
SCREEN_SHARE = 0.92
"""At most this much of a smaller screen: a window's frame is outside of its size."""
ANSWER_PX = 190
"""Width of each of the three answers: the same, so that none looks like the right one."""
READER_SHARE, CHOICES_SHARE = 6, 5


class CeremonyWindow(QDialog):
    """Asks once. When it has closed, :attr:`outcome` is what was answered; closing it is "not now"."""

    def __init__(self, asked: Asked, language: str) -> None:
        super().__init__()
        self.outcome: Outcome = NotNow()
        self._language = language
        self._words = Words(language)
        self._reader = Reader(sections(asked, language))
        self._reader.setAccessibleName(self._words("reader.name"))
        self._choices = Choices(asked, self._words)
        self._hint = label("")
        self._yes = self._answer("yes", self._say_yes)
        self.setWindowTitle(self._words("window.title"))
        # A dialog has no minimise button and some panels do not list it; this is an ordinary window.
        self.setWindowFlag(Qt.WindowType.Window)
        self.setStyleSheet(SHEET)
        self._lay_out(asked)
        room = self.screen().availableSize() * SCREEN_SHARE
        self.resize(min(SIZE_PX[0], room.width()), min(SIZE_PX[1], room.height()))
        self._reader.finished.connect(self._update)
        self._choices.changed.connect(self._update)
        self._reader.setFocus()
        self._update()

    def _lay_out(self, asked: Asked) -> None:
        who, study = clean(asked.manifest.controller.party_name), clean(asked.manifest.title)
        body = QHBoxLayout()
        body.setSpacing(GAP_PX)
        body.addWidget(self._reader, READER_SHARE)
        body.addWidget(self._choices, CHOICES_SHARE)
        foot = QHBoxLayout()
        foot.setSpacing(SMALL_GAP_PX)
        foot.addWidget(self._hint, 1)
        for button in (self._yes, self._answer("no", self._say_no), self._answer("not_now", self.reject)):
            foot.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_PX, GAP_PX, GAP_PX, GAP_PX)
        column.setSpacing(SMALL_GAP_PX)
        column.addWidget(label(self._words("question", study=study), "question"))
        column.addWidget(label(self._words("asked_by", organisation=who)))
        column.addSpacing(SMALL_GAP_PX)
        column.addLayout(body, 1)
        column.addSpacing(SMALL_GAP_PX)
        column.addLayout(foot)

    def _answer(self, key: str, say: Callable[[], None]) -> QPushButton:
        """One of the three. None is the default: Enter alone answers nothing."""
        button = QPushButton(self._words(key))
        button.setAutoDefault(False)
        button.setFixedWidth(ANSWER_PX)
        button.clicked.connect(say)
        return button

    def _update(self) -> None:
        ticked = bool(self._choices.ticked())
        self._yes.setEnabled(self._reader.read_to_end and ticked)
        state = "hint.read" if not self._reader.read_to_end else "hint.ready" if ticked else "hint.tick"
        self._hint.setText(self._words(state))

    def _say_yes(self) -> None:
        answers = Answers(apps=self._choices.ticked(), timing=self._choices.timing(), language=self._language)
        self.outcome = Yes(answers)
        self.accept()

    def _say_no(self) -> None:
        self.outcome = No(self._language)
        self.reject()
