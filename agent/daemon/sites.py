"""What browsers say of their sites: who may say it, how often it is wanted, and when it is news.

A browser's program (``overt-browser-host``) is a client of the control socket. Whose child it is, the kernel tells;
what it says is of use for windows of that very process only, and only while one of them is in front.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from msgspec import Struct

from agent.core.observe import WindowInfo
from agent.core.site import MARGIN_NS, RENEW_MS, Claim, Site, happened_ns, shown, stale_ns
from agent.native.base import Clock
from agent.native.parent import Parent
from agent.net.control import Client, ProtocolError, Said
from agent.pipeline.slots import HOLD_NS
from schemas.status import ClosedReason

OTHER_SITE = "other_site"
"""Dropped, because the browser already showed another page, as it turned out later, or may have."""
LATE_NS = RENEW_MS * 1_000_000 + MARGIN_NS + HOLD_NS
"""Nanoseconds for which a page that has the keys may leave us uncertain. After that its browser is slower than the wait
for late news is long."""


class _Front(Struct, frozen=True):
    """The window in front."""

    window: int
    browser: tuple[int, int]  # process id and start time
    title: str | None  # for comparison only

    def __repr__(self) -> str:
        return "<_Front>"


class SiteSource(Protocol):
    """Knows what a browser's window shows. For one thread."""

    def look(self, window: WindowInfo | None) -> Site | None:
        """What this window, which is in front, shows; ``None`` where that cannot be told.

        ``None`` for the window: no browser is in front, so nobody is asked anything.
        """
        ...

    def open_since_ns(self) -> int | None:
        """Since when (monotonic) the page in front has still to say that it has the keys; ``None``: nothing is open."""
        ...


class NoSites:
    """Nobody tells."""

    def look(self, window: WindowInfo | None) -> Site | None:
        """Nothing."""
        del window
        return None  # mypy wants it said

    def open_since_ns(self) -> int | None:
        """Nothing."""
        return None


