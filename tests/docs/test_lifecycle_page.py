"""The page about the lifecycle says what the tables say."""

from pathlib import Path

import pytest

from agent.core.happenings import Happening
from agent.core.lifecycle import Effect
from agent.core.reasons import REASONS
from schemas.status import State
from scripts import lifecycle_doc


def test_the_page_is_what_the_tables_say() -> None:
    assert lifecycle_doc.main(["--check"]) == 0, "run: make lifecycle"


def test_it_names_everything_there_is() -> None:
    page = lifecycle_doc.page()
    for words in REASONS.values():
        assert words.closed in page
        assert words.remedy in page
    for name in (*REASONS, *Happening, *Effect, *(s for s in State if s is not State.CAPTURING)):
        assert f"`{name.value}`" in page or f"**{name.value}**" in page
    assert "capturing --> off" in page
    assert "    [*] --> off" in page


def test_a_page_that_differs_is_noticed_and_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "lifecycle.md"
    monkeypatch.setattr(lifecycle_doc, "PAGE", page)
    assert lifecycle_doc.main(["--check"]) == 1
    assert lifecycle_doc.main([]) == 0
    assert lifecycle_doc.main(["--check"]) == 0
    page.write_text(page.read_text(encoding="utf-8").replace("unhook, wipe", "unhook"), encoding="utf-8")
    assert lifecycle_doc.main(["--check"]) == 1
