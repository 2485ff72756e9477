"""The menu: every state and every way out of it, in words."""

from collections.abc import Callable, Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from agent.durations import DAY_BEGINS_H
from agent.tray.view import RUNNING, ends_soon_s, put_off_s, sentence
from agent.tray.when import day_of
from agent.tray.words import Words
from schemas.status import State, Status

PAUSES_S = {"pause_15": 15 * 60, "pause_60": 60 * 60}
"""Lengths of a pause, seconds."""
DELETED_MINUTES = 10
"""How far back "delete the last minutes" reaches."""
ORDER: tuple[str | None, ...] = (
    "state",
    "ends",
    "put_off",
    None,
    "turn_on",
    "turn_off",
    *PAUSES_S,
    "pause_tomorrow",
    "resume",
    None,
    "captured",
    "delete_last",
    None,
    "why",
    "readers",
    "managed",
    None,
    "tell_stopped",
    "tell_week",
    "quit",
)
"""Entries from top to bottom; ``None`` is a line between them."""
CHECKED = ("tell_stopped", "tell_week")
"""Entries that are on or off."""
TOLD = frozenset({"state", "ends", "put_off", "managed"})
"""Entries whose words change."""


class Menu(QMenu):
    """The indicator's menu.

    Args:
        words: the language.
        act: what each entry does, by its key in :data:`ORDER` (``state`` does what ``why`` does).
        ticked: whether each of :data:`CHECKED` is ticked; those that are not named are.
    """

    def __init__(self, words: Words, act: Mapping[str, Callable[[], None]], ticked: Mapping[str, bool] = {}) -> None:
        super().__init__()
        self._words = words
        self.setAccessibleName(words("name"))
        self.entries: dict[str, QAction] = {}
        for key in ORDER:
            if key is None:
                self.addSeparator()
                continue
            self.entries[key] = self.addAction("" if key in TOLD else self._named(key))
            self.entries[key].triggered.connect(lambda _=False, run=act[key]: run())
        for key in CHECKED:
            self.entries[key].setCheckable(True)
            self.entries[key].setChecked(ticked.get(key, True))

    def update_to(self, status: Status | None, now_s: float) -> None:
        """Show what can be done now. Without a daemon, everything that writes to the disk still works."""
        for key, visible in offered(status, now_s).items():
            self.entries[key].setVisible(visible)
        self._tell("state", sentence(self._words, status, now_s))
        ends, put_off = ends_soon_s(status, now_s), put_off_s(status, now_s)
        if ends is not None:  # this one alone has a mnemonic
            self.entries["ends"].setText(self._words("ends", date=day_of(self._words, ends)))
        if put_off is not None:
            self._tell("put_off", self._words("put_off", date=day_of(self._words, put_off)))
        organisation = status.organisation if status else None
        self._tell("managed", self._words("managed", organisation=organisation or ""))

    def _named(self, key: str) -> str:
        return self._words(key, time=f"{DAY_BEGINS_H:02}:00", minutes=DELETED_MINUTES)

    def _tell(self, key: str, told: str) -> None:
        self.entries[key].setText(plain(told))


def offered(status: Status | None, now_s: float) -> dict[str, bool]:
    """For each entry that comes and goes, whether it is offered now."""
    state = status.state if status else State.ERROR
    off = state is State.OFF
    enrolled = status is None or status.study is not None
    return {
        "ends": ends_soon_s(status, now_s) is not None,
        "put_off": put_off_s(status, now_s) is not None,
        "turn_on": off,
        "turn_off": not off,
        **dict.fromkeys((*PAUSES_S, "pause_tomorrow"), state in RUNNING or state is State.BLOCKED),
        "resume": state is State.PAUSED,
        **dict.fromkeys(("captured", "delete_last", "readers"), enrolled),
        "managed": bool(status and status.organisation),
    }


def plain(words: str) -> str:
    """A text in which no letter becomes a mnemonic."""
    return words.replace("&", "&&")
