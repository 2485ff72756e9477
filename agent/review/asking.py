"""The review's small windows: is that to be deleted, what leaves, what is to be masked.

Nothing in them is a default that takes something away: Enter keeps, Escape keeps.
"""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from agent.review.desk import Desk
from agent.review.leaving import header_lines, statement
from agent.review.opening import Opened
from agent.tray.panel import Lines, Panel, label
from agent.tray.words import Words
from schemas.events import Rect

LEAVES_PX = (760, 560)
ASK_PX = 460


class Ask(QDialog):
    """A question with two answers, of which the one that changes nothing is the default."""

    def __init__(self, words: Words, parent: QWidget, keys: tuple[str, str, str], parts: Sequence[QWidget]) -> None:
        super().__init__(parent)
        title, yes, no = keys
        self.setWindowTitle(words(title))
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 18)
        column.setSpacing(10)
        for part in parts:
            column.addWidget(part)
        buttons = QDialogButtonBox()
        self.yes = QPushButton(words(yes))
        self.no = QPushButton(words(no))
        buttons.addButton(self.yes, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(self.no, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.yes.setAutoDefault(False)
        self.no.setDefault(True)
        column.addWidget(buttons)
        self.setMinimumWidth(ASK_PX)
        self.setModal(True)
        self.no.setFocus()


def ask_deletion(words: Words, parent: QWidget, told: Sequence[str]) -> bool:
    """Whether that is to be deleted."""
    head = label(words("delete.ask"), "head")
    ask = Ask(words, parent, ("delete.title", "delete.yes", "delete.no"), [head, *map(label, told)])
    ask.setAccessibleDescription(" ".join(told))
    return bool(ask.exec())


class AskMask(Ask):
    """What is to be masked from now on: words, or the rectangle that is marked.

    Args:
        words: the language.
        parent: the window.
        text: what is chosen in the list, to be cut down to what matters.
        mark: the rectangle in the picture.
        app: name of its app; empty where there is no picture.
    """

    def __init__(self, words: Words, parent: QWidget, text: str, mark: Rect | None, app: str) -> None:
        self._words_field = QLineEdit(text)
        self._words_field.setAccessibleName(words("mask.text"))
        self._rect_field = QLineEdit(", ".join(map(str, mark)) if mark else "")
        self._rect_field.setAccessibleName(words("mask.rect"))
        parts: list[QWidget] = [label(words("mask.text")), self._words_field, label(words("mask.kept"))]
        if app:
            region = f"{words('mask.region')} ({app})"
            parts += [label(region), self._rect_field, label(words("mask.mark"))]
        super().__init__(words, parent, ("mask.title", "mask.yes", "mask.no"), parts)
        if mark:
            self._words_field.clear()
            self._rect_field.setFocus()
        else:
            self._words_field.setFocus()
            self._words_field.selectAll()

    @property
    def phrase(self) -> str:
        """The words."""
        return self._words_field.text().strip()

    @property
    def region(self) -> Rect | None:
        """The rectangle; ``None`` if there is none."""
        parts = [part.strip() for part in self._rect_field.text().split(",")]
        if len(parts) != 4 or not all(part.isdecimal() for part in parts):  # noqa: PLR2004  # left, top, right, bottom
            return None
        left, top, right, bottom = map(int, parts)
        return (left, top, right, bottom) if left < right and top < bottom else None


class Leaves(Panel):
    """What leaves with a batch, exactly."""

    def __init__(self, words: Words, desk: Desk, one: Opened) -> None:
        lines = Lines(words("leaves.list"))
        for name, value, meaning in header_lines(one.header):
            lines.add(f"{name}: {value}\n{meaning}", aloud=f"{name}, {meaning}: {value}")
        told = [label(sentence) for sentence in statement(words, desk, one)]
        for each in told:
            each.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        head = words("leaves.head", number=one.row.sequence)
        super().__init__(words, words("leaves.title"), head, [lines, *told], LEAVES_PX)


def told_label(text: str) -> QLabel:
    """A line that tells what was just done, for eyes and screen readers."""
    made = label(text)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return made
