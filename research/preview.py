"""A first look in a notebook: a few events and pictures as HTML. What was recorded is text in it, never markup.

A notebook keeps what it shows, in its file. Clear the output before you save or share it.
"""

import base64
import html
from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

from research.columnar import Columnar
from research.painting import Painter
from schemas.times import from_unix_ns

ROWS: Final = 20
PICTURES: Final = 6
WIDTH_PX: Final = 240
_TELLING: Final = ("action", "x", "y", "dy", "title", "reason", "text")
_NOTE: Final = "A notebook keeps what it shows: clear this output before you save or share it."


class Preview(Struct, frozen=True):
    """What :meth:`research.sdk.Study.preview` gives; a notebook shows it by itself."""

    study: str
    rows: list[dict[str, Any]]
    pictures: list[bytes]  # whole ones, WebP

    def __repr__(self) -> str:
        """How much it holds, without any of it: a repr may end in a log."""
        return f"Preview({len(self.rows)} events, {len(self.pictures)} pictures)"

    def _repr_html_(self) -> str:
        images = "".join(
            f'<img width="{WIDTH_PX}" style="margin:2px" src="data:image/webp;base64,{base64.b64encode(p).decode()}">'
            for p in self.pictures
        )
        cells = [[_when(row), row["app"], row["kind"], _told(row)] for row in self.rows]
        return (
            f"<p><b>{html.escape(self.study)}</b> {_NOTE}</p>{table(['time', 'app', 'kind', ''], cells)}<p>{images}</p>"
        )


def table(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """An HTML table of plain text."""
    top = "".join(f"<th>{html.escape(head)}</th>" for head in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def pictures(opened: Columnar, room: int) -> list[bytes]:
    """The first pictures of a batch, whole."""
    painter, found = Painter(), list[bytes]()
    for frame in opened.pictures:
        painter.add(frame.frame, frame.base, frame.rect, frame.patch, opened.image(frame))
        whole = painter.whole(frame.frame) if len(found) < room else None
        found += [whole] if whole else []
    return found


def _when(row: dict[str, Any]) -> str:
    return from_unix_ns(row["wall_ns"]).strftime("%Y-%m-%d %H:%M:%S")


def _told(row: dict[str, Any]) -> str:
    return " ".join(str(row[name]) for name in _TELLING if row.get(name) is not None)
