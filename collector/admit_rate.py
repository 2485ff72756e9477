"""How much at once: token buckets, one for each device and one for the study. Pure: time is passed in.

A bucket holds tokens up to its size, gains `rate` of them a second, and each request takes some (Turner, "New
directions in communications", IEEE Communications Magazine 24(10), 1986). Whoever is refused is told when to come
again. Of the study's bucket, those who are refused are told one after the other, as far apart as its rate: a hundred
thousand devices that come at once are not asked to come at once again.
"""

from msgspec import Struct

from collector.limits import (
    DEVICE_BURST_BYTES,
    DEVICE_BURST_REQUESTS,
    DEVICE_BYTES_S,
    DEVICE_REQUESTS_S,
    MAX_RETRY_AFTER_S,
    METERED_DEVICES,
    STUDY_BURST_S,
    STUDY_REQUESTS_S,
)
from collector.recent import Recent
from collector.verdicts import Refuse
from schemas.wire import RefusalReason


class Rate(Struct, frozen=True):
    """Tokens a second, and how many may be taken at once."""

    per_s: float
    burst: float


class Bucket:
    """One bucket, full at first."""

    def __init__(self, rate: Rate, now_s: float) -> None:
        self._rate = rate
        self._tokens = rate.burst
        self._at_s = now_s

    def lacking_s(self, wanted: float, now_s: float) -> float:
        """Seconds until so many tokens are there, 0 if they are; more than the bucket holds counts as all of it."""
        if now_s > self._at_s:  # a clock that was set back adds nothing
            self._tokens = min(self._rate.burst, self._tokens + (now_s - self._at_s) * self._rate.per_s)
        self._at_s = now_s
        return max(0.0, (min(wanted, self._rate.burst) - self._tokens) / self._rate.per_s)

    def take(self, wanted: float) -> None:
        """Take tokens that are there."""
        self._tokens -= min(wanted, self._rate.burst)


REQUESTS = Rate(DEVICE_REQUESTS_S, DEVICE_BURST_REQUESTS)
BYTES = Rate(DEVICE_BYTES_S, DEVICE_BURST_BYTES)


class Rates:
    """The buckets of one collector.

    Args:
        study_requests_s: requests a second of all devices together.
    """

    def __init__(self, study_requests_s: float = STUDY_REQUESTS_S) -> None:
        self._study_rate = Rate(study_requests_s, study_requests_s * STUDY_BURST_S)
        self._study: Bucket | None = None
        self._promised_s = 0.0
        self._devices: Recent[tuple[Bucket, Bucket]] = Recent(METERED_DEVICES)

    def admit(self, device: str | None, length: int, now_s: float) -> Refuse | None:
        """Whether a request is too much; if not, it is counted.

        Args:
            device: who signed it; None before enrolment, where only the study's bucket counts.
            length: bytes of its body, as declared.
            now_s: time in seconds, from any clock that does not jump.
        """
        self._study = self._study or Bucket(self._study_rate, now_s)
        own = self._of(device, now_s) if device else ()
        wait_s = max((b.lacking_s(n, now_s) for b, n in zip(own, (1, length), strict=False)), default=0.0)
        if wait_s > 0:
            return _refuse(wait_s, "this device sends too much at once")
        if self._study.lacking_s(1, now_s) > 0:
            return _refuse(self._next_turn_s(now_s), "too much is sent at once by all devices together")
        self._study.take(1)
        for bucket, wanted in zip(own, (1, length), strict=False):
            bucket.take(wanted)
        return None

    def _of(self, device: str, now_s: float) -> tuple[Bucket, Bucket]:
        found = self._devices.get(device) or (Bucket(REQUESTS, now_s), Bucket(BYTES, now_s))
        self._devices.keep(device, found)
        return found

    def _next_turn_s(self, now_s: float) -> float:
        """Seconds until the next turn that nobody was told yet; past `MAX_RETRY_AFTER_S` they begin anew."""
        turn_s = 1 / self._study_rate.per_s
        if not now_s < self._promised_s + turn_s < now_s + MAX_RETRY_AFTER_S:
            self._promised_s = now_s
        self._promised_s += turn_s
        return self._promised_s - now_s


def _refuse(wait_s: float, detail: str) -> Refuse:
    return Refuse(RefusalReason.RATE_LIMITED, detail, min(wait_s, MAX_RETRY_AFTER_S))
