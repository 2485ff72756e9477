"""One byte range of a request (RFC 9110 §14). Pure."""

import re

_ONE = re.compile(r"bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))")


class UnsatisfiableError(ValueError):
    """The range lies outside of what there is."""


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None to send everything.

    What is not one well-formed byte range is ignored, as RFC 9110 §14.2 asks for.

    Raises:
        UnsatisfiableError: well-formed, but outside of `size` bytes.
    """
    match = _ONE.fullmatch(header or "")
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        start, end = max(0, size - int(suffix)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < start:
            return None
    if start >= end:
        raise UnsatisfiableError
    return start, end
