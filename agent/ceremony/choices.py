"""The right side of the ceremony's window: a box to tick for each modality in each app, and how exact times are."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from agent.ceremony.plain import clean
from agent.ceremony.sheet import askable, askable_apps, askable_timing, describe
from agent.ceremony.style import SMALL_GAP_PX
from agent.ceremony.words import Words
from agent.core.ceremony import Asked
from schemas.events import Modality
from schemas.policy import AppRule
from schemas.scope import TimingTier

CARD_MARGINS_PX = (14, 10, 14, 10)


class Choices(QWidget):
    """Everything starts unticked, and times at the least exact."""

    changed = Signal()

    def __init__(self, asked: Asked, words: Words) -> None:
        super().__init__()
        self._asked = asked
        self._words = words
        self._boxes: dict[tuple[str, Modality], QCheckBox] = {}
        self._tiers: dict[TimingTier, QRadioButton] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SMALL_GAP_PX)
        column.addWidget(label(words("choose.title"), "partTitle"))
        column.addWidget(label(words("choose.help")))
        column.addWidget(self._cards(), 1)

    def ticked(self) -> dict[str, frozenset[Modality]]:
        """The ticked modalities of each app; apps without any are left out."""
        chosen: dict[str, set[Modality]] = {}
        for (app, modality), box in self._boxes.items():
            if box.isChecked():
                chosen.setdefault(app, set()).add(modality)
        return {app: frozenset(modalities) for app, modalities in chosen.items()}

    def timing(self) -> TimingTier:
        """How exact times may be."""
        return next(tier for tier, button in self._tiers.items() if button.isChecked())

    def take_over(self, ticked: Mapping[str, frozenset[Modality]], timing: TimingTier) -> None:
        """Tick what the person had ticked already, before they changed the language."""
        for (app, modality), box in self._boxes.items():
            box.setChecked(modality in ticked.get(app, ()))
        self._tiers[timing].setChecked(True)

    def _cards(self) -> QScrollArea:
        cards = QWidget()
        cards.setObjectName("cards")
        column = QVBoxLayout(cards)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SMALL_GAP_PX)
        for rule in askable_apps(self._asked):
            column.addWidget(self._card(rule))
        column.addWidget(self._timing())
        column.addStretch(1)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(cards)
        return area

    def _card(self, rule: AppRule) -> QFrame:
        card = QFrame()
        card.setObjectName("card")
        column = QVBoxLayout(card)
        column.setContentsMargins(*CARD_MARGINS_PX)
        column.setSpacing(2)
        column.addWidget(label(clean(rule.name), "appName"))
        if rule.origins:
            column.addWidget(label(self._words("web.sites", sites=", ".join(rule.origins)), "appSites"))
        row = QHBoxLayout()
        for modality in Modality:
            row.addWidget(self._box(rule, modality), 1)
        column.addLayout(row)
        return card

    def _box(self, rule: AppRule, modality: Modality) -> QCheckBox:
        box = QCheckBox(self._words(modality))
        name = self._words("choose.label", modality=self._words(modality), app=clean(rule.name))
        if modality in askable(self._asked, rule):
            box.setToolTip(describe(self._words, modality, rule.screen))
            box.toggled.connect(self.changed)
            self._boxes[rule.id, modality] = box
        else:
            name = f"{name}: {self._words('choose.not_asked')}"
            box.setToolTip(self._words("choose.not_asked"))
            box.setEnabled(False)
        box.setAccessibleName(name)
        return box

    def _timing(self) -> QFrame:
        frame = QFrame()
        frame.setObjectName("timing")
        column = QVBoxLayout(frame)
        column.setContentsMargins(*CARD_MARGINS_PX)
        column.setSpacing(2)
        column.addWidget(label(self._words("timing.title"), "appName"))
        column.addWidget(label(self._words("timing.help")))
        for tier in askable_timing(self._asked):
            self._tiers[tier] = QRadioButton(self._words(f"timing.{tier}"))
            column.addWidget(self._tiers[tier])
        next(iter(self._tiers.values())).setChecked(True)
        return frame


def label(text: str, name: str = "") -> QLabel:
    """A text that wraps, and that is never taken for markup."""
    made = QLabel(text)
    made.setObjectName(name)
    made.setWordWrap(True)
    made.setTextFormat(Qt.TextFormat.PlainText)
    return made
