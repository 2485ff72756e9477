"""A contact sheet: what the recorded windows looked like, after redaction, at a glance.

Frames are patches over earlier frames. Here they are painted together, made small, and laid out in a grid, each with
its app, its time since the first frame, and why it was taken.
"""

from collections import OrderedDict
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from research.painting import GREY, over
from schemas.events import FrameEvent

CELL = (320, 240)
"""Pixels of one small picture."""
CAPTION = 18
"""Pixels below it, for the words."""
GAP = 8
COLUMNS = 4
MAX_CELLS = 48
"""Small pictures on a sheet. When there are more, every second one goes, then every second of the rest."""
KEPT_BASES = 32
"""Whole frames kept in memory for patches to come: patches lie over recent ones. About 3 MB each."""
PAPER, INK = (250, 250, 248), (40, 40, 40)
NS = 1_000_000_000


class Sheet:
    """Collects frames, in their order, and draws them at the end. Memory does not grow with their number."""

    def __init__(self) -> None:
        self._whole: OrderedDict[tuple[str, int], Image.Image] = OrderedDict()
        self._cells: list[tuple[Image.Image, str]] = []
        self._seen = 0
        self._stride = 1
        self._first_ns: int | None = None

    def add(self, device: str, frame: FrameEvent, image: bytes) -> None:
        """Take in the next frame of a device."""
        if self._first_ns is None:
            self._first_ns = frame.wall_ns
        picture, remark = self._compose(device, frame, image)
        if self._seen % self._stride == 0:
            words = f"{frame.app}  +{(frame.wall_ns - self._first_ns) / NS:.1f} s  {frame.trigger}{remark}"
            self._cells.append((_small(picture), words))
        self._seen += 1
        if len(self._cells) > MAX_CELLS:
            self._cells, self._stride = self._cells[::2], self._stride * 2

    def save(self, path: Path) -> bool:
        """Draw the sheet as PNG; false, and no file, if there was no frame."""
        if not self._cells:
            return False
        rows = -(-len(self._cells) // COLUMNS)
        columns = min(COLUMNS, len(self._cells))
        step = (CELL[0] + GAP, CELL[1] + CAPTION + GAP)
        sheet = Image.new("RGB", (columns * step[0] + GAP, rows * step[1] + GAP), PAPER)
        draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
        for index, (picture, words) in enumerate(self._cells):
            left, top = GAP + index % COLUMNS * step[0], GAP + index // COLUMNS * step[1]
            sheet.paste(picture, (left, top))
            draw.text((left, top + CELL[1] + 2), _fitting(words, font), INK, font)
        sheet.save(path, "PNG")
        return True

    def _compose(self, device: str, frame: FrameEvent, image: bytes) -> tuple[Image.Image, str]:
        size = (frame.rect[2] - frame.rect[0], frame.rect[3] - frame.rect[1])
        base = None if frame.base is None else self._whole.get((device, frame.base))
        whole = over(base, size, frame.patch, image)
        if whole is None:
            return Image.new("RGB", CELL, GREY), "  (unreadable)"
        self._whole[device, frame.frame] = whole
        while len(self._whole) > KEPT_BASES:
            self._whole.popitem(last=False)
        return whole, "  (base missing)" if frame.base is not None and base is None else ""


def _small(picture: Image.Image) -> Image.Image:
    small = picture.copy()
    small.thumbnail(CELL, Image.Resampling.LANCZOS)
    cell = Image.new("RGB", CELL, (225, 225, 225))
    cell.paste(small, ((CELL[0] - small.width) // 2, (CELL[1] - small.height) // 2))
    return cell


def _fitting(words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    while words and font.getlength(words) > CELL[0]:
        words = words[:-1]
    return words
