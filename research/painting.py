"""Whole pictures from patches: frames are kept as they came, and painted only when somebody asks for one.

A frame with ``base`` lies over that frame at ``patch``; one without is whole, and is given out as the bytes it has.
Painted ones are encoded anew as lossless WebP: the same pixels, as near to the original as what was recorded.
"""

import io
from collections import OrderedDict
from typing import Final

from msgspec import Struct
from PIL import Image, UnidentifiedImageError

from schemas.events import Rect

MAX_PIXELS: Final = 64_000_000
"""Pixels of a window: eight 4K screens. More is a broken or hostile frame."""
KEPT_BYTES: Final = 64 << 20
"""Bytes of undecoded frames kept for patches to come: hours of typing, and a bound on memory."""
KEPT_CANVASES: Final = 4
"""Painted frames kept, since the next one mostly lies over one of them. 8 MB each at 1920 by 1080."""
GREY: Final = (128, 128, 128)


class _Frame(Struct, frozen=True):
    base: int | None
    size: tuple[int, int]
    patch: Rect
    image: bytes


class Painter:
    """One device's frames. Memory does not grow with their number."""

    def __init__(self) -> None:
        self._frames: OrderedDict[int, _Frame] = OrderedDict()
        self._bytes = 0
        self._canvases: OrderedDict[int, Image.Image] = OrderedDict()

    def add(self, number: int, base: int | None, rect: Rect, patch: Rect, image: bytes) -> None:
        """Take in the next frame, by its fields as :class:`schemas.events.FrameEvent` has them."""
        size = (rect[2] - rect[0], rect[3] - rect[1])
        self._frames[number] = _Frame(base, size, patch, image)
        self._bytes += len(image)
        while self._bytes > KEPT_BYTES and len(self._frames) > 1:
            _, gone = self._frames.popitem(last=False)
            self._bytes -= len(gone.image)

    def whole(self, number: int) -> bytes | None:
        """A frame as a whole WebP picture; None if it, or one that it lies over, is not there or cannot be read."""
        found = self._frames.get(number)
        if found is None:
            return None
        if found.base is None:
            return found.image if decode(found.image, found.size) else None
        canvas = self._paint(number)
        if canvas is None:
            return None
        out = io.BytesIO()
        canvas.save(out, "WEBP", lossless=True, method=0)
        return out.getvalue()

    def _paint(self, number: int) -> Image.Image | None:
        chain = list[int]()
        at: int | None = number
        while at is not None and at not in self._canvases:
            if at not in self._frames or len(chain) > len(self._frames):
                return None
            chain.append(at)
            at = self._frames[at].base
        canvas = None if at is None else self._canvases[at]
        for each in reversed(chain):
            canvas = over(canvas, self._frames[each].size, self._frames[each].patch, self._frames[each].image)
            if canvas is None:
                return None
        if canvas is not None:
            self._canvases[number] = canvas
            self._canvases.move_to_end(number)
        while len(self._canvases) > KEPT_CANVASES:
            self._canvases.popitem(last=False)
        return canvas


def over(base: Image.Image | None, size: tuple[int, int], patch: Rect, image: bytes) -> Image.Image | None:
    """A picture with a patch painted over it, as a new one; None if that cannot be done."""
    left, top, right, bottom = patch
    inside = 0 <= left < right <= size[0] and 0 <= top < bottom <= size[1] and size[0] * size[1] <= MAX_PIXELS
    piece = decode(image, (right - left, bottom - top)) if inside else None
    if piece is None:
        return None
    whole = Image.new("RGB", size, GREY)
    if base is not None:
        whole.paste(base, (0, 0))
    whole.paste(piece, (left, top))
    return whole


def decode(image: bytes, size: tuple[int, int]) -> Image.Image | None:
    """The picture, or None: a hostile image must not stop an export, nor grow beyond what its frame says."""
    try:
        with Image.open(io.BytesIO(image), formats=["WEBP"]) as opened:
            return opened.convert("RGB") if opened.size == size else None
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return None
