"""What happens is played to a real daemon and to the tables of the core; after each step both must say the same."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.agent.daemon.life_rules import Whole


@pytest.mark.timeout(600)
def test_the_daemon_lives_as_the_tables_say() -> None:
    """A counter-example is printed as the calls that lead to it."""
    run_state_machine_as_test(
        Whole,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
