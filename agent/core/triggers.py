"""When to take a picture: on what the person does, never by a clock. A still screen costs nothing.

Three belong to each click: ``before`` as the pointer sets out for it, ``press`` as the button goes down, ``settle``
once what it brought about is there. One that would look like the picture before it is not taken, so the screen at any
time is what the newest picture before that shows.
"""

from enum import StrEnum

MS = 1_000_000
MIN_APART_NS = 200 * MS
"""Nanoseconds between two pictures at least: faster changes blur into one for any reader."""
PRESS_APART_NS = 50 * MS
"""The same before a press, which waits for nothing else: a moment later the screen shows what the press did. It only
keeps the pictures of a button that chatters from piling up."""


class Trigger(StrEnum):
    """Why a picture is taken."""

    FOCUS = "focus"
    BEFORE = "before"
    PRESS = "press"
    SETTLE = "settle"
    TYPING = "typing"
    SCROLL = "scroll"


_DELAY_NS = {
    Trigger.FOCUS: 300 * MS,  # the window has painted itself
    Trigger.BEFORE: 0,
    Trigger.PRESS: 0,
    Trigger.SETTLE: 200 * MS,  # a menu or page that the click opened is there
    Trigger.TYPING: 500 * MS,  # a pause, not every letter
    Trigger.SCROLL: 400 * MS,  # the content stands still
}
_RESTARTS = frozenset({Trigger.TYPING, Trigger.SCROLL})
"""These wait for the *last* of their kind."""


class Triggers:
    """Pending pictures of the window in front."""

    def __init__(self) -> None:
        self._due: dict[Trigger, int] = {}
        self._last_ns = -MIN_APART_NS

    def note(self, trigger: Trigger, now_ns: int) -> None:
        """Something happened that calls for a picture."""
        if trigger in _RESTARTS or trigger not in self._due:
            self._due[trigger] = now_ns + _DELAY_NS[trigger]

    def pop(self, now_ns: int) -> Trigger | None:
        """The reason to take a picture right now, if there is one. Others that are due are served by it too."""
        deadline = self.deadline_ns()
        if deadline is None or now_ns < deadline:
            return None
        due = [t for t, at in self._due.items() if at <= now_ns]
        for trigger in due:
            del self._due[trigger]
        self._last_ns = now_ns
        return Trigger.PRESS if Trigger.PRESS in due else due[0]

    def deadline_ns(self) -> int | None:
        """When :meth:`pop` next has something; ``None`` for never."""
        if not self._due:
            return None
        return min([max(at, self._last_ns + _apart_ns(t)) for t, at in self._due.items()])

    def clear(self) -> None:
        """Forget what is pending: the window lost focus, or the gate closed."""
        self._due.clear()


def _apart_ns(trigger: Trigger) -> int:
    return PRESS_APART_NS if trigger is Trigger.PRESS else MIN_APART_NS
