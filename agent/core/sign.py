"""The sign, as far as it can be reckoned: the badge's coded stripe, and when the sign counts as visible. Pure.

The daemon draws a nonce; the indicator paints it as a row of cells in two solid tones along the badge's lower edge; the
daemon reads those pixels back from the real screen (:mod:`agent.core.stripe`). An old picture shows an old nonce.
"""

from enum import StrEnum

from msgspec import Struct

from schemas.events import Rect

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
LEAST_STRIPES = 9
"""Height of the badge's window in stripes, at least: the badge's is 28 to 3. A stripe alone, three pixels that nobody
notices, is no sign."""
NEAR_PX = 1 << 15
"""Furthest coordinate of a desktop: X11's are 16 bits with a sign."""
LEASE_NS = 850_000_000
"""Nanoseconds that a lease holds, and a look at the badge, while anything is captured or about to be: with the loop's
own delay, a sign that is gone closes the gate within a second. A menu that passes over the badge does not."""
READY_NS = 4_500_000_000
"""Nanoseconds that they hold while the app in front keeps the gate closed: the sign is then looked at seldom, and once
more before the gate opens."""


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
    drawn: bytes | None = None  # the nonce that the compositor drew, by the client's word: where we cannot look


def judge(
    now_ns: int, lease_ns: int | None, seen_ns: int | None, *, claims: bool, holds_ns: int = LEASE_NS
) -> SignState:
    """What a client's sign counts for now.

    Args:
        now_ns: monotonic time.
        lease_ns: when it last said that its icon is visible.
        seen_ns: when its badge was last seen on the screen.
        claims: whether it says where its badge is.
        holds_ns: how long either holds.
    """
    if lease_ns is None or now_ns - lease_ns >= holds_ns:
        return SignState.NO_LEASE
    if not claims:
        return SignState.NO_BADGE
    return SignState.NOT_SEEN if seen_ns is None or now_ns - seen_ns >= holds_ns else SignState.SEEN


def ends_ns(lease_ns: int, seen_ns: int, holds_ns: int = LEASE_NS) -> int:
    """When a sign that is seen stops counting, unless lease and look are renewed."""
    return min(lease_ns, seen_ns) + holds_ns


def plausible(rect: Rect) -> bool:
    """Whether a rectangle can be a stripe's: whole cells, small, and on a desktop."""
    left, top, right, bottom = rect
    width, height = right - left, bottom - top
    on_desktop = all(-NEAR_PX <= edge < NEAR_PX for edge in rect)
    whole = width > 0 and width % CELLS == 0 and width // CELLS <= MAX_CELL_PX
    return on_desktop and whole and 0 < height <= MAX_HEIGHT_PX


def carries(window: Rect, stripe: Rect) -> bool:
    """Whether a window is as large as the badge that a stripe belongs to, and has it along its lower edge."""
    left, top, right, bottom = stripe
    height = bottom - top
    across = window[0] <= left and right <= window[2]
    return across and window[1] <= bottom - LEAST_STRIPES * height and bottom <= window[3] <= bottom + height


def bits(nonce: bytes) -> tuple[int, ...]:
    """The cells of a nonce, left to right: 0 or 1, as indices of :data:`TONES`.

    Raises:
        ValueError: it is no nonce.
    """
    if len(nonce) != NONCE_BYTES:
        raise ValueError("a nonce has another length")
    return tuple(byte >> shift & 1 for byte in nonce for shift in range(7, -1, -1))
