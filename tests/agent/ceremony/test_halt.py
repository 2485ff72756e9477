"""Stopping comes before everything that takes long to load."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent.ceremony import perform
from agent.core.ceremony import Answers
from agent.disk.switch import Position
from schemas.events import Modality
from schemas.scope import TimingTier
from tests.agent.ceremony.participant import Participant, enrolled

HEAVY = ("cryptography", "pydantic", "typer", "agent.ceremony.perform", "agent.commands", "agent.core.ceremony")
BROKEN_LATER = """
import sys
sys.modules["agent.commands"] = None  # whatever happens while the command line is loaded
sys.argv = ["overt", "off", *sys.argv[1:]]
from agent.cli import main
main()
"""


def on(folder: Path) -> Participant:
    me = enrolled(folder)
    answers = Answers(apps={"mousepad": frozenset({Modality.KEYBOARD})}, timing=TimingTier.ORDER, language="en")
    perform.say_yes(me.places, me.asked, answers, perform.Seen(me.world.now_ns, me.world.now_ns), "window")
    assert me.switched() is Position.ON
    return me


def test_to_stop_loads_nothing_heavy() -> None:
    program = f"import sys, agent.ceremony.halt; sys.exit(any(name in sys.modules for name in {HEAVY!r}))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("options", [(), ("--json",), ("--erase", "--json")])
def test_overt_off_stops_before_anything_else_is_loaded(tmp_path: Path, options: tuple[str, ...]) -> None:
    me = on(tmp_path)
    done = subprocess.run([sys.executable, "-c", BROKEN_LATER, *options], env=me.env, capture_output=True, check=False)
    assert done.returncode != 0
    assert me.switched() is Position.OFF


def test_to_ask_how_off_works_stops_nothing(tmp_path: Path) -> None:
    me = on(tmp_path)
    subprocess.run([sys.executable, "-c", BROKEN_LATER, "--help"], env=me.env, capture_output=True, check=False)
    assert me.switched() is Position.ON
