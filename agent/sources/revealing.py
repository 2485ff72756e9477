"""Pictures in the mode ``reveal``: which rectangles of a masked picture may be shown again. None, if in doubt."""

import logging
from collections.abc import Callable

import numpy as np

from agent.core.rects import intersect, shifted, without
from agent.core.redact.dull import Dullness, Vocabulary
from agent.core.redact.names import Names
from agent.core.redact.pixels import Pixels, Rect
from agent.core.redact.reveal import ReadLine, revealed
from agent.core.redact.rules import RuleSet
from agent.core.redact.text import TextRedactor
from agent.sources.reader import Opens, Reader, ReadingFailed, open_reader
from agent.sources.reading import MAX_PIXELS
from policies import names_model, read_text, redaction_rules

REST_S = 60.0
"""Seconds without a reader after one failed: what kills it may come again."""
OVERLAP = 96
"""Pixels that two bands of a large picture share, so that each line is whole in one of them."""
LINE = 40
"""Pixels above and below what was painted that are read with it at most: the rest of its line, at scale 2 too."""
ROOM = 4
"""Pixels kept free around what is read: a line at the very edge is taken for cut."""
_log = logging.getLogger(__name__)


class Revealer:
    """Tells what of a picture may be shown. A reader that fails has all of it stay masked.

    Args:
        opens: makes the reader, when there is first something to read.
        now_s: a monotonic clock, in seconds.
    """

    def __init__(self, opens: Opens, now_s: Callable[[], float]) -> None:
        self._opens, self._now_s = opens, now_s
        self._reader: Reader | None = None
        self._dullness: Dullness | None = None
        self._rests_until = 0.0
        self.failures = 0

    @property
    def installed(self) -> bool:
        """True if text can be read on this machine at all."""
        return self._ready() is not None

    def shown(self, bgr: Pixels, boxes: list[Rect], rows: tuple[int, int] | None = None) -> list[Rect]:
        """What may be shown again of a picture.

        Args:
            bgr: the picture as it was taken.
            boxes: what is filled in it.
            rows: look at the lines in these rows only; the rectangles may reach beyond them.

        Raises:
            RedactionFailed: a detector of text failed; the picture must be dropped.
        """
        if not boxes or self._now_s() < self._rests_until or (reader := self._ready()) is None:
            return []
        left, top, right, bottom = around(boxes, rows or (0, bgr.shape[0]), bgr.shape[1], bgr.shape[0])
        part = np.ascontiguousarray(bgr[top:bottom, left:right])
        try:
            read = _read(reader, part) if part.size else []
        except ReadingFailed as error:
            self.failures += 1
            self._rests_until = self._now_s() + REST_S
            _log.warning("text cannot be read (%s): all of it stays masked", error)
            return []
        if self._dullness is None:
            # Finds only: no ordinal is made with its key.
            redactor = TextRedactor(RuleSet(redaction_rules()), bytes(16), Names(names_model))
            self._dullness = Dullness(Vocabulary(read_text("dull.toml")), redactor)
        return [shifted(rect, left, top) for rect in revealed(part, read, self._dullness.of)]

    def close(self) -> None:
        """End the reader. Idempotent."""
        if self._reader is not None:
            self._reader.close()
        self._reader = None

    def _ready(self) -> Reader | None:
        if self._reader is None:
            self._reader = self._opens()
        return self._reader


def unmasked(masked: Pixels, raw: Pixels, boxes: list[Rect], shown: list[Rect]) -> list[Rect]:
    """Put back what may be shown, in place; gives what is filled still."""
    for left, top, right, bottom in shown:
        masked[top:bottom, left:right] = raw[top:bottom, left:right]
        boxes = [part for box in boxes for part in without(box, (left, top, right, bottom))]
    return boxes


def around(boxes: list[Rect], rows: tuple[int, int], width: int, height: int) -> Rect:
    """The part of a picture to read for some rows: up to where no text stands, and no wider than it is.

    A line that is cut by that is masked: it touches the edge.
    """
    least, most = rows[0] - LINE, rows[1] + LINE
    top, bottom = rows
    for box in sorted(boxes, key=lambda box: -box[3]):
        top = min(top, box[1]) if box[1] < top <= box[3] else top
    for box in sorted(boxes, key=lambda box: box[1]):
        bottom = max(bottom, box[3]) if box[1] <= bottom < box[3] else bottom
    top, bottom = max(top, least), min(bottom, most)
    touched = [box for box in boxes if box[1] < bottom and box[3] > top]
    if not touched:
        return 0, 0, 0, 0
    left, right = min(box[0] for box in touched), max(box[2] for box in touched)
    whole = (0, 0, width, height)
    return intersect((left - ROOM, top - ROOM, right + ROOM, bottom + ROOM), whole) or (0, 0, 0, 0)


def _read(reader: Reader, bgr: Pixels) -> list[ReadLine]:
    """All lines; of a large picture in bands. What touches a band's edge is left to the next band."""
    height, width = bgr.shape[:2]
    step = max(MAX_PIXELS // width, 2 * OVERLAP)
    if height <= step:
        return reader.read(bgr)
    found: list[ReadLine] = []
    for top in range(0, height - OVERLAP, step - OVERLAP):
        bottom = min(top + step, height)
        for line in reader.read(np.ascontiguousarray(bgr[top:bottom])):
            cut = (top > 0 and line.rect[1] < ROOM) or (bottom < height and line.rect[3] > bottom - top - ROOM)
            place = shifted(line.rect, 0, top)
            if not cut and not any(intersect(place, other.rect) == place for other in found):
                found.append(line._replace(rect=place))
    return found


def revealer(now_s: Callable[[], float]) -> Revealer:
    """With the reader of this machine."""
    return Revealer(open_reader, now_s)
