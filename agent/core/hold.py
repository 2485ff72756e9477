"""How long sealed batches stay on this machine before they are sent. The person's own wish, which only lengthens."""

from msgspec import Struct

DAY_S = 86_400
MAX_HOLD_S = 7 * DAY_S
"""Seconds: a week, as long as a person may need to look. Whoever wants longer holds all until they say so."""
FOREVER_S = float(1 << 62)
"""Unix time: until the person says so."""


class Hold(Struct, frozen=True, forbid_unknown_fields=True):
    """What the person wants.

    Attributes:
        version: of this form.
        seconds: how long each batch is held at least; 0: as the study says.
        all: hold everything until the person says so.
        released_s: what was sealed up to then (Unix time) is free of this wish; the study's own time still holds.
    """

    version: int = 1
    seconds: int = 0
    all: bool = False
    released_s: int = 0

    def until_s(self, sealed_s: int, review_s: int) -> float:
        """When (Unix time) a batch that was sealed then may go at the earliest.

        Args:
            sealed_s: Unix time.
            review_s: what the study says at least, seconds.
        """
        if sealed_s <= self.released_s:
            return sealed_s + review_s
        return FOREVER_S if self.all else sealed_s + max(review_s, min(self.seconds, MAX_HOLD_S))
