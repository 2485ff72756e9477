"""The review's words: both languages have all of them, short sentences, no blame, no nudge."""

import re
from string import Formatter

import pytest

from agent.review.english import ENGLISH_TEXTS
from agent.review.german import GERMAN_TEXTS

MAX_WORDS = {"en": 28, "de": 28}
"""Words of one sentence. Longer ones are read twice."""
NUDGES = (
    "please", "are you sure", "unfortunately", "warning", "recommended", "we suggest", "lose", "oops", "sorry",
    "bitte sie", "sind sie sicher", "leider", "warnung", "empfohlen", "verlieren",
)  # fmt: skip


def test_both_languages_say_the_same_things_with_the_same_fields() -> None:
    assert ENGLISH_TEXTS.keys() == GERMAN_TEXTS.keys()
    for key, text in ENGLISH_TEXTS.items():
        fields = [sorted(f for _, f, _, _ in Formatter().parse(t) if f) for t in (text, GERMAN_TEXTS[key])]
        assert fields[0] == fields[1], key


@pytest.mark.parametrize(("language", "table"), [("en", ENGLISH_TEXTS), ("de", GERMAN_TEXTS)])
def test_sentences_are_short_and_push_nobody(language: str, table: dict[str, str]) -> None:
    for key, text in table.items():
        for sentence in re.split(r"[.:;?!] ", text):
            assert len(sentence.split()) <= MAX_WORDS[language], (key, sentence)
        assert not [word for word in NUDGES if word in text.casefold()], key


def test_the_two_answers_of_each_question_have_letters_of_their_own() -> None:
    for table in (ENGLISH_TEXTS, GERMAN_TEXTS):
        for yes, no in (("delete.yes", "delete.no"), ("mask.yes", "mask.no")):
            letters = {table[key][table[key].index("&") + 1].casefold() for key in (yes, no)}
            assert len(letters) == 2
