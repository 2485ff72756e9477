"""Which parts of a masked picture may be shown again: whole lines that were read, are dull, and hold nothing else.

A reader of text leaves things out: a faint word in a line, a line below. So what was read must account for every mark
in the place: as many words as groups of marks, each about as wide as its letters are, the line as high as they are,
on a ground of one colour. What does not add up stays masked.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from agent.core.rects import intersect, shifted, without
from agent.core.redact.pixels import Pixels, Rect

Marks = npt.NDArray[np.bool_]


class ReadLine(NamedTuple):
    """A line as it was read: its text, how sure the reader is (0 to 1), and where it stands in the picture."""

    text: str
    confidence: float
    rect: Rect

    def __repr__(self) -> str:
        """Where it stands only."""
        return f"<ReadLine at {self.rect}>"


MIN_CONFIDENCE = 0.9
"""Below this a reader guesses."""
MARK_STEP = 3
"""Levels of one channel by which a mark differs from its ground; the eye sees less than that nowhere."""
GROUND_SHARE = 0.35
"""Share of a line's place that must be of one colour: there is more room than ink."""
MAX_MEDIAN = 127
"""Pixels a side of the widest neighbourhood."""
NEAR = 1.5
"""Line heights between two lines in one row, up to which they are judged as one."""
REACH = 0.6
"""Line heights to the left and right that must be free of marks that were not read."""
FULL = 0.9
"""Share of a row or column that is marked: a rule or a border, no letter."""
GUARD = 4
"""Pixels around a hidden line that no other line shows: readers' boxes are tight."""
SURROUND = 4
"""A line's place is looked at with this part of its height above and below: readers' boxes are tight."""
RIM = 0.2
"""Share of that place's height, above and below, where borders and the edges of other lines may be."""
RULE = 0.15
"""Share of a line's height up to which a full row is an underline."""
FIXED = 0.602
"""Width of every letter of a font of one width, in ems."""
_WIDTHS = {
    letter: width
    for letters, width in (
        ("ijlI'.,:;!|", 0.25),
        ('ft()[]"-/', 0.3),
        ("r", 0.35),
        ("cksvxyzJ", 0.5),
        ("ABEFKLPSTVXYZ", 0.66),
        ("w", 0.72),
        ("CDGHNOQRU", 0.74),
        ("mM", 0.84),
        ("W", 0.94),
    )
    for letter in letters
}
"""In ems, of usual fonts without serifs; all others are about ``OTHER_WIDTH``."""
OTHER_WIDTH = 0.56
X_HEIGHT, ASCENT, DESCENT = 0.54, 0.73, 0.21
"""Heights in ems: of small letters, of tall ones, of what hangs below."""


class Setting(NamedTuple):
    """What marks look like in one kind of font; all but ``least`` are shares or ems."""

    narrowest: float  # of a line, against what its letters are: fonts differ by a fifth
    widest: float
    even: float  # how far a word may lie off its line's own measure, beyond a third of an em
    inside: float  # the widest gap in a word
    apart: float  # how much wider the narrowest gap between words must be than the widest in one
    least: int  # and by how many pixels at least


USUAL = Setting(0.68, 1.45, 0.25, 0.24, 1.5, 2)
FIXED_WIDTH = Setting(0.75, 1.3, 0.15, 0.55, 1.2, 2)


def revealed(bgr: Pixels, read: list[ReadLine], dull: Callable[[list[str]], list[bool]]) -> list[Rect]:
    """The rectangles that may be shown.

    Args:
        bgr: the picture as it was taken.
        read: what was read in it.
        dull: tells for each of some lines, in reading order, whether it may be shown.
    """
    rows = _rows(read)
    verdicts = dull([" ".join(line.text for line in row) for row in rows])
    out: list[Rect] = []
    hidden: list[Rect] = []
    for row, passes in zip(rows, verdicts, strict=True):
        places = [_place(bgr, line, read) if passes else None for line in row]
        if all(places):
            out += [place for place in places if place]
        else:
            hidden += [(x - GUARD, y - GUARD, r + GUARD, b + GUARD) for x, y, r, b in (line.rect for line in row)]
    for hole in hidden:
        out = [part for rect in out for part in without(rect, hole)]
    return out


def _rows(read: list[ReadLine]) -> list[list[ReadLine]]:
    """Lines next to each other, from left to right; rows from top to bottom."""
    rows: list[list[ReadLine]] = []
    for line in sorted(read, key=lambda one: one.rect[0]):
        near = [row for row in rows if any(_beside(other.rect, line.rect) for other in row)]
        for row in near:
            rows.remove(row)
        rows.append(sorted([line, *(one for row in near for one in row)], key=lambda one: one.rect[0]))
    return sorted(rows, key=lambda row: (row[0].rect[1], row[0].rect[0]))


