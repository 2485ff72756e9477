"""Copying, cutting, pasting, and what clicks met, from a real editor to the researcher's table."""

from pathlib import Path

import pytest

from tests.journeys.conftest import Household
from tests.support.windows import geometry

pytestmark = pytest.mark.journey
WORDS = "some words to copy"
PAUSE_S = 0.3
CLICKS = 8


@pytest.mark.timeout(600)
def test_the_clipboard_and_what_was_clicked_arrive(household: Household, tmp_path: Path) -> None:
    household.start()
    household.agree()
    household.type_into(household.allowed, WORDS)
    for letter in "acxv":
        household.hands.key(letter, ["ctrl"])
        household.hands.type_text("\x1b\x1b", PAUSE_S)  # says nothing to an editor, and takes its time
    middle = geometry(household.desktop.display, household.allowed.window.id).centre
    for n in range(CLICKS):
        household.hands.click(middle[0] + n, middle[1])
        household.hands.type_text("..", PAUSE_S)  # from one to the next: a person looks where they clicked
    rows = household.exported(tmp_path)
    clips = [(r["action"], r["content_type"], r["length_bucket"]) for r in rows if r["kind"] == "clipboard"]
    presses = {r["seq"]: r for r in rows if r["kind"] == "pointer" and r["action"] == "down"}
    met = [(r["element"], r["x"]) for r in presses.values() if r["element"]]
    assert clips == [("copy", "text", None), ("cut", "text", None), ("paste", "text", None)]
    assert len(presses) == CLICKS
    assert met, "no click was told with what it met"
    assert {(element["role"], element["name"]) for element, _ in met} == {("text", None)}
    assert all(element["rect"][0] <= x < element["rect"][2] for element, x in met)
    called_for = [r["press"] for r in rows if r["kind"] == "frame" and r["trigger"] in ("press", "settle")]
    assert set(called_for) <= presses.keys()
