"""Copying and clicks, from a real editor to the researcher's table."""

from pathlib import Path

import pytest

from tests.journeys.conftest import Household
from tests.support.windows import geometry

pytestmark = pytest.mark.journey
WORDS = "some words to copy"
PAUSE_S = 0.3
CLICKS = 8


@pytest.mark.timeout(600)
def test_a_copy_and_the_clicks_arrive(household: Household, tmp_path: Path) -> None:
    household.start()
    household.agree()
    household.type_into(household.allowed, WORDS)
    for letter in "ac":
        household.hands.key(letter, ["ctrl"])
    middle = geometry(household.desktop.display, household.allowed.window.id).centre
    for n in range(CLICKS):
        household.hands.click(middle[0] + n, middle[1])
        household.hands.type_text(".", PAUSE_S)
    rows = household.exported(tmp_path)
    clips = [(r["action"], r["content_type"], r["length_bucket"]) for r in rows if r["kind"] == "clipboard"]
    assert clips == [("copy", "text", None)]
    presses = {r["seq"]: r for r in rows if r["kind"] == "pointer" and r["action"] == "down"}
    assert len(presses) == CLICKS
    met = [(r["element"], r["x"]) for r in presses.values() if r["element"]]
    assert {element["name"] for element, _ in met} <= {None}, "revealed text was not agreed to"
    assert all(element["rect"][0] <= x < element["rect"][2] for element, x in met)
    called_for = [r["press"] for r in rows if r["kind"] == "frame" and r["trigger"] in ("press", "settle")]
    assert set(called_for) <= presses.keys()
