"""Text that is written in the window in front, as its program tells it: AT-SPI ``TextChanged`` of that program alone.

Exists only while the gate is open, on a connection of its own; closing that is the unhooking. A change comes sealed
(:class:`agent.native.accessible.wire.Heard`) and is opened only for a field whose role is known and harmless. GTK 4 and
Qt send what is written into password fields in clear: it is overwritten unread, and counted.
"""

import selectors
from collections.abc import Callable, Mapping
from enum import Enum, auto

from agent.core.observe import Observation, TextObserved
from agent.native.accessible.atspi import (
    FOCUS_EVENT,
    FOCUSED,
    OBJECT_EVENTS,
    PASSWORD_TEXT,
    Element,
    add_match,
    ask,
    find_focused,
    has_state,
    number,
    register,
)
from agent.native.accessible.bus import Talk
from agent.native.accessible.roles import NAMES
from agent.native.accessible.unmarshal import Variant
from agent.native.accessible.wire import Heard, opened, shred
from agent.native.base import Clock, Unread
from agent.native.wayland.access import Access
from schemas.events import ClockSource, Modality

TEXT_EVENT, TEXT_CHANGED = "object:text-changed", "TextChanged"
FOCUS_CHANGED = "StateChanged"
EDITABLE = 7
"""``ATSPI_STATE_EDITABLE``."""
TERMINAL = NAMES.index("terminal")
FIELDS = frozenset(
    map(NAMES.index, ("text", "entry", "autocomplete", "editbar", "spin button", "combo box", "date editor"))
)
"""Roles of what one writes into. They must have the focus themselves."""
_PARTS = ("paragraph", "section", "heading", "list item", "table cell", "block quote")
_DOCUMENTS = ("document frame", "document text", "document web", "document email")
PARTS = frozenset(map(NAMES.index, _PARTS + _DOCUMENTS))
"""Roles of documents and of their parts: the document has the focus, and its parts tell of changes."""
BY_PROGRAM = "/system"
"""How the detail of a change ends that the program made by itself (Firefox: a page did)."""
MAX_TYPED = 64
"""Code points of one insertion that may have been written by hand: an input method's sentence, a long completion. A
file that was opened, or a page that was pasted, is more."""
MAX_FIELDS = 1000
"""Fields that are remembered of one program."""
SIGNATURES = ("siiv(so)", "siiva{sv}")
"""Bodies of AT-SPI events: at-spi2-core to 2.44, and since."""


class Field(Enum):
    """What is known of a field."""

    WRITABLE = auto()
    SECRET = auto()
    TERMINAL = auto()
    OTHER = auto()


DROPPED = {Field.SECRET: "secure_input", Field.TERMINAL: "terminal", Field.OTHER: "not_typed", None: "field_unknown"}
"""Why a change in such a field is dropped, as counted; ``None``: a field that is not known."""


def seals(interface: str, member: str) -> bool:
    """Changes of text are not to be read before it is known in which field they happened."""
    return interface == OBJECT_EVENTS and member == TEXT_CHANGED


class Typing:
    """Listens to one program. For one thread.

    Args:
        environ: which session.
        clock: the time.
        selector: in which it lives.
        program: its name on the accessibility bus.
        window: the number that observations bear.
        told: takes what comes of it.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: Clock,
        selector: selectors.BaseSelector,
        program: str,
        window: int,
        told: Callable[[Observation | Unread], None],
    ) -> None:
        self._clock, self._program, self.window, self._told = clock, program, window, told
        self._fields: dict[Element, tuple[int, Field]] = {}
        self._asked: set[Element] = set()
        self._count = 0
        self._turn = 0  # counts changes of focus: what was known of fields before is not known after
        self._access = Access(environ, clock, selector, self._heard, seals, self._join, self._lose)

    def __repr__(self) -> str:
        return f"<Typing {self._program}>"

    def close(self) -> None:
        """Listen no more, at once. Idempotent."""
        self._access.close()
        self._fields.clear()

    def _lose(self) -> None:
        """The bus went: nothing comes, and what is in front becomes unknown by the same."""

    def _join(self) -> Talk:
        rule = f"type='signal',sender='{self._program}',interface='{OBJECT_EVENTS}',member='{{}}'"
        yield [
            register(FOCUS_EVENT, self._program),
            register(TEXT_EVENT, self._program),
            add_match(rule.format(FOCUS_CHANGED) + ",arg0='focused'"),
            add_match(rule.format(TEXT_CHANGED)),
        ]
        found = yield from find_focused(self._program)
        if found is not None:
            yield from self._learn(found)

    def _heard(self, signal: Heard) -> None:
        element = (signal.sender, signal.path)
        if signal.sender != self._program:
            shred(signal)
        elif signal.member == TEXT_CHANGED:
            try:
                self._changed(element, signal)
            finally:
                shred(signal)
        elif signal.member == FOCUS_CHANGED and signal.signature[:4] in ("siiv", "siia"):
            self._turn += 1
            self._fields.clear()
            self._asked.clear()
            if signal.body[1]:
                self._ask(element)

    def _changed(self, element: Element, signal: Heard) -> None:
        number_, field = self._fields.get(element, (0, None))
        if field is not Field.WRITABLE:
            self._told(Unread(modality=Modality.KEYBOARD, reason=DROPPED[field]))
            if field is None:
                self._ask(element)
            return
        body = opened(signal) if signal.signature in SIGNATURES else None
        seen = self._observed(number_, body) if body is not None else None
        self._told(seen or Unread(modality=Modality.KEYBOARD, reason="not_typed"))

    def _observed(self, field: int, body: tuple[object, ...]) -> TextObserved | None:
        detail, position, length, value = body[:4]
        action, by, _ = str(detail).partition(BY_PROGRAM)
        text = value.value if isinstance(value, Variant) and isinstance(value.value, str) else None
        if by or action not in ("insert", "delete") or not isinstance(position, int) or not isinstance(length, int):
            return None
        if position < 0 or length < 0 or (action == "insert" and (not text or len(text) > MAX_TYPED)):
            return None
        return TextObserved(
            window=self.window,
            mono_ns=self._clock.monotonic_ns(),
            wall_ns=self._clock.time_ns(),
            clock=ClockSource.HOOK,
            injected=False,
            field=field,
            action="insert" if action == "insert" else "delete",
            position=position,
            length=len(text) if action == "insert" and text else length,
            text=text if action == "insert" else None,
        )

    def _ask(self, element: Element) -> None:
        """Find out what a field is. An answer that fails is not remembered: it is asked again at the next change."""
        if self._access.bus is not None and element not in self._asked:
            self._asked.add(element)
            self._access.bus.talk(self._learn(element))

    def _learn(self, element: Element) -> Talk:
        turn = self._turn
        role, state = yield [ask(element, "GetRole"), ask(element, "GetState")]
        self._asked.discard(element)
        found = number(role)
        if self._turn != turn or found is None or len(self._fields) >= MAX_FIELDS:
            return
        self._count += 1
        self._fields[element] = (self._count, _field(found, has_state(state, EDITABLE), has_state(state, FOCUSED)))


def _field(role: int, editable: bool, focused: bool) -> Field:  # noqa: FBT001  # two states of an element
    if role == PASSWORD_TEXT:
        return Field.SECRET
    if role == TERMINAL:
        return Field.TERMINAL
    writable = editable and ((role in FIELDS and focused) or role in PARTS)
    return Field.WRITABLE if writable else Field.OTHER
