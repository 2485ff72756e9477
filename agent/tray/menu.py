"""The menu: every state and every way out of it, in words."""

from collections.abc import Callable, Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from agent.tray.view import RUNNING, sentence
from agent.tray.words import text
from schemas.status import State, Status

PAUSES_S = {"pause_15": 15 * 60, "pause_60": 60 * 60}
"""Lengths of a pause, seconds."""
ORDER: tuple[str | None, ...] = (
    "state",
    None,
    "turn_on",
    "turn_off",
    *PAUSES_S,
    "resume",
    None,
    "why",
    "managed",
    None,
    "quit",
)
"""Entries from top to bottom; ``None`` is a line between them."""


class Menu(QMenu):
    """The indicator's menu.

    Args:
        act: what each entry does, by its key in :data:`ORDER` (``state`` does what ``why`` does).
    """

    def __init__(self, act: Mapping[str, Callable[[], None]]) -> None:
        super().__init__()
        self.entries: dict[str, QAction] = {}
        for key in ORDER:
            if key is None:
                self.addSeparator()
                continue
            self.entries[key] = self.addAction("" if key in {"state", "managed"} else text(key))
            self.entries[key].triggered.connect(lambda _=False, run=act[key]: run())

    def update_to(self, status: Status | None) -> None:
        """Show what can be done now. Without a daemon, everything that writes to the disk still works."""
        for key, visible in offered(status).items():
            self.entries[key].setVisible(visible)
        self.entries["state"].setText(plain(sentence(status)))
        organisation = status.organisation if status else None
        self.entries["managed"].setText(plain(text("managed", organisation=organisation or "")))


def offered(status: Status | None) -> dict[str, bool]:
    """For each entry that comes and goes, whether it is offered now."""
    state = status.state if status else State.ERROR
    off = state is State.OFF
    return {
        "turn_on": off,
        "turn_off": not off,
        **dict.fromkeys(PAUSES_S, state in RUNNING or state is State.BLOCKED),
        "resume": state is State.PAUSED,
        "managed": bool(status and status.organisation),
    }


def plain(words: str) -> str:
    """A text in which no letter becomes a mnemonic."""
    return words.replace("&", "&&")
