"""Whether the way to the collector is one that batches should use now. Pure: what the system says is passed in."""

from msgspec import Struct

from schemas.policy import Policy
from schemas.status import Waiting


class Link(Struct, frozen=True):
    """What the system says of network and power; ``None`` where nobody says."""

    metered: bool | None = None
    battery_percent: int | None = None  # what is left; None on mains too


UNKNOWN = Link()


class Terms(Struct, frozen=True):
    """What the policy says of sending."""

    bytes_s: int
    wait_metered: bool
    wait_battery_percent: int

    @classmethod
    def of(cls, policy: Policy) -> "Terms":
        """Those of a policy."""
        return cls(policy.upload_bytes_s, policy.wait_metered, policy.wait_battery_percent)


def held_by(link: Link, terms: Terms) -> Waiting | None:
    """Why batches wait; ``None`` if they may go. What is unknown holds nothing up."""
    if terms.wait_metered and link.metered:
        return Waiting.METERED
    if link.battery_percent is not None and link.battery_percent < terms.wait_battery_percent:
        return Waiting.BATTERY
    return None


class Throttle:
    """Spreads bytes over time, so that no more than a rate leaves in the long run.

    Args:
        bytes_s: the rate.
    """

    def __init__(self, bytes_s: int) -> None:
        self.bytes_s = bytes_s
        self._free_s = 0.0

    def wait_s(self, length: int, now_s: float) -> float:
        """Seconds to wait before so many bytes may leave; they count as sent then.

        Args:
            length: bytes.
            now_s: monotonic time, seconds.
        """
        begin_s = max(now_s, self._free_s)
        self._free_s = begin_s + length / self.bytes_s
        return begin_s - now_s
