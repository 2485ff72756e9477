"""The sign, as far as it can be reckoned: the badge's coded stripe, and when the sign counts as visible. Pure.

The daemon draws a nonce; the indicator paints it as a row of cells in two solid tones along the badge's lower edge; the
daemon reads those pixels back from the real screen. An old picture of the badge shows an old nonce.
"""

from enum import StrEnum

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from schemas.events import Rect

Pixels = npt.NDArray[np.uint8]
"""Rows by columns by (blue, green, red)."""

NONCE_BYTES = 8
"""Bytes of a nonce: 64 bits, which nobody guesses in the seconds that one lives."""
CELLS = NONCE_BYTES * 8
"""Cells of a stripe, one for each bit, the highest bit of the first byte leftmost."""
TONES = ((0x51, 0x60, 0x76), (0xBC, 0xC8, 0xD6))
"""Red, green, blue of a cell for 0 and for 1: quiet on light and on dark ground, and 100 apart in each channel."""
TOLERANCE = 24
"""Greatest difference in a channel from a tone, of 255: colour profiles and night lights shift a little; a badge that
is dimmed or half transparent does not count. Below half the tones' distance, so no pixel fits both."""
MAX_CELL_PX = 12
"""Widest cell, physical pixels: the badge's are 3 wide, at 4 physical pixels for each logical one."""
MAX_HEIGHT_PX = 16
"""Tallest stripe, physical pixels: the badge's is 3 tall, as above. Bounds what a client can have the daemon read."""
NEAR_PX = 1 << 15
"""Furthest coordinate of a desktop: X11's are 16 bits with a sign."""
LEASE_NS = 900_000_000
"""Nanoseconds that a lease holds: with the loop's own delay, a sign that is gone closes the gate within a second."""
SEEN_NS = 900_000_000
"""Nanoseconds that a look at the badge holds. A menu that passes over it is no reason to stop; a second of it is."""


class SignState(StrEnum):
    """What is known of the sign of one client."""

    NO_LEASE = "no_lease"  # it does not say, or no longer, that its icon is visible
    NO_BADGE = "no_badge"  # it says so, and claims no badge
    NOT_SEEN = "not_seen"  # it claims a badge which is not on the screen
    SEEN = "seen"


class Claim(Struct, frozen=True):
    """What a client says of its badge, to be checked on the screen."""

    rect: Rect  # of the coded stripe, physical pixels of the desktop
    nonce: bytes
    pid: int | None  # process that must own the window there, as the kernel knows it; None: the system cannot tell


def judge(now_ns: int, lease_ns: int | None, seen_ns: int | None, *, claims: bool) -> SignState:
    """What a client's sign counts for now.

    Args:
        now_ns: monotonic time.
        lease_ns: when it last said that its icon is visible.
        seen_ns: when its badge was last seen on the screen.
        claims: whether it says where its badge is.
    """
    if lease_ns is None or now_ns - lease_ns >= LEASE_NS:
        return SignState.NO_LEASE
    if not claims:
        return SignState.NO_BADGE
    return SignState.NOT_SEEN if seen_ns is None or now_ns - seen_ns >= SEEN_NS else SignState.SEEN


def ends_ns(lease_ns: int, seen_ns: int) -> int:
    """When a sign that is seen stops counting, unless lease and look are renewed."""
    return min(lease_ns + LEASE_NS, seen_ns + SEEN_NS)


def plausible(rect: Rect) -> bool:
    """Whether a rectangle can be a stripe's: whole cells, small, and on a desktop."""
    left, top, right, bottom = rect
    width, height = right - left, bottom - top
    on_desktop = all(-NEAR_PX <= edge < NEAR_PX for edge in rect)
    whole = width > 0 and width % CELLS == 0 and width // CELLS <= MAX_CELL_PX
    return on_desktop and whole and 0 < height <= MAX_HEIGHT_PX


def bits(nonce: bytes) -> tuple[int, ...]:
    """The cells of a nonce, left to right: 0 or 1, as indices of :data:`TONES`.

    Raises:
        ValueError: it is no nonce.
    """
    if len(nonce) != NONCE_BYTES:
        raise ValueError("a nonce has another length")
    return tuple(byte >> shift & 1 for byte in nonce for shift in range(7, -1, -1))


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
