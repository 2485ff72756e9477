"""Every macOS and Windows name in the code exists by the vendors' own metadata, as written down with their digests."""

import json
from pathlib import Path

import pytest

from scripts.native_symbols import UNLISTED, known_darwin, known_windows, used_darwin, used_windows

WRITTEN = json.loads((Path(__file__).parent / "native_symbols.json").read_text())


@pytest.mark.parametrize(("system", "used"), [("darwin", used_darwin() - UNLISTED), ("windows", used_windows())])
def test_every_name_is_in_the_vendors_metadata(system: str, used: set[str]) -> None:
    assert used == set(WRITTEN[system]), "run python -m scripts.native_symbols"
    assert len(used) > 20


def test_each_written_list_names_its_source() -> None:
    assert len(WRITTEN["wheels"]) == 5
    for one in WRITTEN["wheels"]:
        assert len(one["sha256"]) == 64
        assert one["version"]


def test_a_misspelt_name_is_found() -> None:
    assert known_darwin({"Quartz": '"CGEventCreate": 1'}, {"Quartz.CGEventCreate", "Quartz.CGEventCreat"}) == [
        "Quartz.CGEventCreate"
    ]
    text = "@winfunctype('USER32.dll')\ndef GetCursorPos(a): ...\nWM_QUIT: UInt32 = 18\n"
    assert known_windows(text, {"user32.GetCursorPos", "kernel32.GetCursorPos", "WM_QUIT=18", "WM_QUIT=19"}) == [
        "WM_QUIT=18",
        "user32.GetCursorPos",
    ]
