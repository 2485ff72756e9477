"""The review's window: the day above, what was captured to the left, the replay to the right, deleting below.

Everything is reached by the keyboard: Tab goes round, Ctrl+F searches, Ctrl+G goes to a time, Space plays, Delete
deletes what is chosen.
"""

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from PySide6.QtCore import QDate, QItemSelectionModel, QLocale, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from agent.durations import clock_ns
from agent.review import telling
from agent.review.acts import MINUTE_NS, Acts
from agent.review.asking import Leaves
from agent.review.day import Day, Kind, Moment, search
from agent.review.desk import Desk, Held
from agent.review.looking import days, hold_of, look
from agent.review.moments import Lines, Moments
from agent.review.pictures import Gallery
from agent.review.replay import TRAIL_NS, Picture
from agent.review.timeline import Timeline
from agent.tray.errand import Errand
from agent.tray.panel import SHEET, label
from agent.tray.words import Words

SIZE_PX, LEFT_PX, TEXT_PX = (1180, 780), 540, 110
TICK_MS = 33
SKIP_NS = 2_000_000_000
"""Nanoseconds without anything after which a replay jumps to what comes next."""
OWN_SHEET = f"""{SHEET}
QLabel#said {{ font-weight: 600; }}
QListView {{ font-size: 10.5pt; border: 1px solid palette(mid); border-radius: 8px; }}
QPlainTextEdit {{ font-size: 11pt; border: 1px solid palette(mid); border-radius: 8px; }}
QListView:focus, QPlainTextEdit:focus {{ border: 2px solid palette(highlight); }}
QLineEdit {{ padding: 5px; font-size: 10.5pt; }}
QPushButton {{ padding: 7px 14px; }}
QPushButton:focus {{ padding: 6px 13px; }}
QPushButton::menu-indicator {{ subcontrol-position: right center; right: 4px; }}
"""


