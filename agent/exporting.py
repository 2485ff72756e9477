"""One's own data as a folder that opens without Overt: one HTML page, JSON, and pictures.

It is not sealed: whoever can read the folder can read it. It is written only where the person said so, for them alone.
"""

import html
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from msgspec import Struct

from agent import history, history_lines
from agent.errors import OvertError
from agent.review.day import Kind, Moment, make_day
from agent.review.desk import Desk
from agent.review.opening import Opened
from agent.review.telling import counted, line, moments_data
from agent.review.words import review_words
from schemas.events import FrameEvent, to_builtins

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><style>
:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;
padding:0 1rem}}pre{{white-space:pre-wrap;overflow-wrap:anywhere}}img{{max-width:100%;
border:1px solid #8888}}li{{margin:.2rem 0}}
summary{{font-weight:600;cursor:pointer}}</style></head><body>{body}</body></html>
"""


class ExportError(OvertError):
    """The folder cannot be written."""

    remedy = "name a new folder in a place that you can write"


class Exported(Struct, frozen=True):
    """What was written."""

    batches: int
    events: int
    pictures: int
    not_here: int  # batches that were sent or erased: their content is not on this machine
    not_shown: int  # batches that cannot be opened


def export(desk: Desk, folder: Path, *, ask: bool = True) -> Exported:
    """Write everything that lies here, and the history of the rest.

    Raises:
        ExportError: the folder is there already, or the disk refuses.
    """
    desk.seal()
    rows = desk.rows()
    held = desk.open(rows)
    found = history.history(desk, ask=ask)
    pictures = 0
    try:
        folder.mkdir(mode=0o700)
        _write(folder / "history.json", _json(found))
        sections = ["<h1>What Overt captured</h1>", _pre(history_lines.lines(found))]
        sections += [f"<p>{html.escape(str(error))}</p>" for error in held.refused]
        for one in held.opened:
            pictures += _batch(desk, one, folder, sections)
        page = PAGE.format(title="What Overt captured", body="\n".join(sections))
        _write(folder / "index.html", page.encode())
    except OSError as error:
        raise ExportError(f"the folder cannot be written: {error.strerror}") from None
    events = sum(len(one.payload.events) for one in held.opened)
    missing = len(rows) - len(held.opened) - len(held.refused)
    return Exported(len(held.opened), events, pictures, missing, len(held.refused))


def _batch(desk: Desk, one: Opened, folder: Path, sections: list[str]) -> int:
    """One batch: its events as JSON, its pictures, and a section of the page."""
    number, events = one.row.sequence, one.payload.events
    name, words = f"batch-{number:06d}", review_words()
    walls = [event.wall_ns for event in events]
    day = make_day(min(walls), max(walls) + 1, [one])
    data = {
        "batch": number,
        "digest": one.digest,
        "header": one.header.model_dump(mode="json"),
        "account": {"seen": one.payload.account.seen, "kept": one.payload.account.kept,
                    "dropped": one.payload.account.dropped},
        "moments": moments_data(day.moments, desk.app_names),
        "events": [to_builtins(event) for event in events],
    }  # fmt: skip
    _write(folder / f"{name}.json", _json(data))
    (folder / name).mkdir(mode=0o700)
    shown = set[int]()
    for frame, image in _pictures(one):
        _write(folder / name / f"{frame:09d}.png", image)
        shown.add(frame)
    items = "\n".join(_item(desk, moment, name, shown) for moment in day.moments)
    told = _pre(counted(words, day))
    sections.append(f"<details><summary>Batch {number}, {one.digest[:12]}</summary>{told}<ul>{items}</ul></details>")
    return len(shown)


def _item(desk: Desk, moment: Moment, name: str, shown: set[int]) -> str:
    text = html.escape(line(review_words(), moment, desk.app_names))
    if moment.kind is Kind.PICTURE and moment.frame in shown:
        return f'<li>{text}<br><img loading="lazy" alt="" src="{name}/{moment.frame:09d}.png"></li>'
    return f"<li>{text}</li>"


def _pictures(one: Opened) -> Iterable[tuple[int, bytes]]:
    """Each picture whole: patches are painted over the one before. Without it, a picture is left as its patch."""
    last: dict[int, Any] = {}
    for event in one.payload.events:
        if not isinstance(event, FrameEvent):
            continue
        pixels = cv2.imdecode(np.frombuffer(one.payload.image(event), np.uint8), cv2.IMREAD_COLOR)
        if pixels is None:
            continue
        whole: Any = pixels
        under = last.get(event.base) if event.base is not None else None
        if under is not None:
            left, top, right, bottom = event.patch
            whole = under.copy()
            if whole[top:bottom, left:right].shape == pixels.shape:
                whole[top:bottom, left:right] = pixels
        last = {event.frame: whole}
        done, data = cv2.imencode(".png", whole)
        if done:
            yield event.frame, bytes(data.tobytes())


def _pre(lines: Iterable[str]) -> str:
    return f"<pre>{html.escape(chr(10).join(lines))}</pre>"


def _json(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=1).encode()


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
