"""Timing tiers: how exactly times are kept. Typing rhythm identifies people, so a tier is part of consent."""

from schemas.scope import TimingTier

TEN_MS_NS = 10_000_000
ORDER_NS = 60_000_000_000
"""Nanoseconds: order alone counts, so a minute's worth of events share one time."""

_STEP_NS = {TimingTier.EXACT: 1, TimingTier.TEN_MS: TEN_MS_NS, TimingTier.ORDER: ORDER_NS}


def coarsen(at_ns: int, tier: TimingTier, not_before_ns: int) -> int:
    """A time rounded down to the tier, but never to before ``not_before_ns``, when consent already held."""
    step = _STEP_NS[tier]
    return max(at_ns - at_ns % step, not_before_ns)