def _beside(one: Rect, other: Rect) -> bool:
    height, least = max(one[3] - one[1], other[3] - other[1]), min(one[3] - one[1], other[3] - other[1])
    common = min(one[3], other[3]) - max(one[1], other[1])
    gap = max(one[0], other[0]) - min(one[2], other[2])
    return common * 2 > least and gap < NEAR * height


def _place(bgr: Pixels, line: ReadLine, read: list[ReadLine]) -> Rect | None:
    """What may be shown of a dull line; ``None`` if its marks are not what was read."""
    left, top, right, bottom = line.rect
    height, width = bgr.shape[:2]
    if not line.confidence >= MIN_CONFIDENCE:  # nor if it is no number
        return None
    if not (0 < left < right < width and 0 < top < bottom < height):
        return None  # a line at the edge is cut, and may be longer
    above = max((bottom - top) // SURROUND, 3)
    reach = int(REACH * (bottom - top)) + 1
    outer = (max(left - reach, 0), max(top - above, 0), min(right + reach, width), min(bottom + above, height))
    crop = np.ascontiguousarray(bgr[outer[1] : outer[3], outer[0] : outer[2]])
    sides = (left - outer[0], right - outer[0])
    strangers = [
        shifted(theirs, -outer[0], -outer[1])
        for other in read
        if other is not line and (theirs := intersect(other.rect, outer)) and not intersect(theirs, line.rect)
    ]
    for marks in _marks(crop, *sides):
        for x, y, r, b in strangers:
            marks[y:b, x:r] = False
        if found := _accounted(line.text, marks, sides):
            return shifted(found, outer[0], outer[1])
    return None


def _accounted(text: str, marks: Marks, sides: tuple[int, int]) -> Rect | None:
    """Where the line is among the marks, if what was read accounts for all of them."""
    columns = _columns(marks, *sides)
    if columns is None:
        return None
    inside = marks[:, columns[0] : columns[1]]
    rows = _lines(inside)
    if rows is None or rows[0] == 0 or rows[1] == len(marks):  # letters go on above or below
        return None
    if not _adds_up(text, inside[rows[0] : rows[1]]):
        return None
    first, last = _roomy(inside, rows, (rows[1] - rows[0]) // 2)
    return columns[0] - 1, first, columns[1] + 1, last


def _marks(crop: Pixels, left: int, right: int) -> Iterator[Marks]:
    """What differs from the ground, if it has one colour; if it changes slowly; if each row has its own.

    A ground that leaves most of the line's place marked, from column ``left`` to ``right``, is none.
    """
    for ground in _grounds(crop, np.ascontiguousarray(crop[:, left:right])):
        marks = np.asarray(np.abs(crop.astype(np.int16) - ground).max(axis=2) >= MARK_STEP, np.bool_)
        if marks[:, left:right].mean() <= 1 - GROUND_SHARE:
            yield marks


def _grounds(crop: Pixels, inner: Pixels) -> Iterator[npt.NDArray[np.int16]]:
    colours, counts = np.unique(inner.astype(np.int32) @ np.array([1, 256, 65536]), return_counts=True)
    most = int(colours[counts.argmax()])
    yield np.array([most & 255, most >> 8 & 255, most >> 16], np.int16)
    yield np.asarray(cv2.medianBlur(crop, min(2 * crop.shape[0] + 1, MAX_MEDIAN)), np.int16)
    yield np.median(inner, axis=1, keepdims=True).astype(np.int16)


def _columns(marks: Marks, left: int, right: int) -> tuple[int, int] | None:
    """First and one past the last column of the line; ``None`` if marks beside it were not read."""
    share = marks.mean(axis=0)
    full = np.flatnonzero(share >= FULL)
    middle = (left + right) // 2
    # Borders to the left and right part the line from what is not its own.
    begin = int(full[full < middle].max(initial=-1)) + 1 if _at_ends(full, left, right, middle) else 0
    end = int(full[full >= middle].min(initial=len(share))) if _at_ends(full, left, right, middle) else len(share)
    inked = np.flatnonzero(share[begin:end] > 0) + begin
    inside = inked[(inked >= left) & (inked < right)]
    if not inside.size:
        return None
    first, last = int(inside[0]), int(inside[-1])
    while first - 1 in inked:
        first -= 1
    while last + 1 in inked:
        last += 1
    return (first, last + 1) if first == inked[0] and last == inked[-1] else None


def _at_ends(full: npt.NDArray[np.intp], left: int, right: int, middle: int) -> bool:
    """True if full columns stand at the ends of the line only: inside they are letters or something else."""
    edge = max(4, (right - left) // 20)
    return not ((full > left + edge) & (full < right - edge)).any() and middle > 0


def _lines(marks: Marks) -> tuple[int, int] | None:
    """First and one past the last row of the letters, underlines wiped; ``None`` if there are several lines."""
    height = marks.shape[0]
    full = np.flatnonzero(marks.mean(axis=1) >= FULL)
    over, under = full[full < height * RIM], full[full >= height * (1 - 2 * RIM)]
    if over.size + under.size < full.size:
        return None
    # Borders above and below part the line from what is not its own; a thin one below may be an underline.
    begin = int(over.max(initial=-1)) + 1
    end = int(under[0]) if under.size > max(2, RULE * height) else height
    marks[full] = False
    inked = np.flatnonzero(marks[begin:end].any(axis=1)) + begin
    if not inked.size:
        return None
    ends = np.flatnonzero(np.diff(inked) > max(2, height // 7))
    runs = list(zip(np.r_[inked[0], inked[ends + 1]].tolist(), np.r_[inked[ends], inked[-1]].tolist(), strict=True))
    line = max(runs, key=lambda run: run[1] - run[0])
    # What else is there must be a sliver at the rim, of another line, and is not shown.
    rim = height * RIM
    others = (run for run in runs if run != line)
    return (line[0], line[1] + 1) if all(b <= begin + rim or a >= end - 1 - rim for a, b in others) else None


def _roomy(marks: Marks, rows: tuple[int, int], room: int) -> tuple[int, int]:
    """The line's rows with free ones above and below, so that small letters keep the room of tall ones."""
    inked = np.asarray(marks.any(axis=1), np.bool_)
    first, last = rows
    while first > 0 and rows[0] - first < room and not inked[first - 1]:
        first -= 1
    while last < len(inked) and last - rows[1] < room and not inked[last]:
        last += 1
    return first, last


def _adds_up(text: str, marks: Marks) -> bool:
    """True if the marks are as many words as were read, and each is as wide as its letters."""
    words = text.split()
    letters = [c for word in words for c in word if c.isalpha()]
    if not letters:
        return False
    tall = any(c.isupper() or c in "bdfhklti" for c in letters)
    deep = any(c in "gjpqyQ" for c in letters)
    em = marks.shape[0] / ((ASCENT if tall else X_HEIGHT) + (DESCENT if deep else 0.0))
    runs = _runs(np.asarray(marks.any(axis=0), np.bool_))
    usual = [sum(_WIDTHS.get(c, OTHER_WIDTH) for c in word) * em for word in words]
    fixed = [len(word) * FIXED * em for word in words]
    return _fits(runs, usual, USUAL, em) or _fits(runs, fixed, FIXED_WIDTH, em)


def _fits(runs: list[tuple[int, int]], wanted: list[float], setting: Setting, em: float) -> bool:
    groups = _groups(runs, len(wanted), setting, em)
    if groups is None:
        return False
    ratio = sum(groups) / sum(wanted)
    if not setting.narrowest <= ratio <= setting.widest:
        return False
    return all(abs(g - w * ratio) <= setting.even * w * ratio + em / 3 for g, w in zip(groups, wanted, strict=True))


def _groups(runs: list[tuple[int, int]], count: int, setting: Setting, em: float) -> list[int] | None:
    """Widths of the words: runs parted at the widest gaps. ``None`` if the gaps do not tell words apart."""
    gaps = sorted(((b[0] - a[1], at) for at, (a, b) in enumerate(pairwise(runs))), reverse=True)
    parts, rest = gaps[: count - 1], gaps[count - 1 :]
    if len(parts) < count - 1:
        return None
    widest = rest[0][0] if rest else 0
    if widest > setting.inside * em + 1:
        return None
    if parts and parts[-1][0] < max(setting.apart * widest, widest + setting.least):
        return None
    cuts = sorted(at for _, at in parts)
    starts, ends = [0, *(at + 1 for at in cuts)], [*cuts, len(runs) - 1]
    return [runs[e][1] - runs[s][0] for s, e in zip(starts, ends, strict=True)]


def _runs(inked: Marks) -> list[tuple[int, int]]:
    edges = np.diff(np.r_[0, inked.astype(np.int8), 0])
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))