class Sites:
    """What the extensions of all browsers say.

    Args:
        clock: the time.
        clients: of the control socket.
        browsers: the programs of which the policy allows certain sites.
        parent_of: asks the kernel who started a process.
        tell: sends a client a message.
        news: called with the monotonic time from which on the window in front may show something else, and why what
            was observed since is to be dropped.
    """

    def __init__(
        self,
        clock: Clock,
        clients: Callable[[], Iterable[Client]],
        browsers: Callable[[], frozenset[str]],
        parent_of: Callable[[int | None], Parent | None],
        tell: Callable[[Client, dict[str, Any]], None],
        news: Callable[[int, str], None],
    ) -> None:
        self._clock = clock
        self._clients = clients
        self._browsers = browsers
        self._parent_of = parent_of
        self._tell = tell
        self._news = news
        self._front: _Front | None = None
        self._came_ns = 0  # when that window came to the front
        self._since_ns = 0  # from when on it counts what is said of it
        self._seen: Site | None = None
        self._sure_ns = 0  # until when it is certain that the page that is shown has the keys

    def look(self, window: WindowInfo | None) -> Site | None:
        """What this window, which is in front, shows; asks the browser when it comes to the front.

        Also when its title changes: another tab mostly has another one, and the windowing system is the first to know.
        A title can be faked, which only makes us ask.
        """
        front = None
        if window is not None and window.pid is not None and window.started is not None:
            front = _Front(window.window, (window.pid, window.started), window.title)
        if front != self._front:
            before, self._front = self._front, front
            self._since_ns = self._clock.monotonic_ns()
            self._ask(before)
            if before is not None and front is not None and before.window == front.window:
                self._check()
            else:
                self._leave()
                self._came_ns = self._since_ns
        self._seen = self._shown()
        return self._seen

    def take(self, client: Client, said: Said) -> dict[str, Any]:
        """An extension spoke; gives the reply.

        Raises:
            ProtocolError: the client is no child of a browser that the policy lists, or says what cannot follow.
        """
        parent = self._parent_of(client.pid)
        allowed = parent is not None and parent.pid == said.browser and parent.executable in self._browsers()
        if parent is None or not allowed or said.seq <= client.site_seq:
            self.forget(client)
            raise ProtocolError("not a browser's program")
        now_ns = self._clock.monotonic_ns()
        at_ns = happened_ns(said.at, self._clock.time_ns(), now_ns)
        client.site_seq = said.seq
        client.claim = Claim(browser=(parent.pid, parent.started), site=_site(said), at_ns=at_ns, said_ns=now_ns)
        self._check()
        return self._reply(client)

    def forget(self, client: Client) -> None:
        """A client is gone, or not to be believed: what it said last may have been wrong ever since."""
        claim, client.claim = client.claim, None
        if claim is not None:
            self._check()

    def deadline_ns(self) -> int | None:
        """When :meth:`on_time` has something to do; ``None`` for never."""
        return stale_ns(self._claims()) if self._seen is not None and self._seen != Site(origin=None) else None

    def on_time(self, now_ns: int) -> None:
        """Time has passed: a page that says nothing more is not believed any more, nor for the time since it spoke."""
        if self._front is not None and now_ns >= (self.deadline_ns() or now_ns):
            self._check()

    def open_since_ns(self) -> int | None:
        """Since when (monotonic) the page in front has still to say that it has the keys; ``None``: nothing is open.

        What came since must wait: however busy browser or machine are, nothing leaves before the page's next word.
        """
        return max(self._sure_ns, self._came_ns) if self._captures() else None

    def _captures(self) -> bool:
        return self._seen is not None and self._seen.origin is not None and not self._seen.secret

    def _leave(self) -> None:
        """Another window comes to the front: the page in the one before says nothing more of its last keys.

        The wait for late news is enough for them if the browser was quick so far.
        """
        sure_ns = self.open_since_ns()
        self._seen = None
        if sure_ns is not None and self._since_ns - sure_ns > LATE_NS:
            self._news(sure_ns, OTHER_SITE)

    def _check(self) -> None:
        """Tell if something else is shown.

        The page before is in doubt since it was last certain, and for all that still waits: on a busy machine a page
        may say that it has the keys while some that will go elsewhere are on their way to the browser.
        """
        now_ns = self._clock.monotonic_ns()
        doubt_ns = max(min(self._sure_ns, now_ns - HOLD_NS), self._came_ns)
        if not self._captures():
            doubt_ns = now_ns  # nothing was captured
        if self._front is not None and (site := self._shown()) != self._seen:
            secret = site is not None and site.secret
            self._news(doubt_ns, ClosedReason.SECURE_INPUT.value if secret else OTHER_SITE)

    def _shown(self) -> Site | None:
        if self._front is None:
            return None
        claims = self._claims()
        site = shown(claims, self._front.browser, self._since_ns, self._clock.monotonic_ns())
        if site is not None:
            said = [c.settled_ns for c in claims if c.browser == self._front.browser and c.site == site]
            self._sure_ns = max(said, default=self._sure_ns)
        return site

    def _claims(self) -> list[Claim]:
        return [c.claim for c in self._clients() if c.claim is not None]

    def _ask(self, before: "_Front | None") -> None:
        """Tell the browser in front that it is to speak, and the one before that it need not."""
        concerned = {front.browser for front in (before, self._front) if front is not None}
        for client in list(self._clients()):
            if client.claim is not None and client.claim.browser in concerned:
                self._tell(client, self._reply(client) | {"event": "site"})

    def _reply(self, client: Client) -> dict[str, Any]:
        wanted = self._front is not None and client.claim is not None and client.claim.browser == self._front.browser
        return {"v": 1, "renew_ms": RENEW_MS if wanted else None}


def _site(said: Said) -> Site | None:
    if said.state == "elsewhere":
        return None
    return Site(origin=said.origin, private=said.state == "private", secret=bool(said.secret))
