"""Spans, placeholders and ordinals."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.redact.spans import ESCAPED_OPEN, MAX_ORDINALS, OPEN, Ordinals, Span, apply, merge

KEY = b"k" * 32
CLASSES = ["EMAIL", "CARD", "PASSWORD", "SOMETHING_NEW"]
spans = st.lists(
    st.builds(
        lambda a, n, c: Span(a, a + n, c, "d", 1), st.integers(0, 40), st.integers(0, 20), st.sampled_from(CLASSES)
    ),
    max_size=12,
)


@given(spans)
def test_merged_spans_are_sorted_disjoint_and_cover_the_same(found: list[Span]) -> None:
    merged = merge(found)
    assert all(a.end <= b.start for a, b in pairwise(merged))
    assert {i for s in merged for i in range(s.start, s.end)} == {i for s in found for i in range(s.start, s.end)}
    assert merge(merged) == merged
    assert merge(list(reversed(found))) == merged


def test_the_strongest_class_names_a_union() -> None:
    assert merge([Span(0, 5, "EMAIL", "e", 1), Span(3, 9, "PASSWORD", "p", 2)]) == [Span(0, 9, "PASSWORD", "p", 2)]


@given(st.text(alphabet="ab⟨⟩#1E\n😀", max_size=80), spans)
def test_apply_keeps_what_is_outside_and_nothing_of_what_is_inside(text: str, found: list[Span]) -> None:
    inside = [s for s in found if s.end <= len(text)]
    redacted, placed = apply(text, inside, Ordinals(KEY))
    merged = merge(inside)
    assert len(placed) == len(merged)
    outside, at = [], 0
    for mark in placed:
        assert re.fullmatch(r"⟨[A-Z_]+#\d+⟩", redacted[mark.start : mark.end])
        outside.append(redacted[at : mark.start])
        at = mark.end
    outside.append(redacted[at:])
    kept, at = [], 0
    for span in merged:
        kept.append(text[at : span.start])
        at = span.end
    kept.append(text[at:])
    assert [part.replace(ESCAPED_OPEN, OPEN) for part in outside] == kept


@given(st.text(alphabet="AEMIL⟨⟩#1", max_size=40))
def test_a_typed_placeholder_is_never_taken_for_one(text: str) -> None:
    redacted, placed = apply("⟨EMAIL#1⟩" + text, [], Ordinals(KEY))
    assert placed == []
    assert not re.search(r"⟨[A-Z]", redacted)


def test_ordinals_tell_values_apart_and_know_them_again() -> None:
    numbers = Ordinals(KEY)
    assert numbers.number("EMAIL", "Ann@x.example") == 1
    assert numbers.number("EMAIL", "bob@x.example") == 2
    assert numbers.number("EMAIL", "ann@X.example") == 1
    assert numbers.number("PHONE", "+1 (650) 678-6159") == numbers.number("PHONE", "+16506786159") == 1
    assert numbers.number("PASSWORD", "a1") != numbers.number("PASSWORD", "A1")
    assert numbers.number("PASSWORD", "\ud800") == 3


def test_ordinals_hold_no_value_and_depend_on_the_key() -> None:
    one, two = Ordinals(b"a" * 32), Ordinals(b"b" * 32)
    one.number("EMAIL", "ann@x.example")
    two.number("EMAIL", "ann@x.example")
    assert set(one._seen) != set(two._seen)
    assert "ann" not in repr(vars(one)) + repr(one)
    assert all(isinstance(key, bytes) and len(key) == 16 for key in one._seen)


def test_too_many_values_share_ordinal_nought() -> None:
    numbers = Ordinals(KEY)
    numbers._seen = {i.to_bytes(16, "big"): i for i in range(MAX_ORDINALS)}
    assert numbers.number("EMAIL", "new@x.example") == 0


def test_lengths_are_told_in_classes_only() -> None:
    def length(size: int) -> int:
        return apply("x" * size, [Span(0, size, "PASSWORD", "d", 1)], Ordinals(KEY))[1][0].length

    assert [length(n) for n in (1, 4, 5, 8, 9, 64, 65)] == [4, 4, 8, 8, 16, 64, 0]


def test_short_keys_and_wild_spans_are_refused() -> None:
    with pytest.raises(ValueError, match="bytes"):
        Ordinals(b"short")
    with pytest.raises(ValueError, match="outside"):
        apply("abc", [Span(1, 9, "EMAIL", "d", 1)], Ordinals(KEY))
