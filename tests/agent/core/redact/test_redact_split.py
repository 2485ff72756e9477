"""Wherever a segment ends by time or length, no more of a value is kept than if it had not ended there."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policies
from agent.core.redact.names import Names
from agent.core.redact.rules import RuleSet
from agent.core.redact.segment import HALF, NOTHING_LEFT, UNFINISHED, Left, left_by, redact_segment
from agent.core.redact.text import TextRedactor
from agent.core.text import FULL_CHARS, IDLE_NS, MAX_CHARS, UNFINISHED_NS, End, Segment, Typist
from benchmarks.redaction_texts import MAKERS, Planted, planted
from tests.support.fake_clock import FakeClock
from tests.support.fake_desktop import BACKSPACE, LEFT, key_seen

REDACTOR = TextRedactor(RuleSet(policies.redaction_rules()), bytes(range(32)), Names(policies.names_model))
CLOCK = FakeClock()
NAMED = "Please write to Ada Lovelace, 12 High Street, London N1 9GU, today.\n"


def typed(text: str, end: End) -> Segment:
    typist = Typist(1)
    for char in text:
        typist.press(key_seen(CLOCK, char) if char != "\n" else key_seen(CLOCK, keysym=0xFF0D))
    return typist.finish(end)


def kept(*parts: str, end: End = End.IDLE) -> set[int]:
    """Places of the characters whose keys are kept, where the text was typed in these segments."""
    left, at, found = NOTHING_LEFT, 0, set[int]()
    for number, part in enumerate(parts, 1):
        segment = typed(part, end if number < len(parts) else End.FOCUS)
        hidden = redact_segment(segment, REDACTOR, left).secret
        found |= {at + i for i, char in enumerate(segment.final) if char.key not in hidden}
        left, at = left_by(segment, left), at + len(part)
    return found


def solid(text: Planted) -> set[int]:
    return {i for start, end, _ in text.spans for i in range(start, end) if text.text[i].isalnum()}


@pytest.mark.parametrize("text", planted(seed=11, each=1), ids=list(MAKERS))
def test_no_place_to_end_gives_away_more_of_a_value(text: Planted) -> None:
    once = kept(text.text) & solid(text)
    for at in range(1, len(text.text), max(1, len(text.text) // 60)):
        assert kept(text.text[:at], text.text[at:]) & solid(text) <= once, at


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 10**6), st.lists(st.floats(0, 1), min_size=1, max_size=3), st.sampled_from([End.IDLE, End.LENGTH])
)
def test_no_places_to_end_give_away_more_of_any_value(seed: int, places: list[float], end: End) -> None:
    texts = planted(seed, 1)
    text = texts[seed % len(texts)]
    cuts = sorted({0, len(text.text), *(round(place * len(text.text)) for place in places)})
    parts = [text.text[a:b] for a, b in pairwise(cuts)]
    assert kept(*parts, end=end) & solid(text) <= kept(text.text) & solid(text)


@pytest.mark.parametrize("at", range(1, len(NAMED)))
def test_names_and_addresses_are_not_halved_either(at: int) -> None:
    place = set(range(NAMED.index("Ada"), NAMED.index(", today")))
    letters = {i for i in place if NAMED[i].isalnum()}
    assert kept(NAMED[:at], NAMED[at:]) & letters == set()


def test_what_stands_at_the_caret_goes_and_no_more() -> None:
    text = "one line\n" + "word " * 60 + "half"
    segment = typed(text, End.IDLE)
    done = redact_segment(segment, REDACTOR)
    assert done.text.startswith("one line\nword")
    assert [span.cls for span in done.spans] == [UNFINISHED]
    assert len(text) - HALF - 5 <= done.spans[0].start <= len(text) - HALF


def test_a_finished_line_stays_and_so_does_one_that_the_person_left() -> None:
    assert redact_segment(typed("a word or two\n", End.IDLE), REDACTOR).text == "a word or two\n"
    assert redact_segment(typed("a word or two", End.FOCUS), REDACTOR).text == "a word or two"


def test_erased_halves_go_with_their_erasers() -> None:
    typist = Typist(1)
    for key in "a\nhidden":
        typist.press(key_seen(CLOCK, key) if key != "\n" else key_seen(CLOCK, keysym=0xFF0D))
    typist.press(key_seen(CLOCK, keysym=BACKSPACE))
    typist.press(key_seen(CLOCK, keysym=LEFT))
    segment = typist.finish(End.IDLE)
    done = redact_segment(segment, REDACTOR)
    assert [span.start for span in done.spans] == [2]
    assert done.secret == set(range(2, segment.keys))


def test_a_segment_ends_with_the_line_once_it_is_long() -> None:
    typist = Typist(1)
    ends = [typist.press(key_seen(CLOCK, "x")) for _ in range(FULL_CHARS)]
    assert set(ends) == {None}
    assert typist.patience_ns == UNFINISHED_NS
    assert typist.press(key_seen(CLOCK, keysym=0xFF0D)) is End.LENGTH
    assert typist.patience_ns == IDLE_NS
    assert FULL_CHARS < MAX_CHARS


def test_what_is_kept_in_mind_is_short_and_says_nothing() -> None:
    left = left_by(typed("some words " * 100, End.IDLE), NOTHING_LEFT)
    assert len(left.text) < 300
    assert "some" not in repr(left)
    assert left_by(typed("x", End.CLICK), left) == Left(left.text + "x", touches=False) or not left.touches


def test_the_text_before_is_never_given_out() -> None:
    segment = typed("0946 now", End.FOCUS)
    done = redact_segment(segment, REDACTOR, Left("call +44 20 7946 "))
    assert (done.text.startswith("⟨PHONE#"), done.text.endswith("⟩ now")) == (True, True)
