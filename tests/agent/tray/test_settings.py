"""What a person chose for their indicator survives, is theirs alone, and is in doubt "tell me"."""

import json
from pathlib import Path

import pytest

from agent.tray.settings import MAX_BYTES, Settings


def test_a_choice_is_there_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "indicator.json"
    assert Settings(path).tell_stopped
    Settings(path).choose(tell_stopped=False)
    assert not Settings(path).tell_stopped
    assert path.stat().st_mode & 0o077 == 0
    Settings(path).choose(tell_stopped=True)
    assert Settings(path).tell_stopped


@pytest.mark.parametrize(
    "found",
    [b"", b"{", b"[]", b"null", json.dumps({"v": 1}).encode(), b'{"tell_stopped": null}', b"[" * MAX_BYTES, b"\xff"],
)
def test_a_damaged_file_silences_nothing(tmp_path: Path, found: bytes) -> None:
    path = tmp_path / "indicator.json"
    path.write_bytes(found)
    assert Settings(path).tell_stopped


def test_a_disk_that_refuses_does_not_keep_it_from_being_chosen_now(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "nowhere" / "indicator.json")
    settings.choose(tell_stopped=False)
    assert not settings.tell_stopped
