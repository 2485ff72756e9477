"""What the menu's entries do. Each is something that only the person can do; none starts capture."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QProcess

from agent.ceremony import halt
from agent.ceremony.errors import CeremonyError
from agent.disk.places import Places
from agent.durations import tomorrow_s
from agent.tray.errand import Errand
from agent.tray.menu import DELETED_MINUTES, PAUSES_S
from agent.tray.settings import Settings
from agent.tray.view import Message
from agent.tray.when import SECOND_NS
from agent.tray.words import Words

if TYPE_CHECKING:
    from agent.deletion import Deleted

MINUTE_S = 60


class Acts(QObject):
    """The entries that write something down or open a program.

    Args:
        words: the language.
        places: where this person's agent lies.
        settings: what they chose for the indicator.
        tell: shows a notification; for answers to what the person did, so never silenced.
    """

    def __init__(self, words: Words, places: Places, settings: Settings, tell: Callable[[Message], None]) -> None:
        super().__init__()
        self._words = words
        self._places = places
        self._settings = settings
        self._tell = tell
        self._deletion: Errand | None = None

    def by_entry(self) -> dict[str, Callable[[], None]]:
        """What to do, by the menu's keys."""
        acts: dict[str, Callable[[], None]] = {
            "ends": lambda: self._open("agent.ceremony"),
            "turn_on": lambda: self._open("agent.ceremony"),
            "turn_off": self._turn_off,
            "pause_tomorrow": lambda: self._pause(tomorrow_s(time.time()) * SECOND_NS),
            "resume": self._resume,
            "captured": lambda: self._open("agent.review"),
            "readers": lambda: self._open("agent.tray.read", "readers"),
            "delete_last": self._delete_last,
            "tell_stopped": lambda: self._settings.choose(tell_stopped=not self._settings.tell_stopped),
            "tell_week": lambda: self._settings.choose(tell_week=not self._settings.tell_week),
        }
        return acts | {key: lambda s=seconds: self._pause_for(s) for key, seconds in PAUSES_S.items()}

    def _open(self, module: str, *arguments: str) -> None:
        """In a process of its own: what it needs should not stay in memory all day."""
        QProcess.startDetached(sys.executable, ["-m", module, *arguments])

    def _turn_off(self) -> None:
        """As ``overt off``: for good, and the consent is taken back."""
        now_ns = time.time_ns()
        halt.switch_off(self._places, now_ns)
        # It needs cryptography and the ledger; an indicator that only shows does without their memory.
        from agent.ceremony import perform  # noqa: PLC0415

        perform.note_withdrawal(self._places, now_ns, "tray")

    def _pause_for(self, seconds: int) -> None:
        self._pause(time.time_ns() + seconds * SECOND_NS)

    def _pause(self, until_ns: int) -> None:
        self._write(lambda: halt.pause(self._places, time.time_ns(), until_ns))

    def _resume(self) -> None:
        self._write(lambda: halt.resume(self._places, time.time_ns()))

    def _write(self, act: Callable[[], object]) -> None:
        """Write something down, and say so where that fails."""
        try:
            act()
        except CeremonyError as error:
            self._tell(Message(self._words("name"), f"{error}\n{error.remedy}"))

    def _delete_last(self) -> None:
        if self._deletion is None or not self._deletion.running:
            self._deletion = Errand(self._delete, self._deleted)
            self._deletion.start()

    def _delete(self) -> object:
        from agent.deletion import delete_last  # noqa: PLC0415  # as above

        return delete_last(self._places, DELETED_MINUTES * MINUTE_S, time.time_ns())

    def _deleted(self, outcome: object) -> None:
        from agent.deletion import Deleted  # noqa: PLC0415  # as above
        from agent.errors import OvertError  # noqa: PLC0415

        if isinstance(outcome, Deleted):
            title, told = self._words("deleted.title"), deletion_told(self._words, outcome)
        else:
            what = f"{outcome}.\n{outcome.remedy}" if isinstance(outcome, OvertError) else type(outcome).__name__
            title, told = self._words("deleted.failed"), what
        self._tell(Message(title, told))


def deletion_told(words: Words, done: "Deleted") -> str:
    """What a deletion came to, in words."""
    if not (done.events or done.batches or done.asked):
        return words("deleted.nothing", minutes=DELETED_MINUTES)
    here = words("deleted.here", events=done.events, batches=done.batches)
    if not done.asked:
        return here
    return here + " " + words("deleted.asked" if done.daemon else "deleted.later", asked=done.asked)
