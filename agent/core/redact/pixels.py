"""Text out of pixels, by default-deny and without a model: whatever has structure is filled solid.

Two detectors, their union taken. *Strokes* (luminance morphology: closing minus opening) sees thin marks of very low
contrast on smooth grounds and ignores slow gradients. *Edges* (the widest step in any one colour channel) sees marks
of equal luminance, and in noise it sees everything, so that noise hides nothing. Both answer per cell of a coarse
grid; gaps between letters, words and lines are closed there, where it costs next to nothing.

A fill is solid and never a blur: a blur can be undone.
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

from agent.core.redact.errors import RedactionFailed

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.uint8]
Rect = tuple[int, int, int, int]
"""left, top, right, bottom in pixels; right and bottom are outside."""

MASK_COLOUR = (0x60, 0x60, 0x60)
"""Blue, green, red of the fill: a grey that no usual theme uses as its ground."""
CELL = 4
"""Pixels a side of the grid's cells: under half of the smallest text's height (9 px)."""
STROKE_KERNEL = 7
"""Pixels: strokes up to this width count as thin; the body text of scale 2 stays below."""
STROKE_STEP = 2
"""Grey levels a stroke must differ from its ground; a dithered gradient differs by 1."""
EDGE_STEP = 5
"""Levels of one colour channel between neighbours; a smooth gradient changes by fewer."""
CLOSE_CELLS = (7, 3)
"""Columns and rows of cells bridged between marks: 28 px joins words, 12 px joins the lines of a paragraph."""
PAD_CELLS = 1
"""Cells added around what was found: ascenders, anti-aliased rims, the line's own height."""
SOLID_FILL = 0.35
"""Share of its box that a connected region must cover to be filled as a box: text, pictures and codes do, frames
of windows do not."""
HEADROOM, MAX_HEADROOM = 0.3, 16
"""Share of a filled box's height, and most cells, added above and below: a line of small letters tells by its room
where the tall ones would be, and belongs to a line box higher than itself."""
TALL_CELLS, TALL_GAP = 8, 0.9
"""Regions of this height and more may be single letters of huge text; up to this share of the height apart, they are
taken for one line."""
BLOCK_CELLS = 64
"""Regions with no side longer than this (256 px) are filled as a box in any case: an outline may be a huge letter or
the rim of an avatar, and what it encloses is theirs."""


def layout_boxes(bgr: Pixels) -> list[Rect]:
    """Every region that may hold text, as disjoint rectangles from top to bottom.

    Args:
        bgr: the picture, height by width by 3, 8 bits a channel.

    Raises:
        ValueError: the array has another shape or type.
        RedactionFailed: OpenCV failed; the frame must be dropped.
    """
    if bgr.ndim != 3 or bgr.shape[2] != 3 or bgr.dtype != np.uint8:  # noqa: PLR2004
        raise ValueError("a picture is height by width by 3 of 8 bits")
    height, width = bgr.shape[:2]
    if not height or not width:
        return []
    try:
        cells = _regions(_cells(cv2.max(_strokes(bgr), _edges(bgr))))
    except cv2.error as error:
        raise RedactionFailed("layout", type(error).__name__) from None
    return _rectangles(cells, width, height)


def fill(bgr: Pixels, boxes: list[Rect], colour: tuple[int, int, int] = MASK_COLOUR) -> Pixels:
    """A new picture in which each box has the one given colour (blue, green, red)."""
    out = bgr.copy()
    for left, top, right, bottom in boxes:
        if left < right and top < bottom:
            cv2.rectangle(out, (left, top), (right - 1, bottom - 1), colour, cv2.FILLED)  # its corners belong to it
    return out


def masked(bgr: Pixels) -> tuple[Pixels, list[Rect]]:
    """The picture with all text filled, and the rectangles; errors as :func:`layout_boxes`."""
    boxes = layout_boxes(bgr)
    return fill(bgr, boxes), boxes


