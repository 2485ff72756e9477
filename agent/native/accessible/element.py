"""The element under the pointer, and the site that a browser's window shows: asked of one program, with a time limit.

Names are content: they must pass redaction before anybody keeps them. What a field contains is never asked.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from dbus_fast import MessageType
from msgspec import Struct

from agent.native.accessible import atspi
from agent.native.accessible.atspi import (
    ACCESSIBLE,
    PAGE_TAB_LIST,
    SELECTED,
    SHOWING,
    Element,
    Talking,
    active_windows,
    ask,
    elements,
    has_state,
    number,
    returned,
)
from agent.native.accessible.bus import Answer, Bus, Talk
from agent.native.accessible.wire import Call
from schemas.events import Rect

LIMIT_NS = 220_000_000
"""Nanoseconds for finding and describing an element, all steps together: a press waits 250 ms in line anyway, and a
program that lays out its window after a click answers when it is done."""
MAX_DEPTH = 16
"""Steps from the window to the innermost element: toolkits that answer with the next child only need several."""
MAX_TABS = 64
"""Tabs of a notebook that are looked at."""
MAX_NAME = 400
"""Characters of a name that are taken."""
COMPONENT = "org.a11y.atspi.Component"
DOCUMENT = "org.a11y.atspi.Document"
PROPERTIES = "org.freedesktop.DBus.Properties"
SCREEN = 0
"""Coordinates count from the desktop's corner (``ATSPI_COORD_TYPE_SCREEN``)."""
NULL_PATH = "/org/a11y/atspi/null"
ADDRESSES = ("DocURL", "URI")
"""Names of the attribute that holds a document's address: Firefox's and Chromium's, others'."""


class ElementSeen(Struct, frozen=True, kw_only=True):
    """What lay under a point. Raw: the name is for redaction only."""

    role: int  # at-spi2-core's AtspiRole
    role_name: str  # of the program's own, not translated
    name: str
    rect: Rect  # on the desktop

    def __repr__(self) -> str:
        """Its role only."""
        return f"<ElementSeen {self.role}>"

    __str__ = __repr__


def ask_element(bus: Bus, names: list[str], x: int, y: int, found: Callable[[ElementSeen | None], None]) -> None:
    """Ask which element lies under a point of the desktop (in pixels); ``found`` is told later, once.

    Args:
        bus: the accessibility bus.
        names: of the program there.
        x: from the desktop's left.
        y: from its top.
        found: told ``None`` where the program does not say, or not in time.
    """
    bus.talk(_element(names, x, y, found), LIMIT_NS)


def ask_origin(bus: Bus, names: list[str], found: Callable[[str | None], None]) -> None:
    """Ask which site the document shows that is in front: scheme, host and port, nothing more; ``None``: not told."""
    bus.talk(_origin(names, found))


def origin_of(address: str) -> str | None:
    """The origin of a web address (RFC 6454 §4); ``None`` for any other, and for what is none."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def _element(names: list[str], x: int, y: int, found: Callable[[ElementSeen | None], None]) -> Talk:
    seen = None
    for name in names:
        for window in (yield from active_windows(name)):
            innermost = yield from _descend(window, x, y)
            seen = (yield from _describe(innermost)) if innermost is not None else seen
    found(seen)


def _descend(window: Element, x: int, y: int) -> Talking[Element | None]:
    """From the window to the innermost element there; ``None`` if it was lost on the way."""
    current = window
    for _ in range(MAX_DEPTH):
        (answer,) = yield [Call(*current, COMPONENT, "GetAccessibleAtPoint", "iiu", (x, y, SCREEN))]
        told = returned(answer, "(so)")
        if told is None:
            return current if answer is not None and answer.kind is MessageType.ERROR else None
        below = (told[0][0] or current[0], told[0][1])
        if below[1] == NULL_PATH or below == current:
            page = yield from _page_at(current, x, y)
            if page is None:
                break
            below = page
        current = below
    return current


def _page_at(notebook: Element, x: int, y: int) -> Talking[Element | None]:
    """What a notebook shows at a point. GTK 3 looks at the tabs alone there, whose children the pages are."""
    role, below = yield [ask(notebook, "GetRole"), ask(notebook, "GetChildren")]
    if number(role) != PAGE_TAB_LIST:
        return None
    tabs = elements(below, MAX_TABS)
    states = (yield [ask(tab, "GetState") for tab in tabs]) if tabs else []
    shown = [tab for tab, told in zip(tabs, states, strict=True) if has_state(told, SELECTED)]
    (answer,) = (yield [ask(shown[0], "GetChildren")]) if shown else (None,)
    for page in elements(answer, 1):
        (extents,) = yield [Call(*page, COMPONENT, "GetExtents", "u", (SCREEN,))]
        told = returned(extents, "(iiii)")
        left, top, width, height = told[0] if told else (0, 0, 0, 0)
        if left <= x < left + width and top <= y < top + height:
            return page
    return None


def _describe(element: Element) -> Talking[ElementSeen | None]:
    name = Call(*element, PROPERTIES, "Get", "ss", (ACCESSIBLE, "Name"))
    extents = Call(*element, COMPONENT, "GetExtents", "u", (SCREEN,))
    answers = yield [ask(element, "GetRole"), ask(element, "GetRoleName"), name, extents]
    role, place = number(answers[0]), returned(answers[3], "(iiii)")
    if role is None or place is None:
        return None
    left, top, width, height = place[0]
    called = returned(answers[1], "s")
    return ElementSeen(
        role=role,
        role_name=called[0][:MAX_NAME] if called else "",
        name=_text(answers[2]),
        rect=(left, top, left + max(width, 0), top + max(height, 0)),
    )


def _text(answer: Answer) -> str:
    told = returned(answer, "v")
    value = told[0].value if told else ""
    return value[:MAX_NAME] if isinstance(value, str) else ""


def _origin(names: list[str], found: Callable[[str | None], None]) -> Talk:
    for name in names:
        for window in (yield from active_windows(name)):
            (answer,) = yield [atspi.search(window, state=SHOWING, role=atspi.DOCUMENT_WEB)]
            for document in elements(answer, 1):
                answers = yield [Call(*document, DOCUMENT, "GetAttributeValue", "s", (key,)) for key in ADDRESSES]
                addresses = [told[0] for told in (returned(a, "s") for a in answers) if told and told[0]]
                found(origin_of(addresses[0]) if addresses else None)
                return
    found(None)
