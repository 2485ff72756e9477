"""What admission answers: exactly one of three things."""

from msgspec import Struct

from schemas.wire import RefusalReason


class Store(Struct, frozen=True):
    """New and right: make it durable, then acknowledge."""


class Duplicate(Struct, frozen=True):
    """Already stored: acknowledge again, change nothing."""


class Refuse(Struct, frozen=True):
    """Not taken. `detail` holds nothing of what was sent; `retry_after_s` is when it may be sent again, if ever."""

    reason: RefusalReason
    detail: str
    retry_after_s: float | None = None


Verdict = Store | Duplicate | Refuse
