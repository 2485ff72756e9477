"""Every text of the indicator in every language: the same keys, the same fields, no letter twice in a menu."""

import string
from collections import Counter

import pytest

from agent.core.reasons import REASONS as DAEMON_REASONS
from agent.tray.menu import ORDER, TOLD
from agent.tray.words import ENGLISH, GERMAN, REASONS, TABLES, Words
from schemas.status import ClosedReason
from tests.agent.tray.fake_daemon import status_of

MNEMONICS = [key for key in ORDER if key is not None and (key not in TOLD or key == "ends")]


def fields(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_tables_have_the_same_keys_and_fields() -> None:
    english, german = TABLES[ENGLISH], TABLES[GERMAN]
    assert set(english) == set(german)
    assert {k: fields(t) for k, t in english.items()} == {k: fields(t) for k, t in german.items()}
    assert all(t.count("&") <= 1 for table in TABLES.values() for t in table.values())
    assert [k for k in english if ("&" in english[k]) != ("&" in german[k])] == []


def test_every_reason_of_the_daemon_has_its_words() -> None:
    for table in REASONS.values():
        assert set(table) == set(ClosedReason) == set(DAEMON_REASONS)
        assert all(text for reason in table.values() for text in (reason.closed, reason.fine, reason.remedy))


@pytest.mark.parametrize("language", TABLES)
def test_no_letter_stands_for_two_entries_of_the_menu(language: str) -> None:
    words = Words(language)
    texts = {key: words(key, time="06:00", minutes=10, date="1.1.") for key in MNEMONICS}
    letters = {key: text[text.index("&") + 1].casefold() for key, text in texts.items()}
    shared = [letter for letter, count in Counter(letters.values()).items() if count > 1]
    assert not shared, {key: letter for key, letter in letters.items() if letter in shared}


@pytest.mark.parametrize("reason", ClosedReason)
def test_a_condition_is_told_in_the_language_with_its_remedy(reason: ClosedReason) -> None:
    closed, fine = (
        next(c for c in status.conditions if c.reason is reason)
        for status in (status_of(DAEMON_REASONS[reason].state, reason), status_of(DAEMON_REASONS[reason].state))
    )
    english, german = Words("en"), Words("de")
    assert (english.state_of(closed), english.remedy_of(closed)) == (closed.sentence, closed.remedy)
    assert german.state_of(closed) == REASONS[GERMAN][reason].closed != closed.sentence
    assert german.state_of(fine) == REASONS[GERMAN][reason].fine
    assert german.remedy_of(closed) == REASONS[GERMAN][reason].remedy


def test_where_a_language_lacks_a_reason_the_daemon_speaks() -> None:
    condition = status_of(DAEMON_REASONS[ClosedReason.NO_SIGN].state, ClosedReason.NO_SIGN).conditions[0]
    german = Words("de")
    german._reasons = {}
    assert german.state_of(condition) == condition.sentence
    assert german.remedy_of(condition) == condition.remedy


@pytest.mark.parametrize(
    ("language", "spoken"), [("de", "de"), ("de-AT", "de"), ("en-GB", "en"), ("fr", "en"), ("", "en")]
)
def test_a_language_without_texts_is_english(language: str, spoken: str) -> None:
    assert Words(language).language == spoken
