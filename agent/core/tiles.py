"""What changed between two pictures of a window, in tiles. Works on *masked* pictures only, so no patch can leak."""

import numpy as np
import numpy.typing as npt

from schemas.events import Rect

TILE = 64
"""Pixels: a line of text is a third of it; smaller tiles cost more to compare than they save."""
KEY_FRAME_SHARE = 0.25
"""Share of tiles changed above which a whole picture is cheaper than a patch."""

Pixels = npt.NDArray[np.uint8]


def changed(before: Pixels, after: Pixels) -> list[Rect]:
    """Tiles that differ, as rectangles clipped to the picture. The pictures must have the same shape."""
    height, width = after.shape[:2]
    differs = (before != after).reshape(height, -1)  # three to a pixel; along a row everything is quick
    bands = np.logical_or.reduceat(differs, np.arange(0, height, TILE), axis=0)
    tiles = np.logical_or.reduceat(bands, np.arange(0, width * after.shape[2], TILE * after.shape[2]), axis=1)
    return [
        (int(x) * TILE, int(y) * TILE, min((int(x) + 1) * TILE, width), min((int(y) + 1) * TILE, height))
        for y, x in np.argwhere(tiles)
    ]


def bounds(rects: list[Rect]) -> Rect:
    """The smallest rectangle around all of them; there must be one at least."""
    lefts, tops, rights, bottoms = zip(*rects, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def is_key_frame(dirty: list[Rect], width: int, height: int) -> bool:
    """True if so much changed that the whole picture is kept."""
    total = -(-width // TILE) * -(-height // TILE)
    return len(dirty) > KEY_FRAME_SHARE * total
