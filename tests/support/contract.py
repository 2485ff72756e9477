"""What every backend must satisfy (:class:`agent.native.base.Native`), and in what pynput is known to differ."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from agent.core.observe import KeyObserved, Observation
from agent.native.base import FocusChanged, Native, Signal
from tests.support.waiting import until


class Differs(StrEnum):
    """Where pynput's source is weaker than our own. Each is looked for, so that none outlives its cause."""

    HEARS_GRABS = "its listener hears keys while another program holds a grab; the judge drops them"
    TEXT = "characters are wrong after a change of layout, with AltGr, Caps Lock, and dead keys"
    TIMES = "what its callbacks tell has no time; ours of it read the system's, in milliseconds"
    SEEMS_ALIVE = "a listener says that it runs after the display is gone; the watcher tells"
    MOVES_LATE = "sparse moves come late from its listener; so moves are looked for"
    LOSES_AT_SWITCH = "keys within 0.2 s of a change of focus are dropped: no one order says whose they are"


@dataclass
class Subject:
    """A backend under test."""

    name: str
    native: Native
    differs: frozenset[Differs] = field(default_factory=frozenset)
    guard_ns: int = 0  # how long a window must have had the focus before its keys are told

    def read_until(self, enough: Callable[[Sequence[Signal]], object], what: str = "enough signals") -> list[Signal]:
        """Read until what was read is enough."""
        got: list[Signal] = []

        def look() -> bool:
            got.extend(self.native.read())
            return bool(enough(got))

        until(look, 30, f"{self.name}: {what}")
        return got

    def wait_focus(self, window: int) -> None:
        """Read until this window has the focus, and had it for long enough for its keys to count."""
        since = time.monotonic_ns()

        def there() -> bool:
            nonlocal since
            changed = any(isinstance(signal, FocusChanged) for signal in self.native.read())
            info = self.native.focused()
            if changed or info is None or info.window != window:
                since = time.monotonic_ns()
                return False
            return time.monotonic_ns() - since >= 2 * self.guard_ns  # twice: the change was told late

        until(there, 30, f"{self.name}: the focus")


def observed(signals: Sequence[Signal]) -> list[Observation]:
    """What was observed, of all that was told."""
    return [s for s in signals if isinstance(s, Observation)]


def pressed(signals: Sequence[Signal]) -> list[int]:
    """Key codes of presses."""
    return [s.keycode for s in signals if isinstance(s, KeyObserved) and s.down]
