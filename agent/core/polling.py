"""When to look for a newer study or policy again: at times that no two machines share, and that tell nothing.

The same whether the person takes part or not, captures or is off: what a collector's owner could see of it is no answer
to who takes part (G12). Jitter keeps a fleet that starts at nine from asking at nine.
"""

FIRST_S = 60.0
"""Seconds after the daemon's start, at most: a machine that was off for a week may have missed a switching off."""
POLL_S = 900.0
"""Seconds between two looks, at most: within that, everybody is off. Each costs some 30 ms of a core."""
JITTER = 0.2
"""Share by which a look may come earlier."""


def wait_s(looks: int, drawn: float) -> float:
    """Seconds until the next look. A collector that is out of reach is asked no more often for it, and no less.

    Args:
        looks: how many there were since the start.
        drawn: random, from 0 to 1.
    """
    return FIRST_S * drawn if looks == 0 else POLL_S * (1 - JITTER * drawn)
