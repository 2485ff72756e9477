"""What never returns is ended: by an exception where Python can be reached, else with the program."""

import subprocess
import sys

import pytest

import policies
from agent.core.redact.effort import Effort
from agent.core.redact.errors import RedactionFailed
from agent.core.redact.fold import Folded
from agent.core.redact.names import Names
from agent.core.redact.rules import RuleSet
from agent.core.redact.spans import Span
from agent.core.redact.text import TextRedactor
from agent.native.watchdog import TookTooLongError, Watchdog

STUCK = """
import ctypes
from agent.native.watchdog import Watchdog
with Watchdog(soft_s=60, hard_s=0.6):
    ctypes.PyDLL(None).sleep(60)  # holds the interpreter's lock, as a hanging library may
print("came back")
"""


class Hanging(Names):
    """A detector that does not come back."""

    def find(self, reading: Folded, effort: Effort) -> list[Span]:
        while len(reading.text) >= 0:
            pass
        return super().find(reading, effort)


def test_a_detector_that_hangs_drops_its_text_and_the_next_is_looked_at() -> None:
    rules, watchdog = RuleSet(policies.redaction_rules()), Watchdog(soft_s=0.3)
    hanging = TextRedactor(rules, b"0" * 32, Hanging(policies.names_model), guard=watchdog)
    with pytest.raises(RedactionFailed, match="TookTooLong") as caught:
        hanging.find("my words")
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert TextRedactor(rules, b"0" * 32, guard=watchdog).find("a@b.example.org")


def test_a_late_ring_harms_nobody() -> None:
    watchdog = Watchdog(soft_s=60)
    with watchdog:
        pass
    watchdog._ring(0, None)
    with watchdog, pytest.raises(TookTooLongError):
        watchdog._ring(0, None)


def test_a_library_that_holds_the_interpreter_ends_the_program_and_nothing_is_written() -> None:
    done = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
