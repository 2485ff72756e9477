"""Auto-repeat, worked out: the server repeats keys by itself and sends no raw event for it.

The rules are those of the X server's software repeat (XKB protocol §4.2, RepeatKeys): the last pressed key that may
repeat does, after a delay and then at an interval, until it is released; other keys' releases do not end it.
"""

from collections.abc import Iterator

from msgspec import Struct

NS_IN_MS = 1_000_000


class RepeatRules(Struct, frozen=True):
    """XKB's controls."""

    on: bool
    delay_ms: int
    interval_ms: int
    keys: bytes  # a bit for each key code


class Repeater:
    """Says at which times a held key repeated."""

    def __init__(self, rules: RepeatRules) -> None:
        self.rules = rules
        self._key: int | None = None
        self._next_ns = 0

    def press(self, keycode: int, mono_ns: int) -> None:
        """A key went down."""
        if self.rules.on and self.rules.interval_ms and self.rules.keys[keycode // 8] >> keycode % 8 & 1:
            self._key, self._next_ns = keycode, mono_ns + self.rules.delay_ms * NS_IN_MS

    def release(self, keycode: int) -> None:
        """A key went up."""
        if self._key == keycode:
            self._key = None

    def stop(self) -> None:
        """Another window has the keyboard: what repeats now is not ours."""
        self._key = None

    def until(self, mono_ns: int) -> Iterator[tuple[int, int]]:
        """Key code and time of each repeat before ``mono_ns`` that was not told yet."""
        while self._key is not None and self._next_ns < mono_ns:
            yield self._key, self._next_ns
            self._next_ns += self.rules.interval_ms * NS_IN_MS
