"""Copying, pasting and what a click met, from a real editor to the researcher's table."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from schemas.events import Button
from tests.journeys.conftest import Household
from tests.support.waiting import until
from tests.support.windows import geometry

pytestmark = pytest.mark.journey
WORDS = "some words to copy"
KEYS = {"a": 4, "c": 5, "v": 5}
"""Letters that are pressed with Ctrl, and what is observed of each: two keys down and up, and the clipboard."""


def has_seen(count: int, status: dict[str, Any]) -> bool:
    return bool(status["counts"]["seen"] >= count)


def test_copy_paste_and_what_was_clicked_arrive(household: Household, tmp_path: Path) -> None:
    household.start()
    household.agree()
    household.type_into(household.allowed, WORDS)
    before = household.seen
    household.hands.click(*geometry(household.desktop.display, household.allowed.window.id).centre)
    until(lambda: household.seen > before, what="the click to be seen")
    for letter, count in KEYS.items():
        before = household.seen
        household.hands.key(letter, ["ctrl"])
        household.employee.wait_for(f"Ctrl+{letter}", partial(has_seen, before + count))
    rows = household.exported(tmp_path)
    clips = [(r["action"], r["content_type"], r["length_bucket"]) for r in rows if r["kind"] == "clipboard"]
    assert clips == [("copy", "text", None), ("paste", "text", None)]
    (press,) = [r for r in rows if r["kind"] == "pointer" and r["action"] == "down"]
    assert press["button"] == Button.LEFT
    met = press["element"]
    assert (met["role"], met["name"]) == ("text", None)
    assert met["rect"][0] <= press["x"] < met["rect"][2]
    pictures = [r for r in rows if r["kind"] == "frame" and r["press"] is not None]
    assert {r["press"] for r in pictures} <= {press["seq"]}
