"""What admission answers: exactly one of three things."""

from msgspec import Struct

from schemas.wire import RefusalReason


class Store(Struct, frozen=True):
    """New and right: make it durable, then acknowledge."""


class Duplicate(Struct, frozen=True):
    """Already stored: acknowledge again, change nothing."""


class Refuse(Struct, frozen=True):
    """Not taken. `detail` holds nothing of what was sent."""

    reason: RefusalReason
    detail: str


Verdict = Store | Duplicate | Refuse
