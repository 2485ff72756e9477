"""What ``overt doctor`` says of one thing."""

from msgspec import Struct


class Check(Struct, frozen=True):
    """One thing that was looked at. ``ok`` is ``None`` where it does not apply or cannot be told here."""

    name: str
    ok: bool | None
    sentence: str
    remedy: str = ""
