"""What a browser's window in front shows, worked out from what the browsers' extensions say. Pure.

One browser may hold several extensions that speak: one for each profile. Each says at most which listed page has the
keys, or that none of its own has. Only one page of a browser can have them, so two that claim to are both not believed.
"""

from collections.abc import Iterable

from msgspec import Struct

RENEW_MS = 250
"""Milliseconds after which a page that has the keys says so again, while anybody wants to know."""
FRESH_NS = 1_500_000_000
"""Nanoseconds for which a page is believed to have the keys: a busy machine may be late with some renewals."""
MARGIN_NS = 50_000_000
"""Nanoseconds by which a page may have lost the keys before it last said that it has them: it hears of it later than
the person. A browser tells of a tab switch after the switch, by no better clock than its own: 39 ms from key to host in
the median, 49 ms at the 95th percentile, of which the time in the page is a part."""
MAX_LAG_NS = 2_000_000_000
"""Nanoseconds that news may have been under way, by their own time: what is older counts as that old, what is from the
future as of now: no clock but this machine's may choose what is dropped."""


class Site(Struct, frozen=True, kw_only=True):
    """What the window in front shows, as far as it is known."""

    origin: str | None  # of the page that has the keys; None: of none that may be told of
    private: bool = False
    secret: bool = False  # the field that has the keys asks for a password, a card or a one-time code

    def __repr__(self) -> str:
        """Nothing of which site it is."""
        return "<Site>"

    __str__ = __repr__


class Claim(Struct, frozen=True, kw_only=True):
    """What one extension last said."""

    browser: tuple[int, int]  # process id and start time of the program that it runs in, by the kernel
    site: Site | None  # None: no page of this extension's profile that it may tell of has the keys
    at_ns: int  # monotonic: when it was so, by the browser's own time
    said_ns: int  # monotonic: when it arrived

    @property
    def settled_ns(self) -> int:
        """Until when (monotonic) it is certain.

        Keys take the way into the browser that the word takes out of it, and may be as late: what was pressed within
        that time, or just before, may go elsewhere yet.
        """
        return self.at_ns - max(0, self.said_ns - self.at_ns) - MARGIN_NS

    def __repr__(self) -> str:
        """Nothing of which site it is."""
        return "<Claim>"

    __str__ = __repr__


def shown(claims: Iterable[Claim], browser: tuple[int, int], after_ns: int, now_ns: int) -> Site | None:
    """What the browser shows in its window that has been in front since ``after_ns``; ``None`` where nobody knows.

    Args:
        claims: what all extensions last said.
        browser: process id and start time of the window's program.
        after_ns: since when the window is in front. What was said before it is about another window, and so may be
            what a page said that was not certain then.
        now_ns: the time.
    """
    told = [c for c in claims if c.browser == browser and c.at_ns >= after_ns]
    pages = [c for c in told if c.site is not None]
    if not pages:
        return Site(origin=None) if told else None
    (page, *others) = pages
    if others or now_ns - page.said_ns >= FRESH_NS or page.settled_ns < after_ns:
        return None
    return page.site


def stale_ns(claims: Iterable[Claim]) -> int | None:
    """When the next page stops being believed if it says nothing more; ``None`` for never."""
    return min((c.said_ns + FRESH_NS for c in claims if c.site is not None), default=None)


def happened_ns(at_ms: int, wall_ns: int, now_ns: int) -> int:
    """When something was so, on the monotonic clock, by the browser's own Unix time.

    Args:
        at_ms: Unix time in milliseconds that the extension gave.
        wall_ns: Unix time now.
        now_ns: monotonic time now.
    """
    return now_ns - min(max(0, wall_ns - at_ms * 1_000_000), MAX_LAG_NS)
