"""Who has the keyboard, told by the order of FocusIn and FocusOut alone.

X11 core protocol, "Input Device events": a focus event's *mode* says why (a change, or somebody grabbing the
keyboard), its *detail* where in the window tree the focus went. Focus on a window inside a managed one counts for the
managed one. While another client holds a keyboard grab nobody is taken to have focus: what is typed then (a locker's
or a PIN dialog's password) belongs to the one that grabs.
"""

from typing import Literal

from msgspec import Struct

NORMAL, GRAB, UNGRAB, WHILE_GRABBED = range(4)
ANCESTOR, VIRTUAL, INFERIOR, NONLINEAR, NONLINEAR_VIRTUAL, POINTER, POINTER_ROOT, NO_DETAIL = range(8)
NOT_THE_KEYBOARD = frozenset({POINTER, POINTER_ROOT, NO_DETAIL})
"""Details of events that a window gets only because the pointer is in it or in the root."""

Holder = Literal["takes", "leaves", "same"]
Grabbed = Literal["yes", "no"]


class _Step(Struct, frozen=True):
    holder: Holder
    grabbed: Grabbed


_STEPS: dict[tuple[bool, int], _Step] = {
    (True, NORMAL): _Step("takes", "no"),
    (False, NORMAL): _Step("leaves", "no"),
    (True, GRAB): _Step("same", "yes"),
    (False, GRAB): _Step("same", "yes"),
    (True, UNGRAB): _Step("takes", "no"),
    (False, UNGRAB): _Step("same", "no"),
    (True, WHILE_GRABBED): _Step("takes", "yes"),
    (False, WHILE_GRABBED): _Step("leaves", "yes"),
}
"""By whether the event is a FocusIn, and by its mode."""


class FocusTrack:
    """Folds focus events of managed windows into the one that has the keyboard."""

    def __init__(self) -> None:
        self._holder: int | None = None
        self._grabbed = False

    def __repr__(self) -> str:
        return f"<FocusTrack {self.window} grabbed={self._grabbed}>"

    @property
    def window(self) -> int | None:
        """The managed window that keys go to now; ``None`` if it is another one or somebody grabs the keyboard."""
        return None if self._grabbed else self._holder

    @property
    def grabbed(self) -> bool:
        """Whether a client has grabbed the keyboard away from a managed window."""
        return self._grabbed

    def event(self, window: int, mode: int, detail: int, *, gained: bool) -> None:
        """A FocusIn (``gained``) or FocusOut of a managed window."""
        if detail in NOT_THE_KEYBOARD:
            return
        step = _STEPS[gained, mode]
        self._grabbed = step.grabbed == "yes"
        if step.holder == "takes":
            self._holder = window
        elif step.holder == "leaves" and detail != INFERIOR and self._holder == window:
            self._holder = None

    def gone(self, window: int) -> None:
        """A window was unmapped or destroyed, which takes the focus from it."""
        if self._holder == window:
            self._holder = None

    def told(self, window: int | None) -> None:
        """What the server answered when asked. It does not tell of grabs, so those stay as they are."""
        self._holder = window
