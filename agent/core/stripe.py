"""The badge's coded stripe as pixels: painting a nonce and reading it back. Pure.

Apart from :mod:`agent.core.sign`, because the indicator and the command line do without numpy.
"""

import numpy as np
import numpy.typing as npt

from agent.core.sign import CELLS, TOLERANCE, TONES, bits

Pixels = npt.NDArray[np.uint8]
"""Rows by columns by (blue, green, red)."""


def stripe(nonce: bytes, cell_px: int, height_px: int) -> Pixels:
    """The pixels that show a nonce."""
    tones = np.array(TONES, np.uint8)[:, ::-1]
    row = np.repeat(tones[list(bits(nonce))], cell_px, axis=0)
    return np.repeat(row[np.newaxis], height_px, axis=0)


def read(pixels: Pixels) -> bytes | None:
    """The nonce that pixels show; ``None`` if so much as one of them is neither tone or differs from its cell."""
    height, width = pixels.shape[:2]
    if not height or not width or width % CELLS:
        return None
    cells = pixels.reshape(height, CELLS, width // CELLS, 3).astype(np.int16)
    near = [np.abs(cells - np.array(tone[::-1], np.int16)).max(axis=(0, 2, 3)) <= TOLERANCE for tone in TONES]
    if not (near[0] | near[1]).all():
        return None
    return np.packbits(near[1]).tobytes()


def shows(pixels: Pixels, nonce: bytes) -> bool:
    """Whether pixels show this very nonce."""
    return read(pixels) == nonce
