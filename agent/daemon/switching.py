"""The switch as the daemon obeys it: an off that the disk refuses holds all the same, and is written when it can be."""

import logging
from dataclasses import replace

from agent.daemon.standing import Standing
from agent.disk.switch import UNREADABLE, Position, Switch, Switched
from agent.native.base import Clock

RETRY_OFF_NS = 5_000_000_000
"""Nanoseconds between tries to write an off that the disk refused: until it is written, a restart would forget it."""

_log = logging.getLogger(__name__)


class Switching:
    """Reads the switch, and writes an off until the disk has taken it.

    Args:
        switch: this person's.
        clock: the time.
    """

    def __init__(self, switch: Switch, clock: Clock) -> None:
        self._switch = switch
        self._clock = clock
        self._switch.preallocate()
        self._forced: Switched | None = None  # an off that the disk did not take
        self._refused_at = UNREADABLE  # where the switch stood on the disk then
        self._retry_ns = 0  # when (monotonic) it is tried again

    def off(self) -> Switched:
        """An off of this moment, not written yet."""
        return Switched(position=Position.OFF, at_ns=self._clock.time_ns())

    def moved(self, found: Standing) -> bool:
        """Whether the switch on the disk stands elsewhere than was found there: nobody need have told us."""
        return self._switch.read() != found.switched

    def write(self, off: Switched) -> None:
        """Write an off; where the disk refuses, be off all the same and try again later."""
        try:
            self._switch.write(off)
        except OSError:
            if self._forced is None:
                _log.warning("the switch file cannot be written; trying again")
            self._forced, self._refused_at = off, self._switch.read()
            self._retry_ns = self._clock.monotonic_ns() + RETRY_OFF_NS
        else:
            self._forced = None

    def obeyed(self, found: Standing) -> Standing:
        """What the disk says, with the off that it refused in place of the switch, whatever the clock says."""
        if self._forced is not None and found.switched == self._refused_at:
            return replace(found, switched=self._forced)
        return found

    def retry(self) -> bool:
        """Write a refused off if that is due, unless the person has switched since.

        Returns:
            Whether it is settled now, so that the disk is to be read anew.
        """
        forced = self._forced
        if forced is None or self._clock.monotonic_ns() < self._retry_ns:
            return False
        if self._switch.read() == self._refused_at:
            self.write(forced)
        else:
            self._forced = None
        return self._forced is None

    def deadline_ns(self) -> int | None:
        """When (monotonic) :meth:`retry` next has something to do; ``None`` for never."""
        return self._retry_ns if self._forced is not None else None
