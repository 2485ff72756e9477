"""One-time enrolment codes. The collector is told their digests only; the codes go to people, in links."""

import base64
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from admin.documents import build
from admin.errors import InputError
from schemas.base import digest
from schemas.study import EnrolmentCodes

CODE_CHARS = 26
"""Characters of base32 (RFC 4648 §6): 130 bits, beyond guessing even where digests are stolen."""
MAX_CODES = 10_000
MAX_DAYS = 90
"""Days. A link that works for longer lies about in mailboxes."""
_CODE_BYTES = 17
"""136 bits, of which base32's first 26 characters keep 130."""


def make(count: int, entropy: Callable[[int], bytes]) -> list[str]:
    """Fresh codes.

    Args:
        count: how many.
        entropy: gives that many bytes from a secure source.

    Raises:
        InputError: fewer than one or more than :data:`MAX_CODES`.
    """
    if not 1 <= count <= MAX_CODES:
        raise InputError(f"--count must be 1 to {MAX_CODES}")
    return [base64.b32encode(entropy(_CODE_BYTES)).decode()[:CODE_CHARS] for _ in range(count)]


def document(study: str, codes: Sequence[str], now: datetime, days: int) -> EnrolmentCodes:
    """What the collector is told.

    Raises:
        InputError: a number of days that is not 1 to :data:`MAX_DAYS`, or no name of a study.
    """
    if not 1 <= days <= MAX_DAYS:
        raise InputError(f"--days must be 1 to {MAX_DAYS}")
    digests = tuple(sorted(digest(code.encode()) for code in codes))
    table = {"study": study, "issued": now, "expires": now + timedelta(days=days), "digests": digests}
    return build(EnrolmentCodes, table, "codes")


def link(collector: str, code: str, organisation: str) -> str:
    """What a person opens or pastes: where to enrol, with what, and whose signature to trust.

    The organisation's key travels here and not with the collector's answers: a signed document names its key by
    fingerprint only, and a collector must not be able to bring a key of its own. What stands behind ``#`` is never sent
    to a server by a browser.

    Args:
        collector: its address.
        code: as :func:`make` gave it.
        organisation: the organisation's public key, base64url.
    """
    return f"{collector.rstrip('/')}#{code}.{organisation}"
