"""What was captured, as far as this machine can tell without opening it: sealed batches, and counts."""

from collections.abc import Sequence

from msgspec import Struct
from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from agent.core.chain import HELD
from agent.disk.places import Places
from agent.disk.spool import Row, Spool
from agent.tray.panel import Panel, label
from agent.tray.when import SECOND_NS, clock, moment
from agent.tray.words import Words
from schemas.status import Counts

SIZE_PX = (780, 540)
MAX_ROWS = 500
"""Lines of the table: more than a week of batches, and quick to make. The command line lists all of them."""
DASH = "\N{EN DASH}"
COLUMNS = ("when", "events", "size", "state")


class Line(Struct, frozen=True):
    """One batch, in words."""

    when: str
    events: str
    size: str
    state: str


def read(places: Places) -> list[Row]:
    """Every batch there ever was, newest first.

    Raises:
        OSError: disk or index cannot be used.
    """
    if not places.spool.exists():
        return []
    spool = Spool(places, adopt=False)
    try:
        return spool.history()[::-1]
    finally:
        spool.close()


def line(words: Words, row: Row) -> Line:
    """A batch as people read it. Of one from an older version only its sealing is known."""
    size, extent = QLocale(words.language).formattedDataSize(row.size), row.extent
    if extent is None:
        when, events = words("captured.sealed", time=moment(words, row.sealed_s)), words("captured.unknown")
    else:
        begin_s, end_s = extent.begin_ns // SECOND_NS, extent.end_ns // SECOND_NS
        when, events = f"{moment(words, begin_s)} {DASH} {clock(end_s)}", str(extent.kept)
    emptied = row.deletion is not None and row.state in HELD
    if row.deletion is not None:
        events = "0"
    return Line(when, events, size, words("captured.emptied" if emptied else f"captured.{row.state}"))


class Captured(Panel):
    """A table to read.

    Args:
        words: the language.
        rows: newest first; ``None`` where they cannot be read.
        counts: since the daemon started; ``None`` where it does not run.
    """

    def __init__(self, words: Words, rows: Sequence[Row] | None, counts: Counts | None) -> None:
        title = words("captured.title")
        if not rows:
            head = words("captured.failed" if rows is None else "captured.none")
            super().__init__(words, title, head, [label(told) for told in _counted(words, counts)], SIZE_PX)
            return
        size = QLocale(words.language).formattedDataSize(sum(row.size for row in rows))
        head = words("captured.head", count=len(rows), size=size)
        more = [words("captured.more", count=len(rows) - MAX_ROWS)] if len(rows) > MAX_ROWS else []
        below = [label(told) for told in (*more, *_counted(words, counts))]
        table = _table(words, [line(words, row) for row in rows[:MAX_ROWS]])
        super().__init__(words, title, head, [label(words("captured.help")), table, *below], SIZE_PX)


def _counted(words: Words, counts: Counts | None) -> list[str]:
    if counts is None:
        return []
    dropped = sum(counts.dropped.values())
    return [words("captured.counts", seen=counts.seen, kept=counts.kept, dropped=dropped)]


def _table(words: Words, lines: Sequence[Line]) -> QTableWidget:
    table = QTableWidget(len(lines), len(COLUMNS))
    table.setAccessibleName(words("captured.list"))
    table.setHorizontalHeaderLabels([words(f"captured.{column}") for column in COLUMNS])
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setHighlightSections(False)
    table.verticalHeader().hide()
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setTabKeyNavigation(False)  # Tab leaves it
    table.setShowGrid(False)
    for number, told in enumerate(lines):
        cells = [QTableWidgetItem(cell) for cell in (told.when, told.events, told.size, told.state)]
        # Up and down go from row to row: whoever listens hears all of it.
        aloud = ", ".join((told.when, f"{words('captured.events')}: {told.events}", told.size, told.state))
        cells[0].setData(Qt.ItemDataRole.AccessibleTextRole, aloud)
        for column, cell in enumerate(cells):
            table.setItem(number, column, cell)
    table.setCurrentCell(0, 0)
    return table
