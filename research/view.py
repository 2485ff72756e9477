"""A replay: one HTML file with everything in it, which asks the network for nothing.

Pictures, pointer trail, keys, placeholders, gaps, the band of consent, and the loss account, over one participant's
episode. A content security policy in the page forbids every request, so the file says itself what it cannot do.
"""

import base64
import html
import json
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct

from research.disk import write_whole
from research.errors import ExportError, InputError
from schemas.times import from_unix_ns

MAX_PICTURE_BYTES: Final = 64 << 20
"""Bytes of pictures in one replay: browsers open that; a longer episode is cut, and the page says so."""
_EVENTS: Final = (
    *("seq", "kind", "wall_ns", "mono_ns", "epoch", "app", "action", "button", "x", "y"),
    *("text", "down", "title", "reason", "redaction", "dy", "consent"),
)
_FRAMES: Final = ("seq", "frame", "base", "rect", "patch", "image")
_NS_A_MS: Final = 1_000_000


class Episode(Struct, frozen=True):
    """One stretch of work, read from an export."""

    about: dict[str, Any]
    events: list[dict[str, Any]]
    pictures: list[dict[str, Any]]  # with their undecoded bytes in ``image``
    cut: bool  # there were more pictures than fit


def load(exported: Path, participant: str | None = None, episode: str | None = None) -> Episode:
    """Read one episode.

    Args:
        exported: folder that was exported.
        participant: whose; None for the only one.
        episode: which; None for the participant's first.

    Raises:
        InputError: no such participant or episode, or a choice has to be made.
    """
    folder = folder_of(exported, participant)
    row = _episode(folder, episode)
    events = timed(_rows(folder / "events.parquet", _EVENTS, row))
    pictures, cut = _pictures(_rows(folder / "frames.parquet", _FRAMES, row))
    about = {n: row[n] for n in ("participant", "device", "episode", "apps", "account")}
    about["begin"] = from_unix_ns(row["begin_ns"]).strftime("%Y-%m-%d %H:%M")
    return Episode(about, events, pictures, cut)


def view(exported: Path, out: Path, participant: str | None = None, episode: str | None = None) -> dict[str, Any]:
    """Write a replay of one episode, chosen as :func:`load` does.

    Returns:
        How many events and pictures are in it, and whether it was cut.

    Raises:
        InputError: no such participant or episode, or a choice has to be made.
        ExportError: cannot be written.
    """
    found = load(exported, participant, episode)
    pictures = [{**row, "image": base64.b64encode(row["image"]).decode()} for row in found.pictures]
    told = {"about": found.about, "events": found.events, "pictures": pictures, "cut": found.cut}
    try:
        write_whole(out, _page(told, f"Replay of {found.about['episode']}").encode())
    except OSError as error:
        raise ExportError(f"cannot write {out}: {error.strerror}", "Choose another file.") from None
    return {"events": len(found.events), "pictures": len(pictures), "cut": found.cut, "file": str(out)}


def timed(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events with ``t``, milliseconds since the first, in place of their times; never less than the one before.

    Within one clock epoch it is the monotonic clock's, from one to the next the wall clock's.
    """
    found: list[dict[str, Any]] = []
    before: dict[str, Any] | None = None
    at = 0
    for event in events:
        if before is not None:
            clock = "mono_ns" if event["epoch"] == before["epoch"] else "wall_ns"
            at += max(0, event[clock] - before[clock])
        before = event
        found.append({n: v for n, v in event.items() if n not in _TIMES} | {"t": round(at / _NS_A_MS, 1)})
    return found


_TIMES: Final = frozenset({"mono_ns", "wall_ns", "epoch"})


def folder_of(exported: Path, participant: str | None) -> Path:
    """A participant's folder; None means the only one. Raises: InputError."""
    names = sorted(path.parent.name for path in exported.glob("*/episodes.parquet"))
    chosen = [name for name in names if participant in {None, name}]
    if len(chosen) != 1:
        raise InputError(f"{len(chosen)} participants to choose from in {exported}", f"Name one of: {', '.join(names)}")
    return exported / chosen[0]


def _episode(folder: Path, episode: str | None) -> dict[str, Any]:
    rows: list[dict[str, Any]] = pq.read_table(folder / "episodes.parquet").to_pylist()
    chosen = [row for row in rows if episode in {None, row["episode"]}]
    if not chosen:
        raise InputError(f"no such episode in {folder}", f"There are: {', '.join(r['episode'] for r in rows)}")
    return chosen[0]


def _rows(path: Path, columns: Iterable[str], episode: dict[str, Any]) -> Iterator[dict[str, Any]]:
    names = [*columns, "device", "episode"]
    for batch in pq.ParquetFile(path).iter_batches(columns=names, batch_size=4096):
        mine = pc.and_(pc.equal(batch["device"], episode["device"]), pc.equal(batch["episode"], episode["episode"]))
        for row in batch.filter(mine).to_pylist():
            yield {n: v for n, v in row.items() if v is not None and n not in {"device", "episode"}}


def _pictures(rows: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], bool]:
    found: list[dict[str, Any]] = []
    room = MAX_PICTURE_BYTES
    for row in rows:
        room -= len(row["image"])
        if room < 0:
            return found, True
        found.append(row)
    return found, False


def _page(told: dict[str, Any], title: str) -> str:
    """The page. What was recorded is data in it, never markup: no `<` of it survives."""
    data = json.dumps(told, ensure_ascii=True).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    template = (files("research") / "replay.html").read_text("utf-8")
    return template.replace("@TITLE@", html.escape(title)).replace("@DATA@", data)
