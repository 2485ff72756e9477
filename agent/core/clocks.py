"""Whether two readings of the clocks belong to one epoch. Pure.

The monotonic clock stands still while the machine sleeps (Linux: CLOCK_MONOTONIC, macOS: mach_absolute_time), the wall
clock does not; and a person, NTP or a virtual machine's host may set the wall clock. Either way times from before and
after cannot be compared, and what lies between them is not known.
"""

from msgspec import Struct

STEP_NS = 100_000_000
"""Nanoseconds that wall and monotonic clock may drift apart between two looks. NTP steps by 128 ms or more and slews
by 0.5 ms in a second at most, which looks 250 ms apart while capturing never add up to this."""
READ_NS = 5_000_000
"""Nanoseconds within which one reading is to be taken: a longer one was interrupted and says nothing exactly."""


class Reading(Struct, frozen=True):
    """Both clocks at one moment: the wall clock was read between two looks at the monotonic one."""

    before_ns: int
    wall_ns: int
    after_ns: int

    @property
    def exact(self) -> bool:
        """Whether nothing came between."""
        return self.after_ns - self.before_ns <= READ_NS

    @property
    def offset_ns(self) -> int:
        """From monotonic to Unix time."""
        return self.wall_ns - (self.before_ns + self.after_ns) // 2


def stepped(offset_ns: int, now: Reading) -> bool:
    """True if the wall clock jumped, or the machine slept, since the offset was as given."""
    return now.exact and abs(now.offset_ns - offset_ns) > STEP_NS
