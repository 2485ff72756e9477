"""Points in time: documents spell them in RFC 3339 UTC, the pipeline counts Unix nanoseconds."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _in_utc(value: datetime) -> datetime:
    if value.utcoffset() != timedelta(0):
        raise ValueError("must be in UTC")
    return value


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A point in time to the microsecond, in UTC."""


def unix_ns(instant: datetime) -> int:
    """Nanoseconds since 1970, exactly (a float would be off by hundreds of nanoseconds)."""
    return (instant - _EPOCH) // timedelta(microseconds=1) * 1000


def from_unix_ns(ns: int) -> datetime:
    """The instant, rounded down to the microsecond."""
    return _EPOCH + timedelta(microseconds=ns // 1000)
