"""How much looking at one text may cost: steps, which are the same on every machine, and a clock if one is given.

Steps bound work that grows faster than the text, and they do not depend on how busy the machine is: the same text is
always either redacted or dropped. The clock is for what steps cannot count, such as a library that takes its time; the
edge hands it in, for this layer has none. Whoever runs out drops the text (G7).
"""

from collections.abc import Callable

from agent.core.redact.errors import RedactionFailed

STEPS_PER_CHAR = 400
"""Steps for each code point of a text. Rows of numbers, the dearest text that is not made to be, take about 80."""
STEPS_AT_LEAST = 200_000
"""Steps for any text: a short one with one very long candidate is no fault."""
STEPS_A_CANDIDATE = 20
"""What trying a stretch costs beside its length."""
LIMIT_S, LIMIT_S_PER_CHAR = 1.0, 50e-6
"""Seconds for one text, by the clock that was given: for a segment, some thousand times what it takes."""

Clock = Callable[[], float]
"""Seconds that only go forward."""


class Effort:
    """What is left for one text.

    Args:
        size: code points of the text.
        clock: counts seconds; without it only steps count.
    """

    def __init__(self, size: int, clock: Clock | None = None) -> None:
        self._left = STEPS_AT_LEAST + STEPS_PER_CHAR * size
        self.spent = 0
        self._clock = clock
        self._until = clock() + LIMIT_S + LIMIT_S_PER_CHAR * size if clock else 0.0

    def spend(self, steps: int, detector: str) -> None:
        """Note that a detector takes so many steps.

        Raises:
            RedactionFailed: the text cost more than it may.
        """
        self.spent += steps
        if self.spent > self._left:
            raise RedactionFailed(detector, "TooManySteps")
        self.check(detector)

    def check(self, detector: str) -> None:
        """Look at the clock.

        Raises:
            RedactionFailed: the text took longer than it may.
        """
        if self._clock is not None and self._clock() > self._until:
            raise RedactionFailed(detector, "TooLate")
