"""Retry-After (RFC 9110 §10.2.3): seconds, or a date."""

from datetime import UTC
from email.utils import parsedate_to_datetime


def retry_after_s(header: str, now_s: float) -> float | None:
    """Seconds to wait; ``None`` if the header says nothing that can be understood.

    Args:
        header: its value.
        now_s: Unix time, seconds.
    """
    if header.isascii() and header.isdigit():  # other alphabets have digits too
        return float(header[:12])
    try:
        at = parsedate_to_datetime(header)
        return max(0.0, at.replace(tzinfo=at.tzinfo or UTC).timestamp() - now_s)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
