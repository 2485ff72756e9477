"""Observations: what a native backend saw. Raw, in memory only, never printed.

Each stage of the pipeline returns a new type and the next takes only that type (DESIGN §4):
observation → Allowed → Redacted → batch → envelope. These structs say nothing in their ``repr``, so that no log line
or traceback can hold what somebody typed.
"""

from typing import Literal

from msgspec import Struct

from schemas.events import ClipboardType, ClockSource, Modality, Rect


class Observation(Struct, frozen=True, kw_only=True):
    """One thing that happened while a hook existed."""

    window: int  # native id of the window that had focus at the event's own time
    mono_ns: int  # monotonic clock, from the display server's time where it tells one
    wall_ns: int  # Unix time
    clock: ClockSource
    injected: bool  # came from a synthetic device

    def __repr__(self) -> str:
        """The type's name only."""
        return f"<{type(self).__name__}>"

    __str__ = __repr__


class KeyObserved(Observation, frozen=True, kw_only=True):
    """A key went down or up. Fields as in :class:`schemas.events.KeyEvent`."""

    down: bool
    repeat: bool
    usage: int | None
    keycode: int
    keysym: int | None
    text: str | None
    modifiers: int
    locks: int
    layout: str | None


class PointerObserved(Observation, frozen=True, kw_only=True):
    """The pointer moved, or a button went down or up. ``x``/``y`` are physical pixels of the desktop."""

    action: Literal["move", "down", "up"]
    button: int | None
    buttons: int
    x: int
    y: int
    modifiers: int


class ScrollObserved(Observation, frozen=True, kw_only=True):
    """Scrolling by ``dx``, ``dy`` in ``unit``."""

    dx: float
    dy: float
    unit: Literal["notch", "pixel", "line", "page"]
    x: int
    y: int
    modifiers: int


class TextObserved(Observation, frozen=True, kw_only=True):
    """The text of the field with the focus changed, as the program told: not a key. Fields as in the event."""

    field: int  # tells fields of one window apart
    action: Literal["insert", "delete"]
    position: int  # code points from the field's beginning
    length: int
    text: str | None  # what was inserted


class ClipboardObserved(Observation, frozen=True, kw_only=True):
    """Something was copied, cut or pasted; of which kind it was, and never what."""

    action: Literal["copy", "cut", "paste"]
    content_type: ClipboardType


class ElementObserved(Struct, frozen=True, kw_only=True):
    """What lies under a point, as the program in front describes it. The name is content: for redaction only."""

    role: str  # of at-spi2-core's list
    name: str | None
    rect: Rect  # on the desktop

    def __repr__(self) -> str:
        """The role only."""
        return f"<ElementObserved {self.role}>"

    __str__ = __repr__


class WindowInfo(Struct, frozen=True, kw_only=True):
    """A window as the display server and the kernel know it. Titles are content: never printed."""

    window: int
    pid: int | None  # the true one (XRes), never _NET_WM_PID
    executable: str | None  # resolved path of the running program
    started: int | None  # the process's start time, so that a recycled pid is noticed
    wm_class: str | None  # can be faked: for people, never for the gate alone
    title: str | None
    rect: Rect  # client area on the desktop
    scale: float
    fullscreen: bool
    composes: bool = True  # an input method may write there what no key tells; also where that is not known

    def __repr__(self) -> str:
        """The window's number only."""
        return f"<WindowInfo {self.window:#x}>"

    __str__ = __repr__


MODALITY_OF: dict[type[Observation], Modality] = {
    KeyObserved: Modality.KEYBOARD,
    PointerObserved: Modality.POINTER,
    ScrollObserved: Modality.POINTER,
    ClipboardObserved: Modality.KEYBOARD,
    TextObserved: Modality.KEYBOARD,
}
"""Which modality a person must have agreed to for an observation of this type to be kept."""
