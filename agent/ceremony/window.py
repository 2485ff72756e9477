"""The ceremony in a window: to the left what is asked, to the right what may be ticked, below three equal answers."""

import time
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout

from agent.ceremony.choices import Choices, label
from agent.ceremony.outcome import No, NotNow, Outcome, Yes
from agent.ceremony.plain import clean
from agent.ceremony.reader import Reader
from agent.ceremony.sheet import NO_CHANGE, sections
from agent.ceremony.style import GAP_PX, SHEET, SMALL_GAP_PX
from agent.ceremony.words import Words, name_of
from agent.core.ceremony import Answers, Asked
from agent.core.difference import Difference

SIZE_PX = (1120, 690)
"""Roomy, and fits a 1280 x 800 screen with its panel and title bar."""
SCREEN_SHARE = 0.92
"""At most this much of a smaller screen: a window's frame is outside of its size."""
ANSWER_PX = 190
"""Width of each of the three answers: the same, so that none looks like the right one."""
READER_SHARE, CHOICES_SHARE = 6, 5


class CeremonyWindow(QDialog):
    """Asks once. When it has closed, :attr:`outcome` is what was answered; closing it is "not now".

    Args:
        asked: what is asked about.
        language: of the notice and of everything else, to begin with.
        changed: what changed since the person agreed; it is told first.
        clock: gives the Unix time in nanoseconds.
    """

    def __init__(
        self, asked: Asked, language: str, changed: Difference = NO_CHANGE, clock: Callable[[], int] = time.time_ns
    ) -> None:
        super().__init__()
        self._asked, self._changed, self._clock = asked, changed, clock
        self._answer_given: Outcome | None = None
        self._read_ns: int | None = None
        self._following = language
        self.switch_to: str | None = None  # closed only to be shown in this language
        # A dialog has no minimise button and some panels do not list it; this is an ordinary window.
        self.setWindowFlag(Qt.WindowType.Window)
        self.setStyleSheet(SHEET)
        self._language, self._words = language, Words(language)
        self._reader = Reader(sections(asked, language, changed))
        self._reader.setAccessibleName(self._words("reader.name"))
        self._choices = Choices(asked, self._words)
        self._hint = label("")
        self._yes = self._answer("yes", self._say_yes)
        self.setWindowTitle(self._words("window.title"))
        self._lay_out(asked)
        self._reader.finished.connect(self._note_read)
        self._choices.changed.connect(self._update)
        self._reader.setFocus()
        self._update()
        room = self.screen().availableSize() * SCREEN_SHARE
        self.resize(min(SIZE_PX[0], room.width()), min(SIZE_PX[1], room.height()))

    @property
    def outcome(self) -> Outcome:
        """What was answered."""
        return self._answer_given or NotNow(self._language, self._read_ns)

    def in_language(self, language: str) -> "CeremonyWindow":
        """The same question in another language, ticked as this one. Its notice has to be read to its end again."""
        other = CeremonyWindow(self._asked, language, self._changed, self._clock)
        other._choices.take_over(self._choices.ticked(), self._choices.timing())  # one of us
        other.setGeometry(self.geometry())
        return other

    def _lay_out(self, asked: Asked) -> None:
        who, study = clean(asked.manifest.controller.party_name), clean(asked.manifest.title)
        head = QHBoxLayout()
        head.addWidget(label(self._words("question", study=study), "question"), 1)
        body = QHBoxLayout()
        body.setSpacing(GAP_PX)
        body.addWidget(self._reader, READER_SHARE)
        body.addWidget(self._choices, CHOICES_SHARE)
        foot = QHBoxLayout()
        foot.setSpacing(SMALL_GAP_PX)
        foot.addWidget(self._hint, 1)
        for button in (self._yes, self._answer("no", self._say_no), self._answer("not_now", self.reject)):
            foot.addWidget(button)
        if len(asked.manifest.notices) > 1:  # last in the order of Tab: it answers nothing
            head.addWidget(self._languages(), 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_PX, GAP_PX, GAP_PX, GAP_PX)
        column.setSpacing(SMALL_GAP_PX)
        column.addLayout(head)
        column.addWidget(label(self._words("asked_by", organisation=who)))
        column.addSpacing(SMALL_GAP_PX)
        column.addLayout(body, 1)
        column.addSpacing(SMALL_GAP_PX)
        column.addLayout(foot)

    def _languages(self) -> QPushButton:
        """Named after the language that it leads to: the next in which the study has a notice."""
        offered = sorted(self._asked.manifest.notices)
        self._following = offered[(offered.index(self._language) + 1) % len(offered)]
        button = QPushButton(name_of(self._following))
        button.setObjectName("language")
        button.setAutoDefault(False)
        button.setAccessibleName(self._words("language.switch", name=name_of(self._following)))
        button.clicked.connect(self._switch)  # a lambda would keep this window past the application: a crash
        return button

    def _switch(self) -> None:
        """Close, to be shown in the next language."""
        self.switch_to = self._following
        self.reject()

    def _answer(self, key: str, say: Callable[[], None]) -> QPushButton:
        """One of the three. None is the default: Enter alone answers nothing."""
        button = QPushButton(self._words(key))
        button.setAutoDefault(False)
        button.setFixedWidth(ANSWER_PX)
        button.clicked.connect(say)
        return button

    def _note_read(self) -> None:
        self._read_ns = self._clock()
        self._update()

    def _update(self) -> None:
        read, ticked = self._reader.read_to_end, bool(self._choices.ticked())
        self._yes.setEnabled(read and ticked)
        hint = self._words("hint.ready" if ticked else "hint.tick")
        self._hint.setText(f"{self._words('reader.noted')} {hint}" if read else self._words("hint.read"))

    def _say_yes(self) -> None:
        answers = Answers(apps=self._choices.ticked(), timing=self._choices.timing(), language=self._language)
        self._answer_given = Yes(answers, self._read_ns)
        self.accept()

    def _say_no(self) -> None:
        self._answer_given = No(self._language, self._read_ns)
        self.reject()
