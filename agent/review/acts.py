"""What the review's window does to what was captured: deleting, and masking what should have been masked.

Each act is reckoned in a thread of its own, asked about, carried out in a thread, and told.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from datetime import date

from PySide6.QtWidgets import QLabel, QListView, QMenu, QPlainTextEdit, QWidget

from agent.core.cut import Selection
from agent.deletion import Deleted, delete_all, delete_last
from agent.durations import day_ns
from agent.errors import OvertError
from agent.review import removing, telling
from agent.review.asking import AskMask, ask_deletion
from agent.review.day import Kind, Moment
from agent.review.desk import Desk
from agent.review.masking import mask_region, mask_words
from agent.review.pictures import Gallery
from agent.review.replay import Picture
from agent.tray.errand import Errand
from agent.tray.words import Words

MINUTE_NS = 60_000_000_000
LAST_MINUTES = 10


class Acts(QWidget):
    """The acting half of the window; the other half has the widgets, and says what is chosen."""

    _words: Words
    _desk: Desk
    _date: date
    _gallery: Gallery
    _at_ns: int
    _menu: QMenu
    _list: QListView
    _typed: QPlainTextEdit
    _picture: Picture
    _said: QLabel
    _errand: Errand | None = None
    reload: Callable[[int | None], None]
    """Read the day anew, and stay at that time."""
    _current: Callable[[], Moment | None]
    _selected: Callable[[], list[Moment]]

    def _fill_menu(self) -> None:
        words, moment = self._words, self._current()
        self._menu.clear()
        if moment is not None:
            minute = telling.clock(self._at_ns, seconds=False)
            self._menu.addAction(words("delete.chosen") + "\tDel", self._delete_chosen)
            self._menu.addAction(words("delete.minute", time=minute), self._delete_minute)
            if moment.app:
                app = self._desk.app_names.get(moment.app, moment.app)
                begin_ns, end_ns = day_ns(self._date)
                today, every = Selection(begin_ns, end_ns, moment.app), Selection(app=moment.app)
                named = words("delete.app_day", app=app)
                self._menu.addAction(named, lambda: self._delete_part(named, today))
                always = words("delete.app", app=app)
                self._menu.addAction(always, lambda: self._delete_part(always, every))
            batch = moment.batch
            whole = words("delete.batch")
            self._menu.addAction(whole, lambda: self._delete_part(whole, Selection(), [batch]))
            self._menu.addSeparator()
        self._menu.addAction(words("delete.last", minutes=LAST_MINUTES), self._delete_last)
        self._menu.addAction(words("delete.all"), self._delete_all)

    def _delete_chosen(self) -> None:
        seqs = frozenset(seq for moment in self._selected() if moment.kind is not Kind.GAP for seq in moment.seqs)
        if seqs:
            self._delete_part(self._words("delete.chosen"), Selection(events=seqs))
        else:
            self._tell(self._words("delete.nothing"))

    def _delete_minute(self) -> None:
        begin_ns = self._at_ns // MINUTE_NS * MINUTE_NS
        named = self._words("delete.minute", time=telling.clock(begin_ns, seconds=False))
        self._delete_part(named, Selection(begin_ns, begin_ns + MINUTE_NS))

    def _delete_part(self, named: str, selection: Selection, batches: Sequence[int] = ()) -> None:
        def make(seqs: frozenset[int]) -> removing.Plan:
            return removing.plan_all(self._desk, removing.more(selection, seqs), batches, secrets.token_bytes)

        def planned(outcome: object) -> None:
            if not isinstance(outcome, removing.Plan):
                self._failed(outcome)
            elif outcome.empty:
                self._tell(self._words("delete.nothing"))
            elif ask_deletion(self._words, self, [named.replace("&", ""), *removing.in_words(self._words, outcome)]):
                self._run(lambda: removing.carry(self._desk, make), self._deleted)
            else:
                self._tell("")

        self._run(lambda: make(frozenset()), planned)

    def _delete_last(self) -> None:
        told = [self._words("delete.last", minutes=LAST_MINUTES).replace("&", ""), self._words("delete.counted")]
        if ask_deletion(self._words, self, told):
            seconds = LAST_MINUTES * 60
            self._run(lambda: delete_last(self._desk.places, seconds, time.time_ns()), self._deleted)

    def _delete_all(self) -> None:
        if ask_deletion(self._words, self, [self._words("delete.everything")]):
            self._run(lambda: delete_all(self._desk.places), self._deleted)

    def _run(self, work: Callable[[], object], done: Callable[[object], None]) -> None:
        if self._errand is not None and self._errand.running:
            return
        self._tell(self._words("delete.under_way"))
        self._errand = Errand(work, done)
        self._errand.start()

    def _deleted(self, outcome: object) -> None:
        if not isinstance(outcome, Deleted):
            self._failed(outcome)
            return
        words = self._words
        told = [words("delete.done", events=outcome.events)]
        if outcome.asked:
            told.append(words("delete.asked" if outcome.daemon else "delete.asked_later", asked=outcome.asked))
        self._desk.forget()
        self.reload(self._at_ns)
        self._tell(" ".join(told))
        self._list.setFocus()

    def _failed(self, outcome: object) -> None:
        error, remedy = type(outcome).__name__, "overt doctor"
        if isinstance(outcome, OvertError):
            error, remedy = str(outcome), outcome.remedy
        self.reload(self._at_ns)
        self._tell(self._words("delete.failed", error=error, remedy=remedy))

    def _tell(self, said: str) -> None:
        self._said.setText(said)
        self._said.setVisible(bool(said))
        self._said.setAccessibleName(said)

    def _mask(self) -> None:
        event, moment = self._gallery.at(self._at_ns), self._current()
        app = self._desk.app_names.get(event.app, event.app) if event else ""
        chosen = self._typed.textCursor().selectedText()
        text = chosen or (moment.text if moment is not None and moment.kind in (Kind.TEXT, Kind.WINDOW) else "")
        ask = AskMask(self._words, self, telling.flat(text), self._picture.mark, app)
        if not ask.exec():
            return
        phrase, rect = ask.phrase, ask.region
        if rect is not None and event is not None:
            self._run(lambda: mask_region(self._desk, event.app, rect, secrets.token_bytes), self._masked)
        elif phrase:
            self._run(lambda: mask_words(self._desk, phrase, secrets.token_bytes), self._masked)
        else:
            self._tell(self._words("mask.empty"))

    def _masked(self, outcome: object) -> None:
        if not isinstance(outcome, int):
            self._failed(outcome)
            return
        self._desk.forget()
        self.reload(self._at_ns)
        self._tell(self._words("mask.done", count=outcome) if outcome else self._words("mask.none"))
