"""kill -9 of an agent and a collector while batches are sealed and sent. `make soak` has database and store die too."""

from pathlib import Path

import pytest

from tests.support.kills import run
from tests.support.nginx import installed


def test_nothing_is_lost_or_twice_when_agent_and_collector_die(tmp_path: Path) -> None:
    outcome = run(tmp_path, points=6, seed=5, whole=False, agents=1)
    assert outcome.good, outcome
    assert sum(outcome.killed.values()) == outcome.points


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.skipif(installed() is None, reason="nginx is not installed: apt-get install nginx-light")
def test_nothing_is_lost_or_twice_when_any_part_dies(tmp_path: Path) -> None:
    outcome = run(tmp_path, points=60, seed=6, whole=True)
    assert outcome.good, outcome
    assert set(outcome.killed) == {"agent", "collector", "postgres", "store"}
