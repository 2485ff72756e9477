"""What people are told, and what they may be asked for."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ceremony.plain import clean, render, unlinked, wrap
from agent.ceremony.sheet import Section, askable, askable_apps, askable_timing, grouped, sections
from agent.ceremony.words import ENGLISH, TABLES, Words, choose_language
from schemas.events import Modality
from schemas.scope import ScreenMode, TimingTier
from tests.agent.ceremony.participant import APPS, enrolled


def test_nothing_beyond_policy_and_study_is_asked_for(tmp_path: Path) -> None:
    asked = enrolled(tmp_path).asked
    by_id = {rule.id: rule for rule in askable_apps(asked)}
    assert list(by_id) == ["geany", "mousepad", "thunderbird"]
    assert askable(asked, by_id["geany"]) == (Modality.KEYBOARD, Modality.POINTER)
    assert askable(asked, by_id["mousepad"]) == tuple(Modality)


def test_a_picture_of_which_nothing_may_be_kept_is_not_asked_for(tmp_path: Path) -> None:
    blind = APPS[0].model_copy(update={"screen": ScreenMode.NONE})
    asked = enrolled(tmp_path, policy={"apps": (blind,)}).asked
    assert Modality.SCREEN not in askable(asked, asked.policy.apps[0])
    assert not any("Screen" in line for section in sections(asked, "en") for line in section.lines)


@pytest.mark.parametrize("finest", list(TimingTier))
def test_the_least_timing_comes_first(tmp_path: Path, finest: TimingTier) -> None:
    tiers = askable_timing(enrolled(tmp_path, policy={"timing": finest}).asked)
    assert tiers[0] is TimingTier.ORDER
    assert tiers[-1] is finest


def test_each_way_of_keeping_pictures_is_described(tmp_path: Path) -> None:
    apps = (APPS[0].model_copy(update={"screen": ScreenMode.REVEAL}), APPS[2])
    text = str(sections(enrolled(tmp_path, policy={"apps": apps}).asked, "en"))
    assert Words()("screen.layout") in text
    assert Words()("screen.reveal") in text


def test_every_table_fits_the_english_one() -> None:
    fields = string.Formatter()
    assert set(TABLES) >= {"en", "de"}
    for table in TABLES.values():
        assert set(table) == set(TABLES[ENGLISH])
        for key, text in table.items():
            english = TABLES[ENGLISH][key]
            assert {f for _, f, _, _ in fields.parse(text) if f} == {f for _, f, _, _ in fields.parse(english) if f}


@pytest.mark.parametrize("language", list(TABLES))
def test_no_two_answers_share_a_key(language: str) -> None:
    marks = [Words(language)(answer).partition("&")[2][0].casefold() for answer in ("yes", "no", "not_now")]
    assert len(set(marks)) == 3


def test_a_language_that_is_missing_falls_back() -> None:
    assert Words("xx")("yes") == Words()("yes") == "&Yes, turn it on"
    assert Words("en-GB").plain("yes") == "Yes, turn it on"


@pytest.mark.parametrize(
    ("offered", "preferred", "chosen"),
    [
        ({"de": "", "en": ""}, "de_AT.UTF-8", "de"),
        ({"de-AT": "", "de": ""}, "de-AT", "de-AT"),
        ({"de": "", "en": ""}, "C.UTF-8", "en"),
        ({"fr": "", "de": ""}, "C", "de"),
    ],
)
def test_the_notice_comes_in_the_language_of_the_session(offered: dict[str, str], preferred: str, chosen: str) -> None:
    assert choose_language(offered, preferred) == chosen


@given(st.text())
def test_cleaned_text_steers_nothing(text: str) -> None:
    kept = clean(text)
    assert all(c == "\n" or c.isprintable() or c.isspace() or ord(c) > 0x9F for c in kept)
    assert not {"\x1b", "\r", "\x07", "\u202e", "\u2066", "\x9b"} & set(kept)
    assert clean(kept) == kept


@given(st.text(), st.integers(20, 200))
def test_lines_fit(text: str, width: int) -> None:
    assert all(len(line) <= width for line in wrap(text, width))


def test_markdown_in_a_terminal() -> None:
    notice = "# Title\n\nSome **bold** text\nover lines, see [the page](https://x.example).\n\n- one\n  more\n- two"
    lines = [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in render(Section("S", (), notice), 80)]
    assert "Title" in lines
    assert "Some bold text over lines, see the page (https://x.example)." in lines
    assert lines[lines.index("- one more") + 1] == "- two"


def test_pictures_and_links_fetch_nothing() -> None:
    assert unlinked("![x](file:///etc/passwd) [y](https://e.example)") == "x (file:///etc/passwd) y (https://e.example)"


def test_fingerprints_can_be_read_aloud() -> None:
    assert grouped("0123456789abcdef") == "01234567 89abcdef"
