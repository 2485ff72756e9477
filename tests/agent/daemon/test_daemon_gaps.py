"""Gaps between two gates: told once, with their reason, and only within one consent."""

import pytest

from agent.daemon.gaps import Gaps
from schemas.events import GapEvent, GapReason
from schemas.status import ClosedReason
from tests.agent.pipeline.pipeline_rig import Rig


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (GapReason.CLOCK_STEP, [GapReason.CLOCK_STEP]),
        (ClosedReason.PAUSED, [GapReason.PAUSED]),
        (ClosedReason.APP_NOT_ALLOWED, []),
        (None, []),
    ],
)
@pytest.mark.parametrize("consent", [1, 2])
def test_a_gap_is_told_once_within_one_consent(
    why: ClosedReason | GapReason | None, told: list[GapReason], consent: int
) -> None:
    rig, gaps = Rig(), Gaps()
    gaps.closed(rig.enter(), why, rig.now)
    rig.leave()
    for _ in range(2):
        rig.clock.advance(1_000_000)
        gaps.opened(rig.pipe, rig.enter(consent=consent), rig.now)
        rig.leave()
    found = [e.reason for e in rig.done() if isinstance(e, GapEvent)]
    assert found == (told if consent == 1 else [])
