"""Some devices by the real back-off and limits: a morning and an outage arrive spread, and all is delivered.

`python -m benchmarks.stampede` plays the same with a hundred thousand.
"""

from collections.abc import Callable

import pytest

from benchmarks.stampede import Scene, morning, outage, play

DEVICES = 1_500


@pytest.mark.parametrize("make", [morning, outage])
def test_requests_arrive_spread(make: Callable[[int], Scene]) -> None:
    scene = make(DEVICES)
    scene.until_s = 2.0 * 3_600
    ours = play(scene)
    assert ours.served > 1_000
    assert ours.sustained_peak < 4  # of what collectors serve in ten seconds, even at the first of them after an outage
    assert ours.refused < 1.5 * ours.served


def test_what_never_waits_longer_stampedes() -> None:
    """The measure tells: devices that try every five seconds come all at once, again and again."""
    scene = outage(400)
    scene.until_s = scene.down[1] + 60
    assert play(scene, naive=True).sustained_peak > 20


def test_in_the_end_everything_is_delivered() -> None:
    scene = outage(300)
    scene.down = (600.0, 1_200.0)
    scene.until_s = 3 * 3_600.0
    assert play(scene).left <= 2 * scene.devices  # what was made in the last minutes
