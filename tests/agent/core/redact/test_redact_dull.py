"""What may be shown of what was read: dull lines only, and nothing where numbers, names or secrets may be."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import policies
from agent.core.redact.dull import Dullness, Vocabulary
from agent.core.redact.rules import RuleSet
from agent.core.redact.text import TextRedactor
from tests.support.planted_texts import DULL, FIRST, STREETS, private

VOCABULARY = Vocabulary(policies.read_text("dull.toml"))
DULLNESS = Dullness(VOCABULARY, TextRedactor(RuleSet(policies.redaction_rules()), bytes(16)))


def test_most_lines_of_user_interfaces_pass() -> None:
    assert [line for line in DULL if not VOCABULARY.passes(line)] == []


@pytest.mark.parametrize("seed", range(20))
def test_no_private_line_passes(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    lines = [private(rng) for _ in range(200)]
    assert [line for line in lines if VOCABULARY.passes(line)] == []


@pytest.mark.parametrize("name", [*FIRST, *STREETS])
@pytest.mark.parametrize("form", ["{}", "Open {}", "This page is for {}", "{} is not available", "{}'s settings"])
def test_no_name_or_street_passes(name: str, form: str) -> None:
    assert not VOCABULARY.passes(form.format(name))
    assert not VOCABULARY.passes(form.format(name.lower()))
    assert not VOCABULARY.passes(form.format(name.upper()))


@pytest.mark.parametrize(
    "line",
    ["", "  ", "?", "42", "Open 4", "a", "I", "1 1 0", "I I O", "oPen", "Open We", "xx", "correct horse battery staple",
     "open\u200bfile\u0430", "Save as Tiger",
     "file@open", "open_file", "C:\\File", "~/file", "#file", "open=file", "30 %",
     "Meet at the station", "My salary is too low", "Öffnen"],
)  # fmt: skip
def test_these_do_not_pass(line: str) -> None:
    assert not VOCABULARY.passes(line)


@given(st.text())
def test_whatever_has_a_digit_never_passes(text: str) -> None:
    if any(char.isdigit() for char in text):
        assert not VOCABULARY.passes(text)


@given(st.lists(st.sampled_from(["tiger", "velvet", "copper", "lemon", "canal", "maple"]), min_size=1))
def test_words_that_are_not_known_never_pass(words: list[str]) -> None:
    assert not VOCABULARY.passes(" ".join(words))


def test_detectors_see_all_lines_at_once() -> None:
    hidden = DULLNESS.of(["Settings", "ann.lee@example.org", "Help"])
    assert hidden == [True, False, True]
    assert DULLNESS.of([]) == []


def test_a_failing_detector_shows_nothing() -> None:
    class Broken:
        def find(self, text: str) -> list[object]:
            raise RuntimeError(len(text))

    with pytest.raises(RuntimeError):
        Dullness(VOCABULARY, Broken()).of(["Settings"])  # type: ignore[arg-type]  # a detector that fails


@pytest.mark.parametrize("kind", ["_glue", "_labels", "_prose"])
def test_the_vocabulary_has_no_names(kind: str) -> None:
    names = {name.lower() for name in FIRST} - {"will", "may", "mark"}
    words = getattr(VOCABULARY, kind)
    assert not names & words
    assert not {"will", "may", "mark", "password", "salary", "street", "road", "avenue"} & words
    assert all(word == word.lower() for word in words)
