"""AT-SPI 2 as far as it is asked here: numbers, questions, and answers taken only in the shape that they must have.

Numbers from at-spi2-core's ``atspi-constants.h``; interfaces from its ``xml/`` folder.
"""

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

from dbus_fast import MessageType

from agent.native.accessible.bus import BUS, BUS_PATH, Answer
from agent.native.accessible.wire import Call

PASSWORD_TEXT = 40
"""The role's *number*: toolkits translate names, and Qt calls a password field "text"."""
PAGE_TAB_LIST = 38
DOCUMENT_WEB = 95
ACTIVE, FOCUSED, SELECTED, SHOWING = 1, 12, 23, 25
"""States, as bits of 64."""

ACCESSIBLE = "org.a11y.atspi.Accessible"
COLLECTION = "org.a11y.atspi.Collection"
REGISTRY = "org.a11y.atspi.Registry"
REGISTRY_PATH = "/org/a11y/atspi/registry"
ROOT_PATH = "/org/a11y/atspi/accessible/root"
FOCUS_EVENT = "object:state-changed:focused"
ROLE_EVENT = "object:property-change:accessible-role"
OBJECT_EVENTS = "org.a11y.atspi.Event.Object"

MAX_WINDOWS = 64
"""Top-level windows of one program that are looked at."""
MAX_FOUND = 8
"""Elements of one kind that are asked for in a window."""
MAX_WALKED = 400
"""Elements that are looked at where a toolkit cannot search by itself."""

_ALL, _ANY, _CANONICAL = 1, 2, 1
_BITS = 32

Element = tuple[str, str]
"""Bus name and path."""
Found = TypeVar("Found")
Talking = Generator[Sequence[Call], list[Answer], Found]
"""A part of a conversation (:data:`agent.native.accessible.bus.Talk`) that comes to something."""


def returned(answer: Answer, signature: str) -> tuple[Any, ...] | None:
    """The values of an answer of this shape; ``None`` for an error, another shape, or no answer."""
    fits = answer is not None and answer.kind is MessageType.METHOD_RETURN and answer.signature == signature
    return answer.body if fits and answer is not None else None


def ask(element: Element, member: str, interface: str = ACCESSIBLE) -> Call:
    """A question without arguments."""
    return Call(*element, interface, member)


def number(answer: Answer) -> int | None:
    """An answer that is one number: a role, a process."""
    values = returned(answer, "u")
    return values[0] if values else None


def elements(answer: Answer, limit: int) -> list[Element]:
    """An answer that is a list of elements, no more than ``limit``."""
    values = returned(answer, "a(so)")
    return [(name, path) for name, path in values[0][:limit]] if values else []


def has_state(answer: Answer, state: int) -> bool:
    """Whether an answer to ``GetState`` has this bit."""
    values = returned(answer, "au")
    words = values[0] if values else []
    return len(words) > state // _BITS and bool(words[state // _BITS] >> state % _BITS & 1)


def search(window: Element, *, state: int, role: int | None = None) -> Call:
    """Ask for elements of a window with a state and, perhaps, a role."""
    roles = _mask([role] if role is not None else [], 4)
    rule = [_mask([state], 2), _ALL, {}, _ALL, roles if role is not None else [], _ANY, [], _ALL, False]
    return Call(*window, COLLECTION, "GetMatches", "(aiia{ss}iaiiasib)uib", (rule, _CANONICAL, MAX_FOUND, True))


def pid_of(name: str) -> Call:
    """Ask the bus for the process behind a name, which the kernel told it."""
    return Call(BUS, BUS_PATH, BUS, "GetConnectionUnixProcessID", "s", (name,))


def add_match(rule: str) -> Call:
    """Have signals delivered that fit a rule."""
    return Call(BUS, BUS_PATH, BUS, "AddMatch", "s", (rule,))


def register(event: str, program: str) -> Call:
    """Have one program send an event: by default programs send none."""
    return Call(REGISTRY, REGISTRY_PATH, REGISTRY, "RegisterEvent", "sass", (event, [], program), starts=True)


def active_windows(program: str) -> Talking[list[Element]]:
    """The windows of a program that say that they are in front."""
    (answer,) = yield [ask((program, ROOT_PATH), "GetChildren")]
    windows = elements(answer, MAX_WINDOWS)
    if not windows:
        return []
    states = yield [ask(window, "GetState") for window in windows]
    return [window for window, told in zip(windows, states, strict=True) if has_state(told, ACTIVE)]


def find_focused(program: str) -> Talking[Element | None]:
    """The element of a program that has the keyboard; ``None`` if that cannot be told."""
    for window in (yield from active_windows(program)):
        (answer,) = yield [search(window, state=FOCUSED)]
        if found := elements(answer, MAX_FOUND):
            return found[-1]  # the innermost: documents are focused as well as the field in them
        # GTK 4 cannot search; Qt finds nothing in a window that was asked while it was being made.
        if (walked := (yield from _walk(window))) is not None:
            return walked
    return None


def _walk(window: Element) -> Talking[Element | None]:
    """Look through a window level by level, at what shows only; at all of a level where nothing says that it shows.

    GTK 4.8 says so of windows alone, never of what is in them.
    """
    level, looked, found = [window], 0, None
    while level and looked < MAX_WALKED:
        level = level[: MAX_WALKED - looked]
        looked += len(level)
        states = yield [ask(element, "GetState") for element in level]
        found = next((e for e, told in zip(level, states, strict=True) if has_state(told, FOCUSED)), found)
        shown = [e for e, told in zip(level, states, strict=True) if has_state(told, SHOWING)]
        below = yield [ask(element, "GetChildren") for element in shown or level]
        level = [child for answer in below for child in elements(answer, MAX_WALKED)]
    return found


def _mask(bits: list[int], words: int) -> list[int]:
    """Bits as signed 32-bit numbers, as AT-SPI sends sets."""
    whole = sum(1 << bit for bit in bits)
    parts = [whole >> _BITS * i & (1 << _BITS) - 1 for i in range(words)]
    return [part - (1 << _BITS) if part >> _BITS - 1 else part for part in parts]