class ReviewWindow(Acts):
    """What was captured on a day.

    Args:
        words: the language.
        desk: the person's.
        day: which day.
        at: a time of that day to go to, such as 10:30.
    """

    def __init__(self, words: Words, desk: Desk, day: date, at: str | None = None) -> None:
        super().__init__()
        self._words, self._desk, self._date = words, desk, day
        self._day: Day | None = None
        self._held = Held((), ())
        self._gallery = Gallery(())
        self._starts: list[int] = []
        self._errand: Errand | None = None
        self._at_ns = 0
        self.setWindowTitle(words("review.title"))
        self.setStyleSheet(OWN_SHEET)
        self._build()
        room = self.screen().availableSize()
        self.resize(min(SIZE_PX[0], room.width() - 20), min(SIZE_PX[1], room.height() - 40))
        self._player = QTimer(self)
        self._player.setInterval(TICK_MS)
        self._player.timeout.connect(self._tick)
        counts = desk.seal()
        self._waiting = counts.held + counts.unsealed if counts else 0
        self.reload(None)
        if at is not None:
            self._time.setText(at)
        QTimer.singleShot(0, self._first_look)

    # What it is made of

    def _build(self) -> None:
        words = self._words
        self._head, self._said, self._counts = label("", "head"), label("", "said"), label("")
        self._timeline = Timeline(words, self._desk.app_names)
        self._timeline.moved.connect(self._moved)
        self._model = Moments(words, self._desk.app_names, self)
        self._list = self._make_list()
        self._picture = Picture(words)
        self._typed = QPlainTextEdit()
        self._typed.setReadOnly(True)
        self._typed.setTabChangesFocus(True)
        self._typed.setMaximumHeight(TEXT_PX)
        self._typed.setAccessibleName(words("review.typed"))
        self._play = self._button("review.play", self._play_or_stop)
        self._picture_said = label("")
        right = _column(self._picture, self._picture_said, self._typed, _row(self._play, label(words("review.speed"))))
        splitter = QSplitter()
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._list)
        splitter.addWidget(right)
        splitter.setSizes([LEFT_PX, SIZE_PX[0] - LEFT_PX])
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        for part in (self._head, self._bar(), self._timeline):
            column.addWidget(part)
        column.addWidget(splitter, 1)
        column.addWidget(self._counts)
        column.addWidget(self._said)
        column.addWidget(self._buttons())
        everywhere: dict[str, Callable[[], object]] = {
            "Ctrl+F": self._search.setFocus,
            "Ctrl+G": self._time.setFocus,
            "F5": self._again,
            "Esc": self.close,
        }
        for keys, act in everywhere.items():
            QShortcut(QKeySequence(keys), self).activated.connect(act)
        for keys, act in (("Delete", self._delete_chosen), ("Space", self._play_or_stop)):
            own = QShortcut(QKeySequence(keys), self._list)
            own.setContext(Qt.ShortcutContext.WidgetShortcut)
            own.activated.connect(act)
        self._list.setFocus()

    def _make_list(self) -> QListView:
        made = QListView()
        made.setModel(self._model)
        made.setItemDelegate(Lines(self._words, self._model))
        made.setUniformItemSizes(True)
        made.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        made.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        made.setAccessibleName(self._words("review.list"))
        made.selectionModel().currentChanged.connect(lambda *_: self._chosen())
        made.selectionModel().selectionChanged.connect(lambda *_: self._show_typed())
        return made

    def _bar(self) -> QWidget:
        words = self._words
        self._day_label = label("")
        self._day_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._day_label.setMinimumWidth(230)
        self._earlier = self._button("\N{BLACK LEFT-POINTING TRIANGLE}", lambda: self._other_day(-1), plain=True)
        self._earlier.setAccessibleName(words("review.earlier"))
        self._later = self._button("\N{BLACK RIGHT-POINTING TRIANGLE}", lambda: self._other_day(1), plain=True)
        self._later.setAccessibleName(words("review.later"))
        self._time = QLineEdit()
        self._time.setPlaceholderText(words("review.go_hint"))
        self._time.setAccessibleName(words("review.go"))
        self._time.setMaximumWidth(90)
        self._time.returnPressed.connect(self._go_to_time)
        self._search = QLineEdit()
        self._search.setPlaceholderText(words("review.search_hint"))
        self._search.setAccessibleName(words("review.search"))
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(lambda _: self._filter())
        again = self._button("review.again", self._again)
        names = (label(words("review.go")), label(words("review.search")))
        for name in names:
            name.setWordWrap(False)
        row = _row(self._earlier, self._day_label, self._later, names[0], self._time, names[1], self._search, again)
        layout = row.layout()
        assert isinstance(layout, QHBoxLayout)  # noqa: S101  # _row makes one
        layout.setStretchFactor(self._search, 1)
        return row

    def _buttons(self) -> QWidget:
        words = self._words
        self._delete = QPushButton(words("delete.menu"))
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill_menu)
        self._delete.setMenu(self._menu)
        mask = self._button("mask.button", self._mask)
        leaves = self._button("leaves.button", self._leaves)
        close = self._button("close", self.close)
        row = _row(self._delete, mask, leaves, QWidget(), close)
        layout = row.layout()
        assert isinstance(layout, QHBoxLayout)  # noqa: S101  # as above
        layout.setStretch(3, 1)
        return row

    def _button(self, key: str, act: Callable[[], object], *, plain: bool = False) -> QPushButton:
        made = QPushButton(key if plain else self._words(key))
        made.clicked.connect(lambda _checked: act())
        return made

    # What it shows

    def reload(self, at_ns: int | None) -> None:
        """Read the day anew, and stay at that time."""
        self._player.stop()
        self._day, self._held = look(self._desk, self._date)
        self._gallery = Gallery(self._day.opened)
        first_ns = self._day.moments[0].begin_ns if self._day.moments else self._day.begin_ns
        self._at_ns = first_ns if at_ns is None else at_ns
        every = self._desk.rows()
        review_s, hold = hold_of(self._desk)
        told = telling.head(self._words, self._desk.lying(every), hold, review_s, time.time())
        self._head.setText(" ".join(told))
        extra = [self._words("review.memory", count=self._waiting)] if self._waiting else []
        counted = telling.counted(self._words, self._day) if self._day.opened else []
        self._counts.setText("\n".join([*extra, *(str(error) for error in self._held.refused), *counted]))
        shown = QDate(self._date.year, self._date.month, self._date.day)
        self._day_label.setText(QLocale(self._words.language).toString(shown, "dddd, d MMMM yyyy"))
        known = days(self._desk)
        self._earlier.setEnabled(any(day < self._date for day in known))
        self._later.setEnabled(
            any(day > self._date for day in known) or self._date < datetime.now().astimezone().date()
        )
        self._timeline.show_day(self._day, self._at_ns)
        self._filter()

    def _first_look(self) -> None:
        """Once it has its size: only then can the list show the right place."""
        if self._time.text():
            self._go_to_time()
        else:
            self._select_at(self._at_ns)

    def _filter(self) -> None:
        moments: Sequence[Moment] = self._day.moments if self._day else ()
        if text := self._search.text():
            moments = search(moments, text, self._desk.app_names)
        self._model.show(moments)
        self._starts = [moment.begin_ns for moment in moments]
        if moments:
            self._select_at(self._at_ns)
            self._show_at(self._at_ns)
            return
        nothing = self._words("review.nothing_here" if self._search.text() else "review.nothing")
        self._typed.clear()  # of another day, or deleted just now
        self._picture.show_picture(None, (), nothing)
        self._picture_said.setText(nothing)

    def _select_at(self, at_ns: int) -> None:
        """Choose the moment at a time: the last that had begun by then, or else the first."""
        if not self._starts:
            return
        row = max(0, bisect_right(self._starts, at_ns) - 1)
        index = self._model.index(row)
        blocked = self._list.selectionModel().blockSignals(True)
        self._list.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._list.selectionModel().blockSignals(blocked)
        self._list.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
        self._list.viewport().update()
        self._show_typed()

    def _chosen(self) -> None:
        moment = self._current()
        if moment is not None:
            self._at_ns = moment.begin_ns
            self._timeline.go(self._at_ns)
            self._show_at(max(moment.begin_ns, moment.end_ns if moment.kind is not Kind.TEXT else moment.begin_ns))

    def _moved(self, at_ns: object) -> None:
        assert isinstance(at_ns, int)  # noqa: S101  # the timeline gives nothing else
        self._at_ns = at_ns
        self._select_at(at_ns + MINUTE_NS // 60)
        self._show_at(at_ns)

    def _show_at(self, at_ns: int) -> None:
        event, moment = self._gallery.at(at_ns), self._current()
        elsewhere = moment is not None and event is not None and moment.app != event.app
        if event is None or elsewhere:
            gap = moment is not None and moment.kind is Kind.GAP
            said = telling.what(self._words, moment) if moment and gap else self._words("review.no_picture")
            self._picture.show_picture(None, (), said)
            self._picture_said.setText("")
            return
        image = self._gallery.image(event.frame)
        trail = self._gallery.trail(at_ns - TRAIL_NS, at_ns, event.window)
        app = self._desk.app_names.get(event.app, event.app)
        said = f"{telling.clock(event.wall_ns)}  {app}" if image else self._words("review.bad_picture")
        self._picture.show_picture(image, trail, said)
        self._picture_said.setText(said)

    def _show_typed(self) -> None:
        texts = [telling.flat(m.text).replace(" ⏎ ", "\n") for m in self._selected() if m.kind is Kind.TEXT]
        if not texts and (current := self._current()) is not None:
            texts = [telling.what(self._words, current)]
        text = "\n".join(texts)
        if text != self._typed.toPlainText():
            self._typed.setPlainText(text)

    def _current(self) -> Moment | None:
        index = self._list.currentIndex()
        return self._model.shown[index.row()] if index.isValid() and index.row() < len(self._model.shown) else None

    def _selected(self) -> list[Moment]:
        rows = sorted(index.row() for index in self._list.selectionModel().selectedIndexes())
        return [self._model.shown[row] for row in rows if row < len(self._model.shown)]

    # Where it goes

    def _other_day(self, step: int) -> None:
        known = days(self._desk)
        nearest = [day for day in known if (day > self._date if step > 0 else day < self._date)]
        fallback = self._date + timedelta(days=step)
        self._date = (min(nearest) if step > 0 else max(nearest)) if nearest else fallback
        self.reload(None)

    def _go_to_time(self) -> None:
        found = clock_ns(self._time.text().strip(), self._date)
        if found is None:
            self._tell(self._words("review.no_time"))
            return
        self._tell("")
        begin_ns, end_ns = found
        self._search.clear()
        row = bisect_right(self._starts, begin_ns - 1)
        inside = row < len(self._starts) and self._starts[row] < end_ns
        self._at_ns = self._starts[row] if inside else begin_ns
        target_ns = self._at_ns
        self._select_at(target_ns)
        self._chosen()
        self._at_ns = target_ns  # what is chosen may have begun before
        self._timeline.go(target_ns)
        self._list.setFocus()

    def _again(self) -> None:
        counts = self._desk.seal()
        self._waiting = counts.held + counts.unsealed if counts else 0
        self.reload(self._at_ns)

    # Replay

    def _play_or_stop(self) -> None:
        if self._player.isActive():
            self._player.stop()
        elif self._starts:
            self._player.start()
        self._play.setText(self._words("review.stop" if self._player.isActive() else "review.play"))

    def _tick(self) -> None:
        at_ns = self._at_ns + TICK_MS * 1_000_000
        row = bisect_right(self._starts, at_ns)
        last = self._model.shown[row - 1] if row else None
        if last is None or at_ns > last.end_ns + SKIP_NS:
            if row >= len(self._starts):
                self._play_or_stop()
                return
            at_ns = max(at_ns, self._starts[row] - SKIP_NS // 4)
        self._at_ns = at_ns
        self._timeline.go(at_ns)
        if self._list.currentIndex().row() != max(0, row - 1):
            self._select_at(at_ns)
        self._show_at(at_ns)

    # What leaves

    def _leaves(self) -> None:
        moment = self._current()
        one = next((one for one in self._held.opened if moment is not None and one.row.sequence == moment.batch), None)
        if one is not None:
            self._shown = Leaves(self._words, self._desk, one)
            self._shown.show()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802  # Qt's name
        """A deletion under way is finished first; what was opened is let go."""
        self._player.stop()
        self._desk.forget()
        super().closeEvent(event)


def _row(*parts: QWidget) -> QWidget:
    return _laid(QHBoxLayout, parts)


def _column(*parts: QWidget) -> QWidget:
    return _laid(QVBoxLayout, parts)


def _laid(kind: type[QHBoxLayout | QVBoxLayout], parts: Sequence[QWidget]) -> QWidget:
    whole = QWidget()
    layout = kind(whole)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    for part in parts:
        layout.addWidget(part, 1 if isinstance(part, Picture) else 0)
        if isinstance(part, QLabel) and kind is QHBoxLayout:
            part.setWordWrap(False)
    return whole
