"""What is said of a deletion, and of one that was refused."""

from pathlib import Path

import pytest

from agent.deletion import Deleted
from agent.errors import DeletionError
from agent.tray.acts import Acts, deletion_told
from agent.tray.settings import Settings
from agent.tray.view import Message
from agent.tray.words import Words
from tests.agent.ceremony.participant import enrolled

EN, DE = Words("en"), Words("de")


@pytest.mark.parametrize(
    ("done", "parts"),
    [
        (Deleted(0, 0, 0, daemon=True), ["nothing to delete"]),
        (Deleted(12, 3, 0, daemon=True), ["12 keys", "3 sealed batches"]),
        (Deleted(0, 0, 2, daemon=True), ["0 keys", "is asked to delete 2"]),
        (Deleted(1, 1, 2, daemon=False), ["will be asked to delete 2"]),
    ],
)
def test_the_counts_are_told_and_who_still_has_to_delete(done: Deleted, parts: list[str]) -> None:
    told = deletion_told(EN, done)
    assert all(part in told for part in parts)
    assert ("collector" in told) is bool(done.asked)
    assert ("Sammler" in deletion_told(DE, done)) is bool(done.asked)


def test_a_refusal_is_told_with_its_remedy_and_a_surprise_without_what_it_says(tmp_path: Path) -> None:
    told: list[Message] = []
    acts = Acts(EN, enrolled(tmp_path).places, Settings(tmp_path / "indicator.json"), told.append)
    acts._deleted(DeletionError("the disk refuses", "make room"))
    acts._deleted(ValueError("who knows what is in here"))
    assert [message.title for message in told] == ["Not everything is deleted"] * 2
    assert told[0].body == "the disk refuses.\nmake room"
    assert told[1].body == "ValueError"


def test_a_click_on_silence_is_kept(tmp_path: Path) -> None:
    acts = Acts(EN, enrolled(tmp_path).places, Settings(tmp_path / "indicator.json"), lambda _: None)
    acts.by_entry()["tell_stopped"]()
    assert not Settings(tmp_path / "indicator.json").tell_stopped
    acts.by_entry()["tell_stopped"]()
    assert Settings(tmp_path / "indicator.json").tell_stopped