def _strokes(bgr: Pixels) -> Mask:
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    kernel = np.ones((STROKE_KERNEL, STROKE_KERNEL), np.uint8)
    closed = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, kernel)
    opened = cv2.morphologyEx(grey, cv2.MORPH_OPEN, kernel)
    return np.asarray(cv2.threshold(cv2.subtract(closed, opened), STROKE_STEP - 1, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _edges(bgr: Pixels) -> Mask:
    kernel = np.ones((2, 2), np.uint8)
    step = cv2.subtract(cv2.dilate(bgr, kernel), cv2.erode(bgr, kernel))
    blue, green, red = cv2.split(step)
    widest = cv2.max(cv2.max(blue, green), red)
    return np.asarray(cv2.threshold(widest, EDGE_STEP - 1, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _cells(mask: Mask) -> Mask:
    height, width = mask.shape
    padded = np.zeros((-(-height // CELL) * CELL, -(-width // CELL) * CELL), np.uint8)
    padded[:height, :width] = mask
    mean = cv2.resize(padded, (padded.shape[1] // CELL, padded.shape[0] // CELL), interpolation=cv2.INTER_AREA)
    # One marked pixel of 16 gives a mean of 255/16: any mark at all makes a cell.
    return np.asarray(mean > 0, np.uint8)


def _regions(marks: Mask) -> Mask:
    columns, rows = CLOSE_CELLS
    bridged = cv2.morphologyEx(_pad(marks, columns), cv2.MORPH_CLOSE, np.ones((rows, columns), np.uint8))
    bridged = bridged[columns:-columns, columns:-columns]
    grown = cv2.dilate(np.ascontiguousarray(bridged), np.ones((2 * PAD_CELLS + 1, 2 * PAD_CELLS + 1), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
    # Turned text has no box of its own to be filled as, so it is covered more widely.
    out = np.asarray(cv2.dilate(grown, np.ones((3, 3), np.uint8)), np.uint8)
    boxes = [
        (x, y, w, h)
        for x, y, w, h, area in stats[1:count].tolist()
        if area >= SOLID_FILL * w * h or max(w, h) <= BLOCK_CELLS
    ]
    for x, y, w, h in [*boxes, *_between_tall(boxes)]:
        room = min(math.ceil(h * HEADROOM), MAX_HEADROOM)
        out[max(0, y - room) : y + h + room, x : x + w] = 1
    return out


def _between_tall(boxes: list[Rect]) -> list[Rect]:
    """The gaps between the letters and words of huge text, which are wider than what is closed above."""
    tall = sorted((box for box in boxes if box[3] >= TALL_CELLS), key=lambda b: b[0])
    gaps: list[Rect] = []
    for index, (x, y, w, h) in enumerate(tall):
        for x2, y2, w2, h2 in tall[index + 1 :]:
            if x2 > x + w + TALL_GAP * h:
                break
            top, bottom = min(y, y2), max(y + h, y2 + h2)
            if min(y + h, y2 + h2) - max(y, y2) > (bottom - top) / 2 and x2 + w2 > x + w:
                gaps.append((x, top, x2 + w2 - x, bottom - top))
                break
    return gaps


def _pad(marks: Mask, by: int) -> Mask:
    return np.asarray(cv2.copyMakeBorder(marks, by, by, by, by, cv2.BORDER_CONSTANT, value=0), np.uint8)


def _rectangles(cells: Mask, width: int, height: int) -> list[Rect]:
    """Runs of marked cells, row by row; equal runs of following rows become one rectangle."""
    open_runs: dict[tuple[int, int], int] = {}
    done: list[Rect] = []
    edges = np.diff(_pad(cells, 1).astype(np.int8), axis=1)
    for row in range(cells.shape[0] + 1):
        line = edges[row + 1]
        starts, ends = np.flatnonzero(line == 1), np.flatnonzero(line == -1)
        runs = set(zip(starts.tolist(), ends.tolist(), strict=True))
        for run in [run for run in open_runs if run not in runs]:
            top = open_runs.pop(run)
            done.append((run[0] * CELL, top * CELL, min(run[1] * CELL, width), min(row * CELL, height)))
        for run in runs:
            open_runs.setdefault(run, row)
    return sorted(done, key=lambda r: (r[1], r[0]))
